# A run folder of Parquet files holds what one of JSON Lines holds, is as restartable, and can be
# verified. Needs DuckDB's library; fetches it if it can be fetched.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

library=$METACLIP_SOURCE/build/lib/libduckdb.so
if [[ ${METACLIP_DUCKDB-} ]]; then
    library=$METACLIP_DUCKDB
elif ! "$METACLIP_SOURCE/scripts/fetch-duckdb" 2> why; then
    skip "DuckDB's library is not there: $(tail -n 1 why)"
fi
export METACLIP_DUCKDB=$library

bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 4 250 9
shards=(pool/shard-*)
curate=(curate --quiet -m pool/metadata.json -t 30 --seed 5 -j 2)
table=("${curate[@]}" --format parquet)

# The files of a folder of Parquet as JSON Lines, a pair a line (rows do not tell records apart).
pairs_of() { # FOLDER PART
    local file
    for file in $(find "$1/$2" -type f | sort -t/ -k4); do
        "$METACLIP" extract --quiet --no-dedup "$file"
    done | jq -c '. as $record | .texts[] | [$record.uuid, $record.url, .]'
}

expect 0 "${curate[@]}" -o lines "${shards[@]}"
expect 0 "${table[@]}" -o rows "${shards[@]}"
for part in matched curated; do
    pairs_of lines $part > want
    pairs_of rows $part > got
    [[ -s want ]] || fail 'nothing to compare'
    same got want
    [[ -z $(find rows/$part -type f ! -name '*.parquet') ]] || fail "rows/$part has other files"
done
same rows/entry_count.npy lines/entry_count.npy
same rows/datacard.json lines/datacard.json
counters='del(.seconds, .bytes_read)'
jq "$counters" rows/summary.json > got
jq "$counters" lines/summary.json > want
same got want

# DuckDB itself reads them (and img2dataset, which reads with any library, the columns url and text).
if command -v duckdb > /dev/null; then
    equal "$(duckdb -noheader -list -c "SELECT count(*) FROM 'rows/curated/*/*.parquet'")" \
        "$(jq .pairs_kept rows/summary.json)" 'rows that duckdb sees'
fi

# Verified, and what was changed is found.
expect 0 verify --duplicates -m pool/metadata.json rows
cp -r rows wrong
some=$(find wrong/curated -type f | sort | head -n 1)
"$METACLIP" extract -q --no-dedup -o some.jsonl "$some"
sed -i 2d some.jsonl
"$METACLIP" extract -q --no-dedup -o "$some" some.jsonl
expect 1 verify wrong
says out 'draws'
says out 'is drawn, but not there'
head -c 100 "$some" > cut
cp cut "$some"
expect 1 verify wrong
says out "${some#wrong/}"

# Killed at any moment, with other threads, in another order: the same bytes.
listing() {
    (cd "$1" && find . -type f ! -path './state/*' ! -name summary.json -print0 | sort -z | xargs -0 sha256sum)
}
listing rows > want
for wait in 0.05 0.15 0.3; do
    killed_after "$wait" "${table[@]}" -o killed "${shards[@]}"
done
mapfile -t reversed < <(printf '%s\n' "${shards[@]}" | sort -r)
expect 0 "${table[@]}" -j 3 -o killed "${reversed[@]}"
listing killed > got
same got want
[[ -z $(find killed -name '.*.tmp*') ]] || fail 'a killed run left temporaries'

# Another t draws again, and only that.
touch -d '2001-01-01' killed/matched/*/*
expect 0 "${table[@]}" -t 10 -o killed "${shards[@]}"
expect 0 "${curate[@]}" -t 10 -o lines "${shards[@]}"
pairs_of lines curated > want
pairs_of killed curated > got
same got want
[[ -z $(find killed/matched -type f -newermt '2002-01-01') ]] || fail 'another t matched anew'
expect 0 verify killed

# Writing needs no library; looking at it again does, and says so.
METACLIP_DUCKDB=/nowhere expect 0 "${table[@]}" -t 10 -o without "${shards[@]}"
listing killed > want
listing without > got
same got want
METACLIP_DUCKDB=/nowhere expect 1 verify without
says err 'cannot load'
