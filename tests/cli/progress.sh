# Progress: a bar on a terminal, which goes at the end; nothing with --quiet, nothing in a log of a
# short run; never on standard output.
. "$(dirname "$0")/lib.sh"
command -v script > /dev/null || skip "there is no 'script' to make a terminal"

printf '["photo"]\n' > metadata.json
for i in {1..5000}; do
    printf '{"uuid":"%d","url":"http://a.example/%d","texts":[["alt","a photo"]]}\n' "$i" "$i"
done > pairs.jsonl

# on_terminal ARG...: what a terminal gets to see
on_terminal() {
    shown="metaclip $*"
    script -qec "stty cols 60; '$METACLIP' $*" /dev/null < /dev/null > screen 2>&1 ||
        fail "$shown fails on a terminal"
}

erase=$'\r\e[K'
on_terminal match -m metadata.json -o matched.jsonl pairs.jsonl
grep -qF '%' screen || fail "$shown: shows no bar"
grep -qF "$erase" screen || fail "$shown: does not take the bar away"
tr '\r' '\n' < screen | sed 's/\x1b\[K//g' | grep -F '[' > bars
[[ -s bars ]] || fail "$shown: shows no bar"
equal "$(awk 'length > 59' bars)" "" "bars that are wider than the terminal"

on_terminal match --quiet -m metadata.json -o matched.jsonl pairs.jsonl
equal "$(cat screen)" "" "$shown on a terminal"
on_terminal "match -m metadata.json pairs.jsonl > /dev/null"
grep -qF "$erase" screen || fail "$shown: the output is no terminal, but there is no bar"
on_terminal match -m metadata.json pairs.jsonl
! grep -qF "$erase" screen || fail "$shown: a bar among the results"

expect 0 match -m metadata.json -o matched.jsonl pairs.jsonl
! grep -qF "$erase" err || fail "$shown: a bar in a log"
[[ ! -s out ]] || fail "$shown: writes to standard output"
