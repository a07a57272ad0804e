# Where records are from: --keep writes it, from archives and files of pairs, through every step, and
# into Parquet where DuckDB's library is there.
. "$(dirname "$0")/lib.sh"

printf '["word1","word2","word3"]\n' > metadata.json
mkdir in
bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 2 30 4
mv pool/shard-* in
wat=shard-000.warc.wat.gz warc=shard-001.warc.gz
expect 0 extract -q -o plain.jsonl in/*
expect 0 extract -q --keep page_url,source -o kept.jsonl in/*

# The same records, with two members more at their end.
sed -E 's/,"page_url":"[^"]*","source":"[^"]*"\}$/}/' kept.jsonl > got
same got plain.jsonl
equal "$(jq -r .source kept.jsonl | sort -u | xargs)" "$wat $warc" "sources"
# Images without a host of their own stand on the page's.
jq -e -s 'all(.[]; (.url | split("/")[2]) == (.page_url | split("/")[2]))' kept.jsonl > is ||
    fail "some images are not from their page's host"
zcat in/$warc | tr -d '\r' | sed -n 's/^WARC-Target-URI: //p' | sort -u > pages
jq -r --arg from $warc 'select(.source == $from) | .page_url' kept.jsonl | sort -u > got
[[ -s got && -z $(comm -23 got pages) ]] || fail "page_url names pages that are not in $warc"

# ---- one of the two ----
expect 0 extract -q --keep source -o got in/*
jq -c 'del(.page_url)' kept.jsonl > want
same got want
expect 0 extract -q --keep=page_url -o got in/*
jq -c 'del(.source)' kept.jsonl > want
same got want
expect 0 extract -q --keep page_url --keep source -o got in/* # the last one counts
jq -c 'del(.page_url)' kept.jsonl > want
same got want

# ---- files of pairs: their name, unless they say it already ----
expect 0 match -q --keep source,page_url -m metadata.json -o got kept.jsonl
equal "$(jq -r .source got | sort -u | xargs)" "$wat $warc" "sources after match"
expect 0 match -q --keep source,page_url -m metadata.json -o got plain.jsonl
equal "$(jq -r '.source, .page_url' got | sort -u | xargs)" "null plain.jsonl" "sources of pairs"
"$METACLIP" match -q --keep source -m metadata.json - < plain.jsonl > got
equal "$(jq -r .source got | sort -u)" "-" "the source of standard input"
expect 0 extract -q --keep source --shard-names path -o got in/$wat
equal "$(jq -r .source got | sort -u)" in/$wat "the source where names are paths"

# ---- curate: matched and curated pairs have them ----
expect 0 curate -q --keep page_url,source -m metadata.json -t 5 -o run in/*
cat run/matched/*/*.jsonl > matched.jsonl
expect 0 match -q -m metadata.json -o want kept.jsonl
sort matched.jsonl > got
sort want -o want
same got want

# ---- wrong usage ----
expect 2 extract --keep page_url,url in/*
says err '--keep: "url" is not one of page_url,source'
expect 2 extract --keep page_url, in/*
says err '--keep: "" is not one of'
expect 2 extract --keep --strict in/*
says err '--keep needs a value, but --strict follows'

# ---- Parquet: inside the column extra ----
library=${METACLIP_DUCKDB-$METACLIP_SOURCE/build/lib/libduckdb.so}
[[ -e $library ]] || exit 0
export METACLIP_DUCKDB=$library
expect 0 extract -q --keep page_url,source -o kept.parquet in/*
expect 0 extract -q -o back.jsonl kept.parquet
same back.jsonl kept.jsonl
