/* Help that belongs to no single command. */
#include "cli/help.h"

const struct topic topic_table[] = {
    {
        .name = "exit-codes",
        .summary = "what the exit code of a command says",
        .text =
            "Exit codes, the same for every command:\n"
            "\n"
            "    0    done, and good\n"
            "    1    done, and not good: a point with an ok_rate below 0.95, an envelope that\n"
            "         does not verify, data that is missing, an engine that does not answer\n"
            "    2    the invocation is wrong: an unknown flag, suite, engine or dataset, a bad\n"
            "         value, flags that exclude each other, a file that does not exist or cannot\n"
            "         be read as what it should be, a missing or wrong key\n"
            "    130  interrupted\n"
            "\n"
            "Results go to stdout, everything else to stderr. An error is one line that begins "
            "with the command's name.\n",
    },
    {
        .name = "load",
        .summary = "closed loops, open loops and sweeps",
        .text =
            "A closed loop keeps exactly N requests in flight: --concurrency N for one point, "
            "--sweep N,N,... for several. An open loop sends at a rate whatever the engine does: "
            "--rps RATE for one point, --rps-sweep RATE,RATE,... for several. '--sweep spec' and "
            "'--rps-sweep spec' run the points that the benchmark itself names. Without any of "
            "them the benchmark's first point is run.\n"
            "\n"
            "These flags exclude each other, also when a value equals its default. A list names no "
            "value twice and at most 32 values. Each point gives one envelope in --output:\n"
            "\n"
            "    c4-<hash>.json       a point of --sweep\n"
            "    rps0p5-<hash>.json   a point of --rps-sweep\n"
            "    <hash>.json          a single point\n"
            "\n"
            "Beside it lies <name>.records.jsonl.zst with the facts of every request.\n",
    },
    {
        .name = "datasets",
        .summary = "where prompts come from",
        .text =
            "The dataset is the benchmark's, or what --dataset says:\n"
            "\n"
            "    chatbot-short, ...                  a known id, see 'bench list datasets'\n"
            "    synthetic:input=512,output=128      prompts of these lengths, from the seed; also\n"
            "                                        input-stddev=, output-stddev=, n=;\n"
            "                                        input lengths are exact by the engine's own\n"
            "                                        count (exact=off, exact=require)\n"
            "    jsonl:FILE                          one JSON object a line with \"prompt\" or\n"
            "                                        \"messages\"\n"
            "    sharegpt:FILE                       a ShareGPT JSON file\n"
            "    hf://datasets/OWNER/NAME/FILE[@REV] a .jsonl or ShareGPT .json file of the Hugging\n"
            "                                        Face hub, kept in a cache ('bench help fetch')\n"
            "    trace:FILE                          recorded lengths and, with --arrival trace,\n"
            "                                        times: Mooncake JSONL or Azure CSV; speed=, n=\n"
            "\n"
            "Lines whose keys have other names: jsonl:FILE?prompt-field=question, and so with hf://; also\n"
            "messages-field, max-tokens-field, answer-field, id-field, category-field, by commas apart.\n"
            "\n"
            "Nothing is ever substituted: data that is not there ends the run before any traffic, "
            "with a line that says how to get it. The hash of the prompts stands in the envelope.\n",
    },
    {
        .name = "signing",
        .summary = "keys, and what a signature proves",
        .text =
            "Every envelope is signed with an Ed25519 key:\n"
            "\n"
            "    bench keygen                 makes cosign.key (keep it) and cosign.pub (give it)\n"
            "    bench run ... --dev-key cosign.key\n"
            "    bench verify FILE            the file was not changed since it was signed\n"
            "    bench verify FILE --dev-public-key cosign.pub\n"
            "                                 and it was signed by the owner of this key\n"
            "    bench verify FILE --recompute\n"
            "                                 and its numbers follow from its records\n"
            "\n"
            "The private key is a PKCS#8 PEM file with mode 0600. A key with a passphrase is read "
            "with --dev-key-pass-env NAME.\n",
    },
    {
        .name = "faults",
        .summary = "scripts that make the simulated engine misbehave",
        .text =
            "A fault script is a JSON file for 'bench sim --faults' and 'bench run --sim-faults'. "
            "Its rules say when (request, from, to, every, connection, every_connection) and what; "
            "the first rule that holds for a request is used:\n"
            "\n"
            "    {\"rules\": [\n"
            "        {\"request\": 3, \"fault\": \"reset\", \"token\": 5},\n"
            "        {\"every\": 10, \"fault\": \"status\", \"status\": 503},\n"
            "        {\"connection\": 0, \"fault\": \"refuse\"}]}\n"
            "\n"
            "Faults: refuse, reset, truncate, hang, never, stall, slow_headers, status, "
            "malformed_chunk, malformed_json, error_event, empty, split, join.\n",
    },
    {
        .name = "answers",
        .summary = "what the simulated engine answers to which prompts",
        .text =
            "A file of answers is a JSON Lines file for 'bench sim --answers' and 'bench run "
            "--sim-answers'. The first line that fits a request gives the text of its answer; "
            "requests that none fits get words without meaning:\n"
            "\n"
            "    {\"prompt\": \"What is 7 times 8?\", \"answer\": \"56\"}\n"
            "    {\"prompt_contains\": [\"capital\", \"Peru\"], \"answer\": \"It is Lima.\"}\n"
            "    {\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"answer\": \"Hello\"}\n"
            "    {\"prompt\": \"Prove it.\", \"reasoning\": \"Let me see\", \"answer\": \"Done.\"}\n"
            "\n"
            "'prompt' is the whole last user message, 'prompt_contains' a text or texts in it, "
            "'messages' all messages; one of them is given. 'answers' may stand for 'answer': its "
            "first text is used; a number stands for its digits. Other keys are left alone, so that a dataset with right answers "
            "is a file of answers as it is. Each piece of about a word is sent as one token.\n",
    },
    {
        .name = "environment",
        .summary = "environment variables",
        .text = "    NO_COLOR     when set and not empty: no bold text\n"
                "    TERM         'dumb': no bold text and no progress line\n"
                "\n"
                "Secrets are never given on the command line: --api-key-env NAME and "
                "--dev-key-pass-env NAME name the variables that hold them.\n",
    },
};

const size_t topic_table_len = ARRAY_LEN(topic_table);
