// How many tokens composed prose has for each nominal one, in five vocabularies.  Run in a folder with:
//   npm install gpt-tokenizer@4.0.0 llama-tokenizer-js@1.2.2 llama3-tokenizer-js@1.2.0 mistral-tokenizer-js@1.0.0
//   for s in $(seq 40); do bench run llm.inference.long-context --engine sim --virtual-time --hardware auto \
//       --cache-policy as-is --dry-run --seed $s --dev-key FILE | tail -n 1; done >bodies.jsonl
//   node prose_tokens.mjs bodies.jsonl
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
// As src/suite/prose.c counts: runs of letters and digits, and each mark.
const nominal = (t) => (t.match(/[A-Za-z0-9]+|[^A-Za-z0-9 \n]/g) || []).length;
const bodies = fs.readFileSync(process.argv[2], 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const texts = bodies.map((body) => body.messages.map((message) => message.content));
const sum = (values) => values.reduce((a, b) => a + b, 0);
for (const [name, tokens] of Object.entries(count)) {
  const shares = texts.map((list) => sum(list.map(tokens)) / sum(list.map(nominal)));
  console.log(name, 'tokens a nominal token: min', Math.min(...shares).toFixed(3), 'mean',
    (sum(shares) / shares.length).toFixed(3), 'max', Math.max(...shares).toFixed(3));
}
