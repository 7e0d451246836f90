// Checks that every word of src/suite/synthetic_words.c is one token behind a blank, also with a capital, and
// that synthetic texts have their nominal length.  Run in a folder with:
//   npm install gpt-tokenizer@4.0.0 llama-tokenizer-js@1.2.2 llama3-tokenizer-js@1.2.0 mistral-tokenizer-js@1.0.0
//   node word_tokens.mjs path/to/synthetic_words.c [FILE.jsonl with {"prompt", "nominal"}]
import fs from 'fs';
import { createRequire } from 'module';
import { pathToFileURL } from 'url';
const require = createRequire(process.cwd() + '/');
const load = async (name) => import(pathToFileURL(require.resolve(name)));
const cl100k = (await load('gpt-tokenizer/encoding/cl100k_base')).encode;
const o200k = (await load('gpt-tokenizer/encoding/o200k_base')).encode;
const llama2 = (await load('llama-tokenizer-js')).default;
const llama3 = (await load('llama3-tokenizer-js')).default;
const mistral = (await load('mistral-tokenizer-js')).default;
const count = {
  cl100k: (t) => cl100k(t).length,
  o200k: (t) => o200k(t).length,
  llama2: (t) => llama2.encode(t, false, false).length,
  llama3: (t) => llama3.encode(t, { bos: false, eos: false }).length,
  mistral: (t) => mistral.encode(t, false, false).length,
};
const words = [...fs.readFileSync(process.argv[2], 'utf8').matchAll(/"([a-z]+)"/g)].map((m) => m[1]);
let wrong = 0;
for (const [name, tokens] of Object.entries(count)) {
  const base = tokens('we saw');
  for (const word of words) {
    for (const form of [word, word[0].toUpperCase() + word.slice(1)]) {
      if (tokens('we saw ' + form) !== base + 1) {
        console.log(name, form);
        wrong++;
      }
    }
  }
}
console.log(words.length, 'words,', wrong, 'wrong');
if (process.argv[3]) {
  const rows = fs.readFileSync(process.argv[3], 'utf8').trim().split('\n').map((l) => JSON.parse(l));
  for (const [name, tokens] of Object.entries(count)) {
    const off = rows.map((r) => tokens(r.prompt) - r.nominal);
    console.log(name, 'tokens minus nominal: min', Math.min(...off), 'max', Math.max(...off));
  }
}
process.exit(wrong ? 1 : 0);
