# Block lists and provenance in extract and curate: the same as step by step, however it is run, and
# another list does again only what depends on it.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 6 300 4
shards=(pool/shard-*)
expect 0 extract -q -o pairs.jsonl "${shards[@]}"
printf 'host7.example\nhost:host12.example\n' > list.txt
jq -r 'select(.uuid | startswith("a")) | "uuid:" + .uuid' pairs.jsonl >> list.txt
jq -r 'select(.url | test("/shared/1..[.]jpg")) | .url' pairs.jsonl | sort -u > urls.txt
printf 'host7.example\n' > other.txt
block=(--block list.txt --block urls.txt)
curate=(curate --quiet -m pool/metadata.json -t 30 --seed 5 -j 2)

listing() {
    (cd "$1" && find . -type f ! -path './state/*' ! -name summary.json -print0 | sort -z | xargs -0 sha256sum)
}

same_run() {
    listing "$1" > got
    listing "$2" > want
    same got want
}

# ---- step by step ----
expect 0 match --json -m pool/metadata.json "${block[@]}" -o matched.jsonl pairs.jsonl
equal "$(jq '[.blocked_by_uuid, .blocked_by_url, .blocked_by_host] | min > 20' out)" true 'enough of each kind is blocked'
expect 0 count -q -m pool/metadata.json -o counts.npy matched.jsonl
expect 0 balance -q -m pool/metadata.json --counts counts.npy -t 30 --seed 5 -o curated.jsonl matched.jsonl
expect 0 "${curate[@]}" "${block[@]}" -o run "${shards[@]}"
cat run/matched/*/* | sort > got
sort matched.jsonl > want
same got want
cat run/curated/*/* | sort > got
sort curated.jsonl > want
same got want
same run/entry_count.npy counts.npy
equal "$(jq -c '[.block_sha256, .pairs_blocked > 0]' run/summary.json)" \
    "$(jq -c '[.block_sha256, true]' run/datacard.json)" 'what the summary and the card say of the list'
sums='.pairs_read - .pairs_kept - .pairs_duplicate - .pairs_blocked - .pairs_unmatched - .pairs_not_drawn,
      .records_read - .records_kept - .records_bad_url - .records_without_text - .records_duplicate
      - .records_blocked - .records_unmatched - .records_not_drawn,
      .records_blocked - .blocked_by_uuid - .blocked_by_url - .blocked_by_host'
equal "$(jq -c "[$sums]" run/summary.json)" '[0,0,0]' 'what the sums of the summary leave'
expect 0 verify -m pool/metadata.json run

# ---- extract: the same pairs are left for match ----
expect 0 extract --json "${block[@]}" -o left.jsonl "${shards[@]}"
equal "$(jq -c '[.pairs_read - .pairs_kept - .pairs_duplicate - .pairs_blocked]' out)" '[0]' 'pairs that are not told of'
expect 0 match -q -m pool/metadata.json -o got.jsonl left.jsonl
same got.jsonl matched.jsonl
expect 0 extract -q "${block[@]}" --state state -o left2.jsonl "${shards[@]}"
same left2.jsonl left.jsonl
expect 0 extract -q --no-dedup "${block[@]}" -o all.jsonl "${shards[@]}"
[[ -z $(jq -r .url all.jsonl | grep -Ff urls.txt) ]] || fail 'a blocked url came through without the search for duplicates'

# ---- another list, and none, on the same folder ----
expect 0 "${curate[@]}" --block other.txt -o fresh "${shards[@]}"
cp -r --preserve=timestamps run changed
touch -d '2001-01-01' changed/state/pool/*/*
expect 0 "${curate[@]}" --block other.txt -o changed "${shards[@]}"
same_run changed fresh
[[ -z $(find changed/state/pool -type f -newermt '2002-01-01') ]] || fail 'another list made the pool be read again'
expect 0 "${curate[@]}" -o fresh "${shards[@]}"
expect 0 "${curate[@]}" -o changed "${shards[@]}"
same_run changed fresh
expect 0 "${curate[@]}" --block <(cat list.txt urls.txt | sort -r) -o changed "${shards[@]}"
same_run changed run
expect 1 "${curate[@]}" --block pool/metadata.json -o changed "${shards[@]}"
says err 'metadata.json'

# ---- killed, and by several ----
for wait in 0.02 0.05 0.1; do
    killed_after "$wait" "${curate[@]}" "${block[@]}" -o killed "${shards[@]}"
done
expect 0 "${curate[@]}" -j 1 "${block[@]}" -o killed "${shards[@]}"
same_run killed run

# ---- --keep: each record says where it is from ----
expect 0 "${curate[@]}" --keep page_url,source -o kept "${shards[@]}"
jq -r '[.source, .page_url] | @tsv' kept/curated/*/shard-002.jsonl | sort -u > got
[[ -s got ]] || fail 'nothing was kept'
grep -qv '^shard-002.warc.wat.gz	http://host[0-9]*.example/dir/page' got && fail 'a record is from elsewhere'
jq -c 'del(.source, .page_url)' kept/curated/*/shard-002.jsonl > got
jq -c . fresh/curated/*/shard-002.jsonl > want
same got want
expect 1 "${curate[@]}" --keep source -o kept "${shards[@]}"
says err '--keep page_url'
expect 0 verify kept
