# The worldwide rule: what matches, and that match, count and balance by hand give what curate gives.
. "$(dirname "$0")/lib.sh"

printf '["北京","猫","アイス","cat","c++","(film)","猫","a猫"]\n' > metadata.json
cat > pairs.jsonl << 'LINES'
{"uuid":"u1","url":"http://a.example/1","texts":[["alt","我爱北京天安门"],["title","北京"]]}
{"uuid":"u2","url":"http://a.example/2","texts":[["alt","アイスクリーム"],["title","c++猫"]]}
{"uuid":"u3","url":"http://a.example/3","texts":[["alt","cats (film)"],["title","a cat, 猫"]]}
{"uuid":"u4","url":"http://a.example/4","texts":[["alt","category"]]}
LINES
cat > want << 'LINES'
{"uuid":"u1","url":"http://a.example/1","texts":[["alt","我爱北京天安门",[0]],["title","北京",[0]]]}
{"uuid":"u2","url":"http://a.example/2","texts":[["title","c++猫",[4,6]]]}
{"uuid":"u3","url":"http://a.example/3","texts":[["alt","cats (film)",[5]],["title","a cat, 猫",[3,6]]]}
LINES
expect 0 match --json --worldwide -m metadata.json -o matched.jsonl pairs.jsonl
same matched.jsonl want
equal "$(jq -c '[.pairs_kept, .pairs_unmatched, .matches]' out)" '[5,2,7]' "pairs"
expect 0 match -m metadata.json pairs.jsonl
equal "$(jq -c '.texts[][2]' out | paste -sd' ')" '[0] [5] [1,3,6]' "ids by the first rule"

expect 0 count -m metadata.json -o entry_count.npy matched.jsonl
expect 0 balance -m metadata.json --counts entry_count.npy -t 1 --seed 3 -o curated.jsonl matched.jsonl
expect 0 curate --worldwide -m metadata.json -t 1 --seed 3 -o run pairs.jsonl
same run/matched/*/pairs.jsonl want
same run/curated/*/pairs.jsonl curated.jsonl
cmp entry_count.npy run/entry_count.npy || fail "counts differ"
expect 0 verify -m metadata.json run
equal "$(jq .worldwide run/run.json)" true "run.json"

# ---- a run keeps its rule ----
expect 1 curate -m metadata.json -t 1 --seed 3 -o run pairs.jsonl
says err "another setting of --worldwide"
expect 0 curate -m metadata.json -t 1 -o words pairs.jsonl
equal "$(jq .worldwide words/run.json)" null "run.json"
expect 1 curate --worldwide -m metadata.json -t 1 -o words pairs.jsonl
says err "another setting of --worldwide"

# ---- threads share the automaton, each with a scratch of its own ----
for ((i = 0; i < 400; i++)); do sed "s/\"u/\"r$i-u/" pairs.jsonl; done > many.jsonl
expect 0 match --worldwide -m metadata.json -j 1 -o one.jsonl many.jsonl
equal "$(wc -l < one.jsonl)" 1200 "matched records"
expect 0 match --worldwide -m metadata.json -j 4 -o four.jsonl many.jsonl
same four.jsonl one.jsonl
split -n l/5 --additional-suffix=.jsonl many.jsonl part-
for threads in 1 4; do
    expect 0 curate --worldwide -m metadata.json -t 700 -j $threads -o "of_$threads" part-*.jsonl
done
same <(cat of_1/curated/*/*) <(cat of_4/curated/*/*)
cmp of_1/datacard.json of_4/datacard.json || fail "data cards differ"

# ---- the reference implementation's results ----
oracle=${METACLIP_SHARED-}/oracle/curation
[[ -e $oracle/v2_texts.json ]] || exit 0
jq -c 'to_entries[] | {uuid:"u\(.key)",url:"",texts:[["alt",.value]]}' "$oracle/v2_texts.json" > v2.jsonl
expect 0 match --worldwide -m "$oracle/v2_metadata.json" -o v2_matched.jsonl v2.jsonl
jq -c '.[] | select(length > 0)' "$oracle/v2_matched.json" > want
jq -c '.texts[0][2]' v2_matched.jsonl > got
same got want
expect 0 count -m "$oracle/v2_metadata.json" -o v2.npy v2_matched.jsonl
cmp <(tail -c +129 v2.npy) <(tail -c +129 "$oracle/v2_entry_count.npy") || fail "v2 counts differ"

# ---- t for one list, and its tail ratio for another ----
first=$(jq '.transfer.t_first' "$oracle/thresholds.json")
jq -c 'to_entries[] | {uuid:"u\(.key)",url:"",texts:[["alt",.value]]}' "$oracle/texts.json" > v1.jsonl
expect 0 match -m "$oracle/metadata.json" -o v1_matched.jsonl v1.jsonl
expect 0 count -m "$oracle/metadata.json" -o v1.npy v1_matched.jsonl
expect 0 balance --json -m "$oracle/metadata.json" --counts v1.npy -t "$first" -o kept.jsonl v1_matched.jsonl
ratio=$(jq .tail_ratio out)
equal "$ratio" "$(jq .transfer.p "$oracle/thresholds.json")" "tail ratio"
expect 0 balance --json -m "$oracle/v2_metadata.json" --counts v2.npy --tail-ratio "$ratio" -o kept.jsonl v2_matched.jsonl
equal "$(jq .t out)" "$(jq '.transfer.t_second' "$oracle/thresholds.json")" "t of the second list"
