# Curated pairs in others' forms: each against a plain reading of the run folder by jq and coreutils,
# then what is refused, skipped and named.
. "$(dirname "$0")/lib.sh"

data=$METACLIP_SOURCE/tests/data
numbers() { tail -c +129 "$1" | od -A n -v -w"$2" -t "u$3" | sed 's/^ *//; s/  */ /g'; }
nothing_left() {
    [[ -z $(find . -name '*.tmp*') ]] || fail "$shown: leaves $(find . -name '*.tmp*')"
}
refused() { # CODE WORDS ARG...: says WORDS, and makes nothing
    local code=$1 words=$2
    shift 2
    expect "$code" export "$@"
    says err "$words"
    [[ ! -e o && ! -e o.txt && ! -e o.npy && ! -e o.jsonl ]] || fail "$shown: left an output"
    nothing_left
}

bash "$data/make_pool.sh" pool 4 200 3
shards=(pool/shard-*)
curate=(curate --quiet -m pool/metadata.json -t 20 --seed 5)
expect 0 "${curate[@]}" -o run "${shards[@]}"
expect 0 "${curate[@]}" --format jsonl.zst -o packed "${shards[@]}"

# The records of a part of the run in the order of the shards' names.
records() {
    for name in 000 001 002 003; do
        cat run/"$1"/*/shard-$name.jsonl
    done
}

# ---- uuids ----
records curated | jq -r .uuid | uniq > want.txt
for out in run packed; do
    expect 0 export --json -o got.txt "$out"
    same got.txt want.txt
    equal "$(jq -c '[.to, .files_written, .uuids_read - .uuids_repeated - .uuids_written]' out)" \
        '["uuids",1,0]' 'counts of uuids'
done
expect 0 export -q -o got.txt.gz packed
expect 0 verify -q --against got.txt.gz run
expect 0 export -q --to uuids -o - run
same out want.txt
printf '{"uuid":"a","texts":[["t","1"]]}\n{"uuid":"a","texts":[["t","2"]]}\n' > twice.jsonl
printf '{"uuid":"b","texts":[["t","1"]]}\n{"uuid":"a","texts":[["t","2"]]}\n' >> twice.jsonl
expect 0 export --json -o got.txt twice.jsonl
equal "$(xargs < got.txt)" 'a b a' 'repeated uuids'
equal "$(jq .uuids_repeated out)" 1 'repeated uuids'
printf '{"uuid":"a\\nb","texts":[["t","1"]]}\n' > line.jsonl
refused 1 'a uuid with a control character' -o o.txt line.jsonl

# ---- pairs ----
records curated > want.jsonl
expect 0 export -q -o got.jsonl packed
same got.jsonl want.jsonl
equal "$(jq -r .metadata_sha256 got.jsonl.meta.json)" "$(jq -r .metadata_sha256 run/run.json)" 'the list'
expect 0 export -q -o got.jsonl.zst run/curated/*/shard-002.jsonl packed
zstd -qdc got.jsonl.zst | tail -n +$(($(wc -l < run/curated/*/shard-002.jsonl) + 1)) > got.jsonl
same got.jsonl want.jsonl
if [[ ${METACLIP_DUCKDB-} || -e $METACLIP_SOURCE/build/lib/libduckdb.so ]]; then
    export METACLIP_DUCKDB=${METACLIP_DUCKDB-$METACLIP_SOURCE/build/lib/libduckdb.so}
    expect 0 export --json -o got.parquet packed
    equal "$(jq .pairs_written out)" "$(jq '.texts | length' want.jsonl | awk '{ n += $1 } END { print n }')" 'rows'
    expect 0 export -q --to pairs -o got.jsonl got.parquet
    same got.jsonl want.jsonl
    # As img2dataset reads it: url and text of every row.
    expect 0 extract -q --no-dedup -o got.jsonl got.parquet
    jq -r '.url as $u | .texts[] | $u + "\t" + .[1]' got.jsonl > got
    jq -r '.url as $u | .texts[] | $u + "\t" + .[1]' want.jsonl > want
    same got want
fi
printf '["other"]\n' > other.json
printf '{"uuid":"a","texts":[["t","other"]]}\n' > other.jsonl
expect 0 match -q -m other.json -o matched.jsonl other.jsonl
refused 1 'matched with different metadata lists' -o o.jsonl matched.jsonl run

# ---- datacomp: what NumPy made of the same uids ----
{
    for uid in f0e1d2c3b4a5968778695a4b3c2d1e0f 0000000000000001ffffffffffffffff \
        F0E1D2C3B4A5968778695A4B3C2D1E0F 00000000000000010000000000000002; do
        printf '{"uuid":"%s","texts":[["text","a"]]}\n' "$uid"
    done
} > uids.jsonl
expect 0 export --to datacomp --json -o got.npy uids.jsonl
same got.npy "$data/npy_two_u64.npy"
equal "$(jq -c '[.uuids_read, .uuids_repeated, .uuids_others, .uuids_written]' out)" '[4,1,0,3]' 'counts of uids'
awk 'BEGIN { srand(7); for (i = 0; i < 150000; i++) {
    uid = sprintf("%08x%08x%08x%08x", int(rand() * 16), rand() * 2^31, rand() * 2^31, rand() * 2^31)
    print uid > "many.txt"; if (i % 10 == 0) print uid > "many.txt" } }'
sed 's/.*/{"uuid":"&","texts":[["text","a"]]}/' many.txt > many.jsonl
expect 0 export --to datacomp -q -o large.npy many.jsonl
expect 0 export --to datacomp -q --sort-memory 1M -o small.npy many.jsonl # three runs
same small.npy large.npy
tail -c +129 large.npy | od -A n -v -w16 -t x8 | tr -d ' ' > got
LC_ALL=C sort -u many.txt > want
same got want
# of another kind
refused 1 'not 32 hex digits but 24 digits, which are made of urls' --to datacomp -o o.npy run
cat uids.jsonl other.jsonl > mixed.jsonl
refused 1 '1 of 5 uuids, a the first, are not 32 hex digits but of another kind' \
    --to datacomp -o o.npy mixed.jsonl
refused 1 'its uuid is not 32 hex digits (and --strict' --to datacomp --strict --skip-others -o o.npy mixed.jsonl
expect 0 export --to datacomp --skip-others --json -o got.npy mixed.jsonl
same got.npy "$data/npy_two_u64.npy"
equal "$(jq -c '[.uuids_others, .summary.problems]' out)" \
    '[1,["mixed.jsonl: record a: its uuid is not 32 hex digits"]]' 'others are counted and named'
refused 1 'its first bytes are known at the end only' --to datacomp -o - uids.jsonl

# ---- inverted and subset: by jq ----
for out in run packed; do
    expect 0 export --to inverted --json -o index "$out"
    equal "$(jq -c '[.files_written, .matches_written == .summary.matches]' out)" '[4,true]' 'matches'
    expect 0 export --to subset --json -o subset "$out"
    equal "$(jq .positions_written out)" "$(jq .pairs_kept run/summary.json)" 'kept positions'
    for name in 000 001 002 003; do
        matched=$(echo run/matched/*/shard-$name.jsonl)
        jq -rc '.uuid as $u | .texts[] | [.[2], $u, .[0], .[1]]' "$matched" > texts
        jq -nr '[inputs] | to_entries[] | .key as $at | .value[0][] | "\(.) \($at)"' texts > want
        numbers index/shard-${name}_inverted.npy 8 4 > got
        same got want
        says index/shard-${name}_inverted.npy.meta.json "$(jq .metadata_sha256 run/run.json)"
        jq -rc '.uuid as $u | .texts[] | [.[2], $u, .[0], .[1]]' "${matched/matched/curated}" > kept
        grep -nxFf kept texts | awk -F: '{ print $1 - 1 }' > want
        numbers subset/shard-$name.npy 4 4 > got
        same got want
    done
    cat index/* subset/* | sha256sum > sum."$out"
done
same sum.packed sum.run
expect 0 export --to subset -q -j 1 -o subset1 run
expect 0 export --to subset -q -j 4 -o subset4 run
diff -r subset1 subset4 > /dev/null || fail 'subset depends on the number of threads'
# One file of matched pairs: the sidecar, or nobody, says whose ids they are.
expect 0 match -q -m pool/metadata.json -o alone.jsonl "${shards[0]}"
expect 0 export --to inverted -q -o index alone.jsonl
says index/alone_inverted.npy.meta.json "$(jq .metadata_sha256 run/run.json)"
rm alone.jsonl.meta.json
expect 0 export --to inverted -o index alone.jsonl
says err 'nobody says which metadata the ids in alone.jsonl belong to'
[[ ! -e index/alone_inverted.npy.meta.json ]] || fail 'an old sidecar speaks for a new file'
refused 1 'run `metaclip match` first' --to inverted -o index uids.jsonl
printf 'x\n' | cat alone.jsonl - > damaged.jsonl
rm -rf index
refused 1 'damaged.jsonl: at byte' --to inverted -o index damaged.jsonl
says err 'positions behind it would be wrong'
mkdir again && cp alone.jsonl again/
refused 2 'two inputs give the shard name alone' --to inverted -o index alone.jsonl again/alone.jsonl
refused 2 'it is made of a run folder' --to subset -o o alone.jsonl
refused 2 '-o names a folder' --to subset -o want run

# ---- run folders that are none, not finished, or tampered with ----
mkdir empty
refused 1 'no run folder of curate' -o o.txt empty
cp -r run bad
rm bad/summary.json
refused 1 'the run is not finished' -o o.txt bad
rm -rf bad && cp -r run bad
rm bad/curated/*/shard-001.jsonl
refused 1 'the file of input shard-001 in curated/ is missing' -o o.txt bad
touch bad/curated/00/x.jsonl 2> /dev/null || { mkdir bad/curated/00 && touch bad/curated/00/x.jsonl; }
refused 1 'it is no file of the run' -o o.txt bad
expect 0 export --to inverted -q -o index bad # which asks for matched/ only
rm -rf bad && cp -r run bad
rm bad/matched/*/shard-001.jsonl # and the others for curated/ only
expect 0 export -q -o got.txt bad
same got.txt want.txt
rm -rf bad && cp -r run bad
sed -i '5{h;d};6G' bad/curated/*/shard-002.jsonl
expect 1 export --to subset -q -o other bad
says err 'has a pair that is not in matched/, or not in this order; `metaclip verify bad` tells more'
sed -i '3s/^/x/' bad/matched/*/shard-003.jsonl
expect 1 export --to subset -q -j 1 -o other bad
[[ ! -e other/shard-002.npy ]] || fail "$shown: an output that is wrong"
sed -i '5s/^./x/' bad/curated/*/shard-000.jsonl
expect 1 export --to subset -q -o other bad
says err 'curated/'
nothing_left

# ---- usage ----
refused 2 'does not tell the form; say --to uuids|datacomp' -o o.npy run
refused 2 'o does not tell the form' -o o run
refused 2 '--skip-others goes with --to datacomp only' --skip-others -o o.txt run
refused 2 '--curated RUN is missing' --to tar -o o a.tar
refused 2 '--curated goes with --to tar only' -o o.txt --curated run run
refused 2 'is not one of uuids|datacomp' --to xml -o o.txt run
refused 2 '--json needs -o FILE' --to uuids --json -o - run
refused 2 'would replace what is read' -o uids.jsonl uids.jsonl
refused 1 'cannot open it' -o o.txt nowhere.jsonl
