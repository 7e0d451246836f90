# bash completion for bench; generated: bench help --format bash
_bench()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local command=${COMP_WORDS[1]} words=''
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='run sim selftest keygen canonical verify summary cost fetch cache fingerprint doctor list plugin spec help version --help --version'
        COMPREPLY=($(compgen -W "$words" -- "$word"))
        return
    fi
    case "$command:$before" in
        run:--model|run:-m) return ;;
        run:--model-revision) return ;;
        run:--engine|run:-e) words='vllm sglang llamacpp tgi openai sim' ;;
        run:--base-url|run:-u) return ;;
        run:--hardware) return ;;
        run:--engine-host-file) COMPREPLY=($(compgen -f -- "$word")); return ;;
        run:--quant) return ;;
        run:--spec-dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
        run:--plugin-dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
        run:--concurrency|run:-c) return ;;
        run:--rps) return ;;
        run:--sweep) return ;;
        run:--rps-sweep) return ;;
        run:--duration|run:-d) return ;;
        run:--requests) return ;;
        run:--arrival) words='poisson constant gamma trace' ;;
        run:--burstiness) return ;;
        run:--max-concurrency) return ;;
        run:--warmup) return ;;
        run:--warmup-gate) words='auto cov stationary off' ;;
        run:--warmup-timeout) return ;;
        run:--grace) return ;;
        run:--timeout) return ;;
        run:--workers) return ;;
        run:--pin) return ;;
        run:--spin-us) return ;;
        run:--seed) return ;;
        run:--repeat) return ;;
        run:--dataset) return ;;
        run:--max-tokens) return ;;
        run:--temperature) return ;;
        run:--extra-body) return ;;
        run:--cache-policy) words='salt as-is' ;;
        run:--api-key-env) return ;;
        run:--header|run:-H) return ;;
        run:--cacert) COMPREPLY=($(compgen -f -- "$word")); return ;;
        run:--source-address) return ;;
        run:--busy-poll) return ;;
        run:--output|run:-o) COMPREPLY=($(compgen -d -- "$word")); return ;;
        run:--slo-template) return ;;
        run:--records) words='full requests off' ;;
        run:--signing-mode) words='dev keyless' ;;
        run:--dev-key) COMPREPLY=($(compgen -f -- "$word")); return ;;
        run:--dev-key-pass-env) return ;;
        run:--judge-model) return ;;
        run:--judge-base-url) return ;;
        run:--judge-engine) words='vllm sglang llamacpp tgi openai sim' ;;
        run:--judge-api-key-env) return ;;
        run:--judge-max-questions) return ;;
        run:--judge-rps) return ;;
        run:--judge-concurrency) return ;;
        run:--judge-max-tokens) return ;;
        run:--judge-timeout) return ;;
        run:--prices-file) COMPREPLY=($(compgen -f -- "$word")); return ;;
        run:--price-per-hour) return ;;
        run:--gpus) return ;;
        run:--idle-baseline) return ;;
        run:--sample-ms) return ;;
        run:--sim-ttft-ms) return ;;
        run:--sim-itl-ms) return ;;
        run:--sim-tokens) return ;;
        run:--sim-max-batch) return ;;
        run:--sim-jitter) return ;;
        run:--sim-faults) COMPREPLY=($(compgen -f -- "$word")); return ;;
        run:--sim-answers) COMPREPLY=($(compgen -f -- "$word")); return ;;
        sim:--port|sim:-p) return ;;
        sim:--host) return ;;
        sim:--tls-cert) COMPREPLY=($(compgen -f -- "$word")); return ;;
        sim:--tls-key) COMPREPLY=($(compgen -f -- "$word")); return ;;
        sim:--api-key-env) return ;;
        sim:--style) words='vllm llamacpp' ;;
        sim:--model|sim:-m) return ;;
        sim:--max-model-len) return ;;
        sim:--ttft-ms) return ;;
        sim:--itl-ms) return ;;
        sim:--tokens) return ;;
        sim:--max-batch) return ;;
        sim:--prefill-tok-per-s) return ;;
        sim:--jitter) return ;;
        sim:--seed) return ;;
        sim:--faults) COMPREPLY=($(compgen -f -- "$word")); return ;;
        sim:--answers) COMPREPLY=($(compgen -f -- "$word")); return ;;
        sim:--truth) COMPREPLY=($(compgen -f -- "$word")); return ;;
        selftest:--streams) return ;;
        selftest:--waves) return ;;
        selftest:--ttft-ms) return ;;
        selftest:--itl-ms) return ;;
        selftest:--tokens) return ;;
        selftest:--seed) return ;;
        keygen:--out|keygen:-o) COMPREPLY=($(compgen -f -- "$word")); return ;;
        verify:--dev-public-key) COMPREPLY=($(compgen -f -- "$word")); return ;;
        verify:--records) COMPREPLY=($(compgen -f -- "$word")); return ;;
        cost:--prices-file) COMPREPLY=($(compgen -f -- "$word")); return ;;
        cost:--price-per-hour) return ;;
        fetch:--max-mb) return ;;
        fingerprint:--root) COMPREPLY=($(compgen -d -- "$word")); return ;;
        doctor:--base-url|doctor:-u) return ;;
        doctor:--engine|doctor:-e) words='vllm sglang llamacpp tgi openai sim' ;;
        doctor:--model|doctor:-m) return ;;
        doctor:--api-key-env) return ;;
        doctor:--header|doctor:-H) return ;;
        doctor:--cacert) COMPREPLY=($(compgen -f -- "$word")); return ;;
        doctor:--root) COMPREPLY=($(compgen -d -- "$word")); return ;;
        list:--spec-dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
        list:--plugin-dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
        plugin:--plugin-dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
        plugin:--kind) words='pack shared-object' ;;
        spec:--spec-dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
        spec:--plugin-dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
        help:--format) words='text markdown man bash zsh fish' ;;
        *) case "$command" in
            run) words='--model --model-revision --engine --base-url --hardware --engine-host-file --quant --all-benchmarks --list --spec-dir --plugin-dir --dry-run --concurrency --rps --sweep --rps-sweep --duration --requests --arrival --burstiness --max-concurrency --warmup --warmup-gate --warmup-timeout --grace --timeout --workers --pin --spin-us --seed --repeat --dataset --offline --max-tokens --temperature --ignore-eos --no-stream --extra-body --cache-policy --api-key-env --header --cacert --insecure --source-address --busy-poll --output --json --slo-template --strict --records --selftest --save-text --signing-mode --dev-key --dev-key-pass-env --judge-model --judge-base-url --judge-engine --judge-api-key-env --judge-max-questions --judge-rps --judge-concurrency --judge-max-tokens --judge-timeout --prices-file --price-per-hour --gpus --idle-baseline --sample-ms --profile --virtual-time --sim-ttft-ms --sim-itl-ms --sim-tokens --sim-max-batch --sim-jitter --sim-faults --sim-answers --help --version' ;;
            sim) words='--port --host --tls-cert --tls-key --api-key-env --style --model --max-model-len --ttft-ms --itl-ms --tokens --max-batch --prefill-tok-per-s --jitter --seed --faults --answers --truth --help --version' ;;
            selftest) words='--streams --waves --ttft-ms --itl-ms --tokens --seed --json --help --version' ;;
            keygen) words='--out --help --version' ;;
            canonical) words='--sha256 --without-signature --help --version' ;;
            verify) words='--recompute --dev-public-key --records --json --help --version' ;;
            summary) words='--json --launches --help --version' ;;
            cost) words='--prices-file --price-per-hour --json --help --version' ;;
            fetch) words='--max-mb --offline --json --help --version' ;;
            cache) words='--all --dry-run --json --help --version' ;;
            fingerprint) words='--json --root --help --version' ;;
            doctor) words='--base-url --engine --model --api-key-env --header --cacert --insecure --strict --show-slo --root --json --help --version' ;;
            list) words='--spec-dir --plugin-dir --json --help --version' ;;
            plugin) words='--plugin-dir --kind --json --help --version' ;;
            spec) words='--spec-dir --plugin-dir --strict --json --help --version' ;;
            help) words='--all --format --help --version' ;;
            version) words='--help --version' ;;
        esac
        if [ "${word#-}" = "$word" ]; then
            COMPREPLY=($(compgen -f -- "$word"))
            return
        fi ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o filenames -F _bench bench
