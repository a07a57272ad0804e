# What verify says of a sound run folder, of one that was tampered with, and of lists of uuids.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 4 200 3
shards=(pool/shard-*)
curate=(curate --quiet -m pool/metadata.json -t 20 --seed 5)
expect 0 "${curate[@]}" -o sound "${shards[@]}"
expect 0 "${curate[@]}" --format jsonl.zst -o packed "${shards[@]}"
expect 0 curate --quiet -m pool/metadata.json --tail-ratio 0.3 -o by_ratio "${shards[@]}"
expect 0 curate --quiet -m pool/metadata.json --target 1500 -o by_size "${shards[@]}"
expect 0 "${curate[@]}" --no-dedup -o all "${shards[@]}"

# ---- sound ones ----
for out in sound packed by_ratio by_size all; do
    expect 0 verify --duplicates -m pool/metadata.json "$out"
    says out 'verified'
    ! grep -q wrong out || fail "$out: $(cat out)"
    rm -rf "$out/state" # which is nobody's witness
    expect 0 verify --json -j 3 "$out"
    equal "$(jq -c '[.verified, .findings, .checks.draws.findings]' out)" '[true,0,0]' "verify $out"
    equal "$(jq .curated_pairs out)" "$(jq .pairs_kept "$out/summary.json")" "pairs drawn in $out"
    expect 0 verify -q "$out"
    [[ ! -s out ]] || fail "$shown speaks"
done
# t is the one that the target, or the ratio, gives.
sed -i 's/"target":1500/"target":1400/' by_size/run.json
expect 1 verify by_size
says out 'is not the smallest that reaches it'
sed -i 's/"target":1400/"target":1600/' by_size/run.json
expect 1 verify by_size
says out 'is too small for it'
sed -i 's/"tail_ratio":0.[0-9]*/"tail_ratio":0.6/' by_ratio/run.json
expect 1 verify by_ratio
says out 'run.json: t is'
rm -rf by_ratio by_size all

# ---- one of before block lists ----
cp -r sound before
jq -c 'del(.records_blocked, .pairs_blocked, .blocked_by_uuid, .blocked_by_url, .blocked_by_host)' \
    sound/summary.json > before/summary.json
expect 0 verify before
rm -rf before

# ---- one that was not finished: said in words, and not only by what it lacks ----
cp -r sound begun
rm begun/summary.json
expect 1 verify begun
says out 'NOT verified: the run is not finished (it has no summary.json); give the command that began it again'
expect 1 verify --json begun
equal "$(jq -c '[.verified, .finished]' out)" '[false,false]' 'a run that was begun'
rm -rf begun

# ---- tampered ones: what was done, the check that must tell, its number of findings, its words ----
matched=$(cd sound && wc -c matched/*/* | sort -n | tail -2 | head -1 | awk '{ print $2 }')
curated=${matched/matched/curated}
n=$(wc -l < "sound/$curated")
((n > 100)) || fail "too little to tamper with: $n lines"

# at CHECK N WORDS WHAT COMMAND: after COMMAND in a copy, CHECK has N findings and says WORDS; the
# checks in $also may have some too, no other.
also=
at() {
    local check=$1 want=$2 words=$3 what=$4 found
    rm -rf t
    cp -r sound t
    (cd t && eval "$what") || fail "cannot do: $what"
    expect 1 verify --duplicates ${metadata+-m "$metadata"} --json t
    found=$(jq -r '.checks | to_entries[] | select(.value.findings > 0) | .key' out |
        grep -vxF -f <(printf '%s\n' $also) | xargs)
    equal "$found" "$check" "checks that find: $what"
    equal "$(jq ".checks.$check.findings" out)" "$want" "findings after: $what"
    equal "$(jq .findings out)" "$(jq '[.checks[].findings] | add' out)" "findings in all"
    shown=$what
    jq -r ".checks.$check.first[]" out > first
    says first "$words"
    # The same, whatever the threads.
    cp out one
    expect 1 verify --duplicates ${metadata+-m "$metadata"} --json -j 1 t
    equal "$(jq -c 'del(.seconds)' out)" "$(jq -c 'del(.seconds)' one)" "with one thread: $what"
}

# poke FILE OFFSET: sets the byte there to 7 (of the last element of an array: OFFSET -8 or -4)
poke() {
    printf '\7' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") + $2)) conv=notrunc status=none
}

# files
at files 1 'matched/00.jsonl: it is of no input' ': > matched/00.jsonl'
at files 1 "$curated.bak: it is of no input" "cp $curated $curated.bak"
at files 1 'other.jsonl: it is of no input' "cp $matched ${matched%/*}/other.jsonl"
at files 1 '.x.tmp: a left-over temporary' ": > ${matched%/*}/.x.tmp"
at files 1 '.summary.json.tmp: a left-over temporary' ': > .summary.json.tmp'
at files 2 'curated/: the file of input' "mkdir -p curated/zz && mv $curated curated/zz/"
at files 1 'curated/: the file of input' "rm $curated"

# metadata
at metadata 1 "datacard.json: the metadata's SHA-256 is 1" \
    "sed -i 's/\"metadata_sha256\":\"[0-9a-f]\{4\}/\"metadata_sha256\":\"1234/' datacard.json"
at metadata 1 "run.json: the metadata's SHA-256 is 1" \
    "sed -i 's/\"metadata_sha256\":\"[0-9a-f]\{4\}/\"metadata_sha256\":\"1234/' run.json"
at metadata 1 'entry_count.npy.meta.json: it is missing' 'rm entry_count.npy.meta.json'
jq -c '.[1:] + ["more"]' pool/metadata.json > other.json
metadata=other.json
at metadata 1 'other.json: another metadata list' true
metadata=pool/metadata.json

# counts and probabilities
at counts 1 'entry_count.npy: entry 599 has count 7' 'poke entry_count.npy -8'
at counts 1 'datacard.json, "pool": entry 0 has count 1' "sed -i 's/\"pool\":\[/&1/' datacard.json"
at counts 1 'datacard.json, "curated": entry 0 has count 1' \
    "sed -i 's/\"curated\":\[/&1/' datacard.json"
at counts 1 'entry_count.npy' 'truncate -s -8 entry_count.npy'
at probabilities 1 'entry_prob.npy: entry 599 has 1.0000' 'poke entry_prob.npy -4'
at probabilities 1 'entry_prob.npy' 'rm entry_prob.npy'

# draws
at draws 1 'is drawn, but not there' "sed -i 7d $curated"
at draws 1 'is drawn, but not there' "sed -i '\$d' $curated"
at draws 30 'is drawn, but not there' "sed -i 21,50d $curated"
at draws 1 'line 8: record' "sed -i 7p $curated"
at draws 1 "line $((n + 1)): record x is not drawn" \
    "printf '{\"uuid\":\"x\",\"url\":\"\",\"texts\":[]}\n' >> $curated"
at draws 2 'at this place' "sed -i '7{h;d};8G' $curated"
at draws 1 'line 9: record' "sed -i '9s/\"alt\",\"/&x/' $curated"
at draws 1 'is not what matched/ gives' "sed -i '9s/,\"url\"/, \"url\"/' $curated"
at draws 1 'line 9: record ?' "sed -i '9s/^/\n/' $curated"
at draws 1 'is not what matched/ gives' "truncate -s -1 $curated"
at draws "$n" 'is drawn, but not there' ": > $curated"

# sums
at sums 1 'datacard.json: t is 21, but 20 in run.json' "sed -i 's/\"t\":20/\"t\":21/' datacard.json"
at sums 1 'run.json: t is 21, but 20 in summary.json' "sed -i 's/\"t\":20/\"t\":21/' run.json"
at sums 1 'run.json: seed is 6' "sed -i 's/\"seed\":5/\"seed\":6/' run.json"
at sums 1 'datacard.json: "pool_pairs"' "sed -i 's/\"pool_pairs\":/&1/' datacard.json"
at sums 1 'summary.json: "entries_head"' "sed -i 's/\"entries_head\":/&1/' summary.json"
at sums 1 'summary.json: "items_read"' "sed -i 's/\"items_read\":/&1/' summary.json"
at sums 2 'summary.json: "pairs_read"' "sed -i 's/\"pairs_kept\":/&1/' summary.json"
at sums 1 'summary.json: "pairs_read"' "sed -i 's/\"pairs_blocked\":/&3/' summary.json"
at sums 2 'summary.json: "records_blocked"' "sed -i 's/\"records_blocked\":/&3/' summary.json"
at sums 1 '"blocked_by_url"' "sed -i 's/\"blocked_by_url\":0/\"blocked_by_url\":null/' summary.json"
at sums 1 'summary.json: "expected_pairs"' "sed -i 's/\"expected_pairs\":/&1/' summary.json"
at sums 1 'summary.json' 'rm summary.json'
at sums 2 '"shards" is missing' "sed -i 's/\"shards\":[0-9]*,//' summary.json"

# matched/: here more than one check has a say
also='counts draws sums'
at records 1 'no ids are with its text' "sed -i '5s/,\[[0-9,]*\]\]/]/' $matched"
at records 1 'too short for id 600' "sed -i '5s/\([0-9]\)\]\]/\1,600]]/' $matched"
at records 1 'byte' "sed -i '5s/^/x/' $matched"
at records 1 "$matched" "truncate -s -20 $matched"
at texts 1 'the metadata gives other ids' "sed -i '5s/\([0-9]\)\]\]/\1,599]]/' $matched"
at texts 1 'the metadata gives other ids' "sed -i '5s/\"alt\",\"/&word399, /' $matched"
at duplicates 1 'stands elsewhere too' "sed -i 5p $matched"
# With neither counts nor card it is drawn by what is counted.
also='counts'
at metadata 1 'entry_count.npy' 'rm entry_count.npy* && rm datacard.json'

# A damaged frame, in the other format.
rm -rf t
cp -r packed t
truncate -s -9 t/"$curated".zst
expect 1 verify t
says out "$curated.zst: "
says out 'is drawn, but not there'
rm -rf t
cp -r packed t
printf x > t/"$matched".zst
expect 1 verify t
says out 'NOT verified'

# What is no run folder is an error.
expect 1 verify pool
says err 'run.json'
mkdir broken
printf '{"format":1' > broken/run.json
expect 1 verify broken
says err 'broken/run.json'
printf '{"format":3}' > broken/run.json
expect 1 verify broken
says err 'version 3'
printf '{"format":2,"files":"jsonl","metadata_sha256":"%064d","entries":%s,"seed":0,"max_item_bytes":1,"t":1,"inputs":[]}' \
    0 18446744073709551615 > broken/run.json
expect 1 verify broken
expect 2 verify -t 3 sound
says err '--against'

# ---- lists ----
jq -r .uuid sound/curated/*/* > list
expect 0 verify --against list sound
says out 'only drawn      0'
shuf --random-source=<(yes) list | gzip > shuffled.gz
expect 0 verify -q --against shuffled.gz sound
"$METACLIP" verify -q --against - sound < list || fail 'the list on standard input is not the set'
expect 0 verify -q --against <(cat list list) sound
expect 1 verify -q --against list --seed 6 sound
expect 1 verify -q --against list -t 10 sound

# Another t is that of another run, whose folder nobody needs.
expect 0 "${curate[@]}" -t 10 -o ten "${shards[@]}"
jq -r .uuid ten/curated/*/* > list10
expect 0 verify -q --against list10 -t 10 sound
expect 0 verify -q --against list10 -t 10 --seed 5 sound

{ head -3 list | sed 's/^/x/'; tail -n +3 list; } > changed
expect 1 verify --against changed --json sound
equal "$(jq -c '.list | [.t, .seed, .both, .only_listed, .only_drawn]' out)" \
    "[20,5,$(($(sort -u list | wc -l) - 2)),3,2]" 'how a changed list differs'
equal "$(jq -c '[.findings, .checks.list.findings]' out)" '[5,5]' 'findings of a changed list'
says out "changed, line 1: x$(head -1 list) is not in the set"
says out "record $(sed -n 2p list) is in the set, but not in the list"
expect 1 verify --against missing sound
says err 'missing'
head -c 100 shuffled.gz > cut.gz
expect 1 verify --against cut.gz sound
says err 'cut.gz'
