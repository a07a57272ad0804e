# Block lists: what they name is not in the result, all of it is counted, and a list with a slip in it
# is refused. A small pool of which everything is known, then a larger one against grep.
. "$(dirname "$0")/lib.sh"

printf '["car","cat"]\n' > metadata.json
# record UUID URL TEXT...
record() {
    local uuid=$1 url=$2 texts=
    shift 2
    for text; do texts+="${texts:+,}[\"alt\",\"$text\"]"; done
    printf '{"uuid":"%s","url":"%s","texts":[%s]}\n' "$uuid" "$url" "$texts"
}
{
    record u1 http://a.example/1 "a car" "nothing"
    record u2 http://img.evil.example:8080/2 "a car" "a cat" "nothing"
    record u3 http://a.example/3 "a cat"
    record u4 http://a.example/4 "a cat"
    record u5 http://evil.example/5 "nothing"
    record u6 http://notevil.example/6 "a car"
} > pairs.jsonl
{
    sed -n '1s/\["alt","a car"\],.*/["alt","a car",[0]]]}/p' pairs.jsonl
    sed -n '6s/\]\]/,[0]]]/p' pairs.jsonl
} > want
printf '# takedown 17\r\nEvil.example\r\n\r\nhttp://a.example/3\r\n' > list.txt
printf 'uuid:u4\nuuid:u99\n' | gzip > uuids.gz
printf 'evil.example\n' | zstd -q > hosts.zst

# ---- what is named goes; the counts say why ----
expect 0 match --json -m metadata.json --block list.txt --block uuids.gz --block hosts.zst \
    -o got.jsonl pairs.jsonl
same got.jsonl want
equal "$(jq -c '[.records_read, .records_unmatched, .records_blocked, .records_kept]' out)" \
    '[6,1,3,2]' "records"
equal "$(jq -c '[.pairs_read, .pairs_unmatched, .pairs_blocked, .pairs_kept, .matches]' out)" \
    '[9,3,4,2,2]' "pairs"
equal "$(jq -c '[.blocked_by_uuid, .blocked_by_url, .blocked_by_host]' out)" '[1,1,1]' "kinds"
equal "$(jq -c '[.block_uuids, .block_urls, .block_hosts]' out)" '[2,1,1]' "items"
sha=$(jq -r .block_sha256 out)
[[ $sha =~ ^[0-9a-f]{64}$ ]] || fail "block_sha256 is $sha"
expect 0 match -m metadata.json --block list.txt --block uuids.gz pairs.jsonl
same out want
tr -s ' ' < err > words
says words " on a block list 3 50.0 %"
says words "images whose host is on a block list 1"
says words "uuids, urls and hosts on the block list 4"

# ---- a result is cleaned by matching it again ----
expect 0 match -q -m metadata.json -o all.jsonl pairs.jsonl
expect 0 match -q -m metadata.json --block list.txt --block uuids.gz -o got.jsonl all.jsonl
same got.jsonl want

# ---- the same in one list, said otherwise, through a pipe ----
"$METACLIP" match --json -m metadata.json --block - -o got.jsonl pairs.jsonl > out << 'LIST'
uuid:u99
*.EVIL.example.
uuid:u4
url:http://a.example/3
host:evil.example
LIST
same got.jsonl want
equal "$(jq -r .block_sha256 out)" "$sha" "the hash of the same items"
expect 0 match --json -m metadata.json --block list.txt -o got.jsonl pairs.jsonl
[[ $(jq -r .block_sha256 out) != "$sha" ]] || fail "other items have the same hash"

# ---- no list, and one of comments ----
expect 0 match --json -m metadata.json -o all.jsonl pairs.jsonl
equal "$(jq -c '[.block_sha256, .records_blocked, .pairs_blocked]' out)" '[null,0,0]' "without a list"
printf '# nothing yet\n' > empty.txt
expect 0 match --json -m metadata.json --block empty.txt -o got.jsonl pairs.jsonl
same got.jsonl all.jsonl
equal "$(jq -c '[.block_sha256 == null, .block_hosts]' out)" '[false,0]' "an empty list"

# ---- a list is taken whole or not at all ----
# refused SENTENCE LIST...
refused() {
    local sentence=$1
    shift
    expect 1 match -m metadata.json "${@/#/--block=}" -o never.jsonl pairs.jsonl
    says err "$sentence"
    [[ -z $(find . -name '*never.jsonl*') ]] || fail "$shown: leaves a file"
}
printf 'evil.example\nevil example\n' > slip.txt
refused 'slip.txt: line 2: "evil example" is no host, url or uuid; want' list.txt slip.txt
refused 'pairs.jsonl: line 1: ' pairs.jsonl
refused 'none.txt' none.txt
gzip -c < want > cut.gz
head -c 40 cut.gz > cut2.gz
refused 'cut2.gz: line 1: damaged' cut2.gz
expect 2 match -m metadata.json --block list.txt -o list.txt pairs.jsonl
says err "list.txt: the output would replace what is read"
expect 2 match -m metadata.json --block - -o got.jsonl -
says err "standard input is named 2 times"
expect 2 match -m metadata.json --block "" pairs.jsonl
says err "--block: the value is empty"

# ---- a larger pool: what is left is what grep leaves ----
bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 2 300 9
"$METACLIP" extract -q pool/shard-* > pool.jsonl
expect 0 match -q -m pool/metadata.json -o all.jsonl pool.jsonl
{
    printf 'host1%s.example\n' 0 1 2 3 4 5 6 7 8 9
    jq -r 'select(.url | endswith("7.jpg")) | .url' pool.jsonl
    jq -r .uuid pool.jsonl | grep '^0'
} > list.txt
jq -r 'select(.url | endswith("7.jpg")) | .url' pool.jsonl > listed_urls
jq -r .uuid pool.jsonl | grep '^0' > listed_uuids
grep -vE '"url":"http://host1[0-9]\.' all.jsonl | grep -vF -f <(sed 's/.*/"url":"&"/' listed_urls) |
    grep -vF -f <(sed 's/.*/"uuid":"&"/' listed_uuids) > want
(($(wc -l < want) > 100 && $(wc -l < all.jsonl) - $(wc -l < want) > 100)) || fail "too small a pool"
for threads in 1 3; do
    expect 0 match --json -j $threads -m pool/metadata.json --block list.txt -o got.jsonl pool.jsonl
    same got.jsonl want
    equal "$(jq '.records_read - .records_unmatched - .records_blocked' out)" "$(wc -l < want)" \
        "records that are left"
    equal "$(jq '.blocked_by_uuid + .blocked_by_url + .blocked_by_host - .records_blocked' out)" 0 \
        "kinds"
    equal "$(jq .matches out)" "$(jq -s '[.[].texts[][2] | length] | add' got.jsonl)" \
        "matches"
done
