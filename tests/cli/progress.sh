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
        fail "$shown fails on a terminal: $(tail -c 300 screen)"
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

# ---- what is not counted in bytes says what it counts ----
data=$METACLIP_SOURCE/tests/data
cp -r "$data/tiny_clip" model
cp "$data/vocab_small.txt" model/bpe_simple_vocab_16e6.txt.gz
seq -f 'a photo of the road %.0f' 100000 > texts.txt
on_terminal embed --model model --texts -j1 -o t.npy texts.txt
grep -qE '[0-9]+ %  [0-9.]+[kM]? texts/s, [0-9:]+ left' screen || fail "$shown: no texts and time left: $(head -c 500 screen)"

mkdir pairs
for i in {1..12}; do
    cp "$data/images/rgb.png" "pairs/$i.png"
    echo "a red car $i" > "pairs/$i.txt"
done
tar -C pairs -cf pairs.tar .
on_terminal train tiny --set vocab="$data/vocab_small.txt" --set batch=6 --set seen_pairs=60 --set log_steps=0 \
    --set precision=fp32 --set out=run -j1 pairs.tar
grep -qE '[0-9]+ %  [0-9.]+ pairs/s, [0-9:]+ left' screen || fail "$shown: no pairs and time left: $(head -c 500 screen)"
