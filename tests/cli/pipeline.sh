# The whole way on a crawl of two files made here, with results worked out by hand: extract, match,
# count, balance and card one after the other, then curate, which must give the same.
. "$(dirname "$0")/lib.sh"

# ---- a crawl: one WAT and one WARC file, a gzip member a record ----

# record TYPE URL CONTENT_TYPE < BLOCK
record() {
    cat > block
    {
        printf 'WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\n' "$1" "$2"
        printf 'WARC-Date: 2024-05-31T01:17:49Z\r\nWARC-Record-ID: <urn:uuid:%s>\r\n' "$RANDOM"
        printf 'Content-Type: %s\r\nContent-Length: %d\r\n\r\n' "$3" "$(wc -c < block)"
        cat block
        printf '\r\n\r\n'
    } | gzip -n
}

wat_block() {
    printf '{"Envelope":{"WARC-Header-Metadata":{"WARC-Target-URI":"%s"},' "$1"
    printf '"Payload-Metadata":{"HTTP-Response-Metadata":{"HTML-Metadata":{"Links":['
    tr -d '\n' # the record is one line
    printf ']}}}}}\n'
}

http_block() {
    printf 'HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n'
    cat
}

page=http://a.example/dir/page.html
{
    printf 'Software-Info: none\r\n' | record warcinfo cdx application/warc-fields
    wat_block $page << 'JSON' | record metadata $page application/json
{"path":"IMG@/src","url":"red.jpg","alt":"a red car","title":"a photo"},
{"path":"A@/href","url":"other.html","text":"a cat"},
{"path":"IMG@/src","url":"http://b.example/x.png","alt":" "},
{"path":"IMG@/src","url":"/y.gif","alt":"photo of a cat\nor of a caterpillar"},
{"path":"IMG@/src","url":"red.jpg","alt":"a red car"},
{"path":"IMG@/src","url":"plain.jpg","alt":"nothing here"}
JSON
} > a.warc.wat.gz
http_block << 'HTML' | record response http://c.example/ 'application/http; msgtype=response' > b.warc.gz
<!DOCTYPE html><title>c</title><p><img src="z.png" alt="a photo: a dog!">
<img src="http://a.example/y.gif" alt="photo of a cat or of a caterpillar"><img alt="no source, a cat">
HTML
printf '["photo","cat","red car","dog","never seen"]\n' > metadata.json

# ---- extract: relative urls, order, duplicates ----

uuid() { printf '%s' "$1" | sha224sum | head -c 24; }
red=http://a.example/dir/red.jpg cat=http://a.example/y.gif plain=http://a.example/dir/plain.jpg
dog=http://c.example/z.png

# line URL TEXTS
line() { printf '{"uuid":"%s","url":"%s","texts":[%s]}\n' "$(uuid "$1")" "$1" "$2"; }

{
    line $red '["alt","a red car"],["title","a photo"]'
    line $cat '["alt","photo of a cat or of a caterpillar"]'
    line $plain '["alt","nothing here"]'
    line $dog '["alt","a photo: a dog!"]'
} > want.pairs
expect 0 extract -o pairs.jsonl b.warc.gz a.warc.wat.gz
same pairs.jsonl want.pairs
[[ ! -s out ]] || fail "extract -o prints on standard output"
says err "  duplicates"
expect 0 extract --quiet a.warc.wat.gz b.warc.gz
same out want.pairs
[[ ! -s err ]] || fail "extract --quiet is not quiet"
expect 0 extract --json -o pairs.jsonl.gz a.warc.wat.gz b.warc.gz
says out '"pairs_duplicate":2'
says out '"records_without_text":1'
gzip -dc pairs.jsonl.gz | cmp - want.pairs || fail "pairs.jsonl.gz differs"
expect 0 extract --no-dedup -q -j 2 a.warc.wat.gz b.warc.gz
equal "$(wc -l < out)" 6 "records with duplicates"

# ---- match, count ----
{
    line $red '["alt","a red car",[2]],["title","a photo",[0]]'
    line $cat '["alt","photo of a cat or of a caterpillar",[0,1]]'
    line $dog '["alt","a photo: a dog!",[0,3]]'
} > want.matched
expect 0 match -m metadata.json -o matched.jsonl pairs.jsonl
same matched.jsonl want.matched
"$METACLIP" match -q -m metadata.json - < pairs.jsonl > piped || fail "match does not read a pipe"
same piped want.matched
expect 0 count -m metadata.json -o entry_count.npy matched.jsonl
equal "$(tail -c 40 entry_count.npy | od -An -v -t u8 | xargs)" "3 1 1 1 0" "entry counts"
says entry_count.npy.meta.json "$(printf 'photo\ncat\nred car\ndog\nnever seen\n' | sha256sum | head -c 64)"

# ---- balance: all that hold a tail entry stay; "a photo" stays in a third of the draws ----
expect 0 balance -m metadata.json --counts entry_count.npy -t 3 -o all.jsonl matched.jsonl
same all.jsonl want.matched
[[ -f all.jsonl.datacard.json ]] || fail "there is no data card beside all.jsonl"
{
    line $red '["alt","a red car",[2]]'
    sed 1d want.matched
} > want.without
kept=0
for seed in {1..30}; do
    expect 0 balance -q --counts entry_count.npy -t 1 --seed "$seed" -o kept.jsonl matched.jsonl
    if cmp -s kept.jsonl want.matched; then
        kept=$((kept + 1))
    else
        same kept.jsonl want.without
    fi
done
((kept > 2 && kept < 20)) || fail "\"a photo\" is kept in $kept of 30 draws, want about 10"
[[ ! -e kept.jsonl.datacard.json ]] || fail "a data card without metadata"
expect 0 balance -q --no-card -m metadata.json --counts entry_count.npy -t 1 --seed 7 \
    -o curated.jsonl matched.jsonl
[[ ! -e curated.jsonl.datacard.json ]] || fail "a data card in spite of --no-card"

# ---- card: the same from files as from balance; the largest entries; differences ----
expect 0 balance -q -m metadata.json --counts entry_count.npy -t 1 --seed 7 --card b.json \
    -o curated.jsonl matched.jsonl
expect 0 card -q -m metadata.json --counts entry_count.npy --curated curated.jsonl -t 1 --seed 7 \
    -o c.json
expect 0 card -q -m metadata.json --curated curated.jsonl -t 1 --seed 7 -o d.json matched.jsonl
same d.json b.json
expect 0 card --top 2 -m metadata.json b.json
says out "   1  photo                      3  50.0 %  "
says out "50.0 %"
equal "$(wc -l < out)" 3 "lines of --top 2"
expect 0 card --top 2 --json -m metadata.json b.json
says out '{"pool":{"matches":6,"largest":[{"id":0,"entry":"photo","count":3},{"id":1,'
expect 0 card --top 1 b.json # without the list by ids
says out "   1  0                          3  50.0 %  "
expect 0 card --top 1 --json b.json
says out '{"pool":{"matches":6,"largest":[{"id":0,"count":3}]'
expect 0 card --compare b.json c.json
says out "entries that differ      0"
expect 0 card --compare --json -m metadata.json all.jsonl.datacard.json b.json
says out '"same_metadata":true,"compared":"curated"'
equal "$(jq -c '.largest[0] | [.id, .entry, (.shares | length)]' out)" '[0,"photo",2]' 'the largest difference'
expect 0 card --compare -m metadata.json all.jsonl.datacard.json b.json
says out '  photo  '
echo '["other"]' > other.json
expect 1 card --compare -m other.json b.json c.json
says err 'the data card belongs to another metadata'

# ---- curate: the same, shard by shard, and again ----
expect 0 curate -q -m metadata.json -t 1 --seed 7 -o run b.warc.gz a.warc.wat.gz
cat run/matched/*/a.jsonl run/matched/*/b.jsonl > got
same got want.matched
cat run/curated/*/a.jsonl run/curated/*/b.jsonl > got
same got curated.jsonl
same run/entry_count.npy entry_count.npy
# balance sees matched pairs only; how many there were before, curate alone knows
grep -v '"pool_pairs"' b.json > want
grep -v '"pool_pairs"' run/datacard.json > got
same got want
find run -type f ! -name summary.json ! -path 'run/state/*' -exec sha256sum {} + | sort > before
expect 0 curate -q -m metadata.json -t 1 --seed 7 -o run a.warc.wat.gz b.warc.gz
find run -type f ! -name summary.json ! -path 'run/state/*' -exec sha256sum {} + | sort > after
same after before
expect 0 curate -q -m metadata.json -t 3 --seed 7 -o run a.warc.wat.gz b.warc.gz
cat run/curated/*/a.jsonl run/curated/*/b.jsonl > got
same got want.matched

# ---- info ----
expect 0 info metadata.json pairs.jsonl matched.jsonl entry_count.npy b.json run a.warc.wat.gz b.warc.gz
says out "metadata.json: metadata"
says out "entry_count.npy: entry counts"
says out "run: run folder"
says out "b.warc.gz: WARC"
expect 0 info --json metadata.json
says out '{"file":"metadata.json","kind":"metadata","facts":{'
expect 0 info --json run entry_count.npy
equal "$(jq -sc 'map(.facts) | [.[0].finished, .[0].shards, .[1].metadata_sha256 == .[0].metadata_sha256]' out)" \
    '[true,2,true]' 'facts for programs'
mkdir -p sh trained/checkpoints
echo '{"version":1,"kind":"images","embed_dim":16,"shard_rows":100,"type":"f32","precision":"fp32"}' > sh/embed.json
echo '{"model":"tiny-64","batch":128,"seen_pairs":25600}' > trained/config.json
expect 0 info --json sh trained
equal "$(jq -c '[.kind, .facts.numbers_a_row // .facts.batch]' out | xargs)" \
    '[folder of features,16] [training run,128]' 'folders'
expect 1 info sh/..
says err 'a folder, but none of ours'
expect 1 embed --model trained -o f.npy x.jpg
says err "embed: trained: a run of \`metaclip train\`; its models are the folders in trained/checkpoints"
