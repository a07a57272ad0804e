# Completion: the scripts parse, and complete commands, options and choices.
. "$(dirname "$0")/lib.sh"

expect 0 help --completion bash
cp out bash_script
bash -n bash_script || fail "the script for bash does not parse"
. ./bash_script
complete -p metaclip | grep -q _metaclip || fail "nothing is registered for metaclip"

# completes WANT WORD...: what bash would offer for the last word
completes() {
    local want=$1
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _metaclip
    equal "${COMPREPLY[*]}" "$want" "completion of '$*'"
}

completes "curate" metaclip cur
completes "card" metaclip car
completes "$(commands | xargs) --help --version" metaclip ""
completes "--version" metaclip --v
completes "--seed --state --shard-names --shards --strict" metaclip curate --s
completes "jsonl jsonl.gz jsonl.zst parquet" metaclip curate --format ""
completes "jsonl jsonl.gz jsonl.zst parquet" metaclip curate --format =
completes "jsonl.gz jsonl.zst" metaclip curate --format = jsonl.
completes "page_url source" metaclip match --keep ""
completes "page_url" metaclip extract --keep = p
completes "" metaclip match --block som
completes "bash zsh" metaclip help --completion ""
completes "metadata metadata-ngrams metadata-titles match models" metaclip help m
completes "" metaclip balance -m ""
completes "" metaclip match -m metadata.json som
for command in $(commands); do
    words=$(options_of "$command" | sort | xargs)
    COMP_WORDS=(metaclip "$command" -)
    COMP_CWORD=2
    _metaclip
    equal "$(printf '%s\n' "${COMPREPLY[@]}" -h | sort | xargs)" "$words" "options of $command"
done

expect 0 help --completion zsh
says out "#compdef metaclip"
for command in $(commands); do
    says out "        $command)"
done
if command -v zsh > /dev/null; then
    zsh -n out || fail "the script for zsh does not parse"
fi
