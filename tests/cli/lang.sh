# Languages: texts get theirs, those of others go and are counted, in extract, match and curate alike.
. "$(dirname "$0")/lib.sh"

en='The quick brown fox jumps over the lazy dog near the river bank'
de='Der schnelle braune Fuchs springt über den faulen Hund am Flussufer'
zh='这是一个关于北京天安门广场的照片说明文字'
cat > pairs.jsonl << LINES
{"uuid":"u1","url":"http://a.example/1","texts":[["alt","$en"],["title","$de"]]}
{"uuid":"u2","url":"http://a.example/2","texts":[["alt","$zh"],["title","IMG fox 0012"]]}
{"uuid":"u3","url":"http://a.example/3","texts":[["alt","$de"]]}
{"uuid":"u4","url":"http://a.example/4","texts":[["alt","$de",null,"en"]]}
LINES
cat > want << LINES
{"uuid":"u1","url":"http://a.example/1","texts":[["alt","$en",null,"en"]]}
{"uuid":"u2","url":"http://a.example/2","texts":[["title","IMG fox 0012",null,"und"]]}
{"uuid":"u4","url":"http://a.example/4","texts":[["alt","$de",null,"en"]]}
LINES
counts='[.pairs_read, .pairs_other_language, .pairs_kept, .records_read, .records_other_language, .records_kept]'

for memory in 1GiB 1MiB; do
    expect 0 extract --json --lang en,und --dedup-memory $memory -o got.jsonl pairs.jsonl
    same got.jsonl want
    equal "$(jq -c "$counts" out)" '[6,3,3,4,1,3]' "counts"
done
expect 0 extract --lang en,und --state state --run-id a -o got.jsonl pairs.jsonl
same got.jsonl want
expect 0 extract --lang zh,de --lang de,zh pairs.jsonl
equal "$(jq -c '.texts[][3]' out | paste -sd' ')" '"de" "zh" "de"' "languages"
expect 0 extract pairs.jsonl
equal "$(jq -c '.texts[][3]' out | paste -sd' ')" 'null null null null null "en"' "without --lang"

# ---- a language that was told stays told: a second look changes nothing ----
expect 0 extract --lang und,en got.jsonl
same out want

# ---- matching, and a whole run ----
printf '["fox","faulen","北京"]\n' > metadata.json
expect 0 match --json -m metadata.json --lang en,und -o matched.jsonl pairs.jsonl
equal "$(jq -c '[.pairs_read, .pairs_other_language, .pairs_unmatched, .pairs_kept]' out)" '[6,3,0,3]' "match"
for form in jsonl parquet; do
    run curate --json -m metadata.json -t 5 --lang en,und --format $form -o run_$form pairs.jsonl
    [[ $code == 1 ]] && grep -q DuckDB err && continue
    equal "$code" 0 "exit code"
    equal "$(jq -c "$counts" out)" '[6,3,3,4,1,3]' "counts of a run"
    equal "$(jq -c .languages run_$form/run.json)" '"en,und"' "run.json"
    equal "$(jq -c .languages run_$form/datacard.json)" '"en,und"' "data card"
    jq -e '.identified_by | startswith("CLD2 ")' run_$form/datacard.json > /dev/null || fail "identified_by"
    run verify -m metadata.json run_$form
    [[ $code == 0 ]] || { [[ $form == parquet ]] && says err DuckDB; } || fail "verify: exit code $code"
done
same run_jsonl/matched/*/pairs.jsonl matched.jsonl
expect 0 curate -m metadata.json -t 5 --lang und,en -o run_jsonl pairs.jsonl # the same set of languages
expect 1 curate -m metadata.json -t 5 --lang en -o run_jsonl pairs.jsonl
says err "another setting of --lang"
expect 1 curate -m metadata.json -t 5 -o run_jsonl pairs.jsonl
says err "another setting of --lang"
expect 0 card --compare run_jsonl/datacard.json run_jsonl/datacard.json

# ---- slips ----
for list in english en, en,,und un EN; do
    expect 2 extract --lang "$list" pairs.jsonl
    says err "no language is identified as"
    equal "$(wc -c < out)" 0 "output"
done
