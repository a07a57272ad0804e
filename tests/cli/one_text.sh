# --one-text: of an image's pairs one goes to the trial, in balance and in curate, however it is run.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

# Images with up to eight texts, spread over the shards; some pairs stand twice, some records have
# several texts, some texts match nothing.
mkdir pool
awk 'BEGIN { printf "["; for (i = 0; i < 60; i++) printf "%s\"word%d\"", (i ? "," : ""), i; print "]" }' > pool/metadata.json
awk 'BEGIN {
    srand(8)
    for (i = 0; i < 4000; i++) {
        image = int(1200 * rand()); image = image % 3 ? image : image % 40
        n = 1 + int(3 * rand()); texts = ""
        for (j = 0; j < n; j++) {
            text = "w"
            for (k = int(4 * rand()); k > 0; k--)
                text = text " word" int(70 * rand() * rand())
            texts = texts (j ? "," : "") "[\"alt\",\"" text "\"]"
        }
        printf "{\"uuid\":\"%024x\",\"url\":\"http://h%d.example/%d.jpg\",\"texts\":[%s]}\n", image * 7919, image % 9, image, texts > ("pool/part-" i % 7 ".jsonl")
    }
}'
shards=(pool/part-*)
aim=(curate --quiet -m pool/metadata.json --seed 5 -j 2 --dedup-memory 1M)
curate=("${aim[@]}" -t 40)

listing() {
    (cd "$1" && find . -type f ! -path './state/*' ! -name summary.json -print0 | sort -z | xargs -0 sha256sum)
}

same_run() {
    listing "$1" > got
    listing "$2" > want
    same got want
    [[ -f $1/summary.json ]] || fail "$1 is not finished"
    [[ -z $(find "$1/state/texts" -type f 2> /dev/null) ]] || fail "$1 holds parts that have served"
}

# ---- what it is ----
expect 0 "${curate[@]}" -o all "${shards[@]}"
expect 0 "${curate[@]}" --one-text -o run "${shards[@]}"
equal "$(cat run/curated/*/* | jq -r '.uuid as $u | .texts[] | $u' | sort | uniq -d | wc -l)" 0 'images with several texts'
(($(cat all/curated/*/* | jq -r '.uuid as $u | .texts[] | $u' | sort | uniq -d | wc -l) > 300)) || fail 'too few images have several texts: the test would see little'
diff -r run/matched all/matched > /dev/null || fail 'one text changes matched'
same run/entry_count.npy all/entry_count.npy
equal "$(jq -c '[.one_text, .matched_pairs]' run/datacard.json)" "$(jq -c '[true, .matched_pairs]' all/datacard.json)" 'the data card'
equal "$(jq -c .one_text run/run.json)" true 'run.json'
equal "$(jq -c .one_text all/datacard.json all/run.json)" $'null\nnull' 'without it'
sums='.pairs_read - .pairs_kept - .pairs_duplicate - .pairs_unmatched - .pairs_not_chosen - .pairs_not_drawn,
      .records_read - .records_kept - .records_without_text - .records_duplicate - .records_unmatched
      - .records_not_chosen - .records_not_drawn'
equal "$(jq -c "[$sums]" run/summary.json)" '[0,0]' 'what the sums of the summary leave'
images=$(cat run/matched/*/* | jq -r .uuid | sort -u | wc -l)
equal "$(jq '.pairs_kept + .pairs_not_drawn' run/summary.json)" "$images" 'pairs that went to the trial'
# What it keeps all would be kept of, for the draws are the same; a larger t keeps a superset.
cat all/curated/*/* | jq -c '.uuid as $u | .texts[] | [$u, .[1]]' | sort > all.pairs
cat run/curated/*/* | jq -c '.uuid as $u | .texts[] | [$u, .[1]]' | sort > run.pairs
equal "$(comm -23 run.pairs all.pairs | wc -l)" 0 'pairs that no draw keeps'
expect 0 "${aim[@]}" --one-text -t 90 -o larger "${shards[@]}"
cat larger/curated/*/* | jq -c '.uuid as $u | .texts[] | [$u, .[1]]' | sort > larger.pairs
equal "$(comm -23 run.pairs larger.pairs | wc -l)" 0 'pairs that a larger t loses'
expect 0 verify --duplicates -m pool/metadata.json run
jq -r .uuid run/curated/*/* > uuids
expect 0 verify --against uuids run
jq -r .uuid larger/curated/*/* > uuids
expect 0 verify --against uuids -t 90 run
expect 0 "${curate[@]}" --one-text --seed 6 -o other "${shards[@]}"
jq -r .uuid other/curated/*/* > uuids
expect 0 verify --against uuids --seed 6 run
expect 1 verify --against uuids run

# ---- balance of the matched files: the same ----
mapfile -t matched < <(find run/matched -type f | sort)
cat $(printf '%s\n' "${matched[@]}" | sed s/matched/curated/) > want
balance=(balance --quiet -m pool/metadata.json --counts run/entry_count.npy --seed 5 --one-text)
for threads in 1 4; do
    expect 0 "${balance[@]}" -t 40 -j $threads -o got "${matched[@]}"
    same got want
done
equal "$(jq -c .one_text got.datacard.json)" true 'the data card of balance'
equal "$(find . -name '*.tmp*')" '' 'temporary files that are left'
cat "${matched[@]}" > one.jsonl
expect 0 "${balance[@]}" -t 40 -o got one.jsonl
same got want
expect 0 "${balance[@]}" -t 40 -o backwards $(printf '%s\n' "${matched[@]}" | tac)
sort backwards > got
sort want > want.sorted
same got want.sorted
expect 2 "${balance[@]}" -t 40 -o none -
says err 'must be in files'

# ---- targets and the plan: P is divided among the texts of an image ----
target=$((images / 2))
expect 0 "${balance[@]}" --target $target --json -o half.jsonl "${matched[@]}"
t=$(jq .t out)
jq -e ".expected_pairs >= $target - 0.01" out > /dev/null || fail "t = $t is too small"
expect 0 "${balance[@]}" -t $((t - 1)) --json -o less.jsonl "${matched[@]}"
jq -e ".expected_pairs < $target" out > /dev/null || fail "t = $t is not the smallest"
expect 0 "${balance[@]}" --plan --target $target --json "${matched[@]}"
equal "$(jq -c '[.t, .matched_pairs]' out)" "[$t,$images]" 'the plan of a target'
equal "$(jq '.rows[-1].expected_pairs | round' out)" "$images" 'the most that any t is expected to keep'
expect 0 "${balance[@]}" --plan "${matched[@]}"
grep -qE "^[0-9,]+ images match an entry" out || fail 'a plan that does not speak of images'
expect 0 "${aim[@]}" --one-text --target $target -o aimed "${shards[@]}"
equal "$(jq .t aimed/summary.json)" "$t" 't of a run with a target'
cat $(printf '%s\n' "${matched[@]}" | sed 's/run.matched/aimed\/curated/') > got
same got half.jsonl
expect 0 verify aimed
expect 0 "${aim[@]}" --one-text --target "$images" -o aimed "${shards[@]}"
equal "$(jq .pairs_kept aimed/summary.json)" "$images" 'pairs kept when one of each image is asked for'
expect 0 verify aimed
expect 2 "${aim[@]}" --one-text --target $((images + 1)) -o aimed "${shards[@]}"
says err "only $images"

# ---- started again with and without it, and with more inputs: the drawing alone is new ----
cp -r --preserve=timestamps all changed
touch -d 2001-01-01 changed/matched/*/* changed/state/pool/*/*
expect 0 "${curate[@]}" --one-text -o changed "${shards[@]}"
same_run changed run
[[ -z $(find changed/matched changed/state/pool -type f -newermt 2002-01-01) ]] || fail 'one text made the pool be read again'
touch -d 2001-01-01 changed/state/images/*/* changed/state/choices/*/*
expect 0 "${aim[@]}" --one-text -t 41 -o changed "${shards[@]}"
expect 0 "${curate[@]}" --one-text -o changed "${shards[@]}"
same_run changed run
[[ -z $(find changed/state/images changed/state/choices -type f -newermt 2002-01-01) ]] || fail 'another t chose anew'
expect 0 "${curate[@]}" --one-text --seed 6 -o changed "${shards[@]}"
same_run changed other
expect 0 "${curate[@]}" -o changed "${shards[@]}"
same_run changed all
expect 0 "${curate[@]}" --one-text -o grown "${shards[@]:0:4}"
expect 0 "${curate[@]}" --one-text -o grown "${shards[@]}"
same_run grown run
printf 'damaged' > "$(find grown/state/choices -type f | head -1)"
expect 0 "${curate[@]}" --one-text -o grown "${shards[@]}"
same_run grown run

# ---- killed at any moment, other threads, several processes ----
for i in {1..5}; do
    rm -rf killed
    for wait in 0.0$((RANDOM % 10)) 0.$((RANDOM % 2))$((RANDOM % 10)); do
        killed_after "$wait" "${curate[@]}" --one-text -o killed "${shards[@]}"
    done
    expect 0 "${curate[@]}" --one-text -j $i -o killed "${shards[@]}"
    same_run killed run
done
pids=()
for i in 0 1 2; do
    "$METACLIP" "${curate[@]}" --one-text -j 1 -o shared --shards $i/3 "${shards[@]}" > "out.$i" 2> "err.$i" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || { cat err.*; fail "a worker ended with $?"; }
done
same_run shared run

# ---- pairs that are kept twice: one of them goes to the trial ----
expect 0 "${curate[@]}" --no-dedup --one-text -o twice "${shards[@]}"
equal "$(jq '.pairs_kept + .pairs_not_drawn' twice/summary.json)" "$images" 'pairs of a pool with duplicates'
expect 0 verify twice

# ---- what verify sees ----
sed -i 's/"one_text":true,//' run/run.json
expect 1 verify run

# ---- Parquet ----
if "$METACLIP" "${curate[@]}" --one-text --format parquet -o table "${shards[@]}" > out 2> err; then
    same table/entry_count.npy all/entry_count.npy
    expect 0 "${curate[@]}" --one-text -o run "${shards[@]}"
    same table/datacard.json run/datacard.json
    expect 0 verify table
else
    says err 'DuckDB'
fi
