# Parquet in and out: the same pairs as through JSON Lines, files that appear whole or not at all,
# and what is said without DuckDB's library. Fetches the library if it can be fetched.
. "$(dirname "$0")/lib.sh"

library=$METACLIP_SOURCE/build/lib/libduckdb.so
if [[ ${METACLIP_DUCKDB-} ]]; then
    library=$METACLIP_DUCKDB
elif ! "$METACLIP_SOURCE/scripts/fetch-duckdb" 2> why; then
    skip "DuckDB's library is not there: $(tail -n 1 why)"
fi
export METACLIP_DUCKDB=$library

nothing_left() {
    [[ -z $(find . -name "$1" -o -name ".$1*") ]] || fail "$shown: leaves a file"
}

printf '["photo","cat","a"]\n' > metadata.json
for i in {1..3000}; do
    printf '{"uuid":"%d","url":"http://a.example/%d","texts":[["alt","a photo of %d"],' "$i" "$i" "$RANDOM"
    printf '["title","cat \\"%d\\" \\u8eca"]],"similarity":0.25,"WIDTH":%d}\n' "$i" "$i"
done > pairs.jsonl
printf '{"uuid":"x","url":"","texts":[["alt","",[],"en"],["t","a\\u0000b",null,"und"]]}\n' >> pairs.jsonl

# ---- there and back ----
expect 0 extract -q --no-dedup -o direct.jsonl pairs.jsonl
expect 0 extract -q --no-dedup -o pairs.parquet pairs.jsonl
[[ $(head -c 4 pairs.parquet) == PAR1 ]] || fail "$shown: no Parquet"
expect 0 extract -q --no-dedup -o back.jsonl pairs.parquet
same back.jsonl direct.jsonl
expect 0 extract -q --no-dedup -o again.parquet back.jsonl
same again.parquet pairs.parquet

# ---- each step alike ----
expect 0 match -q -m metadata.json -o matched.jsonl pairs.jsonl
expect 0 match -q -m metadata.json -o matched.parquet pairs.parquet
same matched.parquet.meta.json matched.jsonl.meta.json
expect 0 count -q -m metadata.json -o counts.npy matched.jsonl
expect 0 count -q -m metadata.json -o counts2.npy matched.parquet
same counts2.npy counts.npy
expect 0 balance -q -m metadata.json --counts counts.npy -t 500 -o curated.jsonl matched.jsonl
expect 0 balance -q -m metadata.json --counts counts.npy -t 500 -o curated.parquet matched.parquet
expect 0 extract -q --no-dedup -o curated2.jsonl curated.parquet
same curated2.jsonl curated.jsonl
(($(wc -l < curated.jsonl) < 3000)) || fail "nothing was thinned"

# ---- damage: named and counted, or with --strict an error and nothing half-written ----
size=$(stat -c %s pairs.parquet)
for n in 8 11 12 100 $((size / 2)) $((size - 9)) $((size - 1)); do
    head -c "$n" pairs.parquet > cut.parquet
    expect 0 match --json -m metadata.json -o o.jsonl cut.parquet
    equal "$(jq -c '[.shards_damaged, .items_skipped, .records_read]' out)" '[1,1,0]' 'a file that is cut'
    says out "cut.parquet: "
    [[ -f o.jsonl && ! -s o.jsonl ]] || fail "$shown: an empty file is wanted"
    rm o.jsonl o.jsonl.meta.json
    expect 1 match --strict -m metadata.json -o o.jsonl cut.parquet
    says err "cut.parquet: "
    nothing_left o.jsonl
    expect 1 match --strict -m metadata.json -o o.parquet cut.parquet
    says err "cut.parquet: "
    nothing_left o.parquet
done
expect 1 match -m metadata.json -o no/o.parquet pairs.jsonl
says err "no/o.parquet"

# ---- what a killed run leaves is in nobody's way ----
touch .o.parquet.tmp
expect 0 extract -q --no-dedup -o o.parquet pairs.jsonl
same o.parquet pairs.parquet
[[ -z $(find . -name '.o*') ]] || fail "$shown: leaves a temporary"

# ---- the library: beside the program, by name, or not at all ----
mkdir -p inst/bin inst/lib bare
cp "$METACLIP" inst/bin/metaclip
cp "$METACLIP" bare/metaclip
ln -s "$library" inst/lib/libduckdb.so
unset METACLIP_DUCKDB
inst/bin/metaclip extract -q --no-dedup -o o.jsonl pairs.parquet 2> err || fail "the library in ../lib"
same o.jsonl direct.jsonl
rm o.jsonl
if ! bare/metaclip extract -q -o o.jsonl pairs.parquet 2> err; then # the system may have one
    says err "pairs.parquet: Parquet needs DuckDB's library"
    says err "scripts/fetch-duckdb"
    nothing_left o.jsonl
fi
METACLIP_DUCKDB=$PWD/none.so expect 1 extract -o p.jsonl pairs.parquet
says err "pairs.parquet: METACLIP_DUCKDB: cannot load"
nothing_left p.jsonl
METACLIP_DUCKDB=$PWD/none.so expect 0 extract -q --no-dedup -o p.parquet pairs.jsonl # writing needs none
same p.parquet pairs.parquet
