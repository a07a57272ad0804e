# The forms in which pools come besides crawls: tables, webdataset tars, captions. What is read is
# the same whatever holds it, and what else a row says is carried to the end.
. "$(dirname "$0")/lib.sh"

printf '["car","cat","red car"]\n' > metadata.json
uuid() { printf '%s' "$1" | sha224sum | head -c 24; }

# ---- the same three pairs, as csv, tsv and tar ----
printf '\xef\xbb\xbfURL,TEXT,similarity,NSFW\r\nhttp://a/1,"a red, ""red"" car",0.31,UNLIKELY\r\n' > laion.csv
printf 'http://a/2,"a cat\r\non two lines",0.5,\r\nhttp://a/3,nothing here,1,x\r\n' >> laion.csv
{
    printf 'URL\tTEXT\tsimilarity\tNSFW\n'
    printf 'http://a/1\t"a red, ""red"" car"\t0.31\tUNLIKELY\n'
    printf 'http://a/2\t"a cat\r\non two lines"\t0.5\t\nhttp://a/3\tnothing here\t1\tx\n'
} > laion.tsv
{
    printf '{"uuid":"%s","url":"http://a/1","texts":[["text","a red, \\"red\\" car"]],' "$(uuid http://a/1)"
    printf '"similarity":"0.31","NSFW":"UNLIKELY"}\n'
    printf '{"uuid":"%s","url":"http://a/2","texts":[["text","a cat\\r\\non two lines"]],' "$(uuid http://a/2)"
    printf '"similarity":"0.5","NSFW":""}\n'
    printf '{"uuid":"%s","url":"http://a/3","texts":[["text","nothing here"]],' "$(uuid http://a/3)"
    printf '"similarity":"1","NSFW":"x"}\n'
} > want
gzip -k laion.csv
zstd -q laion.tsv
for file in laion.csv laion.tsv laion.csv.gz laion.tsv.zst; do
    expect 0 extract -q "$file"
    same out want
done
expect 0 match -q -m metadata.json laion.csv
sed 's/"\]\]/",[0]]]/; 3d' want | sed '2s/\[0\]/[1]/' > want.matched
same out want.matched
expect 0 curate -q -m metadata.json -t 20000 -o run laion.csv.gz
same "$(echo run/curated/*/laion.jsonl)" want.matched

# ---- tars: texts from .txt and .json, in every form that tar writes ----
mkdir samples
head -c 20000 /dev/zero > samples/1.jpg
head -c 70000 /dev/zero > samples/2.webp
printf 'a red car\n' > samples/1.txt
printf '{"caption":"a cat","url":"http://a/2","key":"2","width":512}' > samples/2.json
printf 'a cat' > samples/2.txt
printf '{"texts":[["alt","a car"],["title","a cat"]],"uuid":"u3"}' > samples/3.json
name="$(printf 'long-%.0s' {1..30}).with.dots.txt"
printf 'no text, for "txt" is not all that is behind the first dot' > aside
{
    printf '{"uuid":"%s","url":"","texts":[["txt","a red car"]],"__key__":"samples/1"}\n' "$(uuid pool:0)"
    printf '{"uuid":"%s","url":"http://a/2","texts":[["caption","a cat"]],' "$(uuid http://a/2)"
    printf '"__key__":"samples/2","key":"2","width":512}\n'
    printf '{"uuid":"u3","url":"","texts":[["alt","a car"],["title","a cat"]],"__key__":"samples/3"}\n'
} > want
for form in v7 ustar gnu pax; do
    [[ $form != gnu ]] || mv aside "samples/$name" # longer than older forms can hold
    tar --sort=name --format=$form -cf pool.tar samples
    for packer in cat gzip 'zstd -q'; do
        suffix=
        [[ $packer != gzip ]] || suffix=.gz
        [[ $packer != zstd* ]] || suffix=.zst
        [[ $packer == cat ]] || $packer < pool.tar > pool.tar$suffix
        expect 0 extract -q pool.tar$suffix
        same out want
    done
    # By content where there is no name; v7 has no magic number to tell it by.
    [[ $form == v7 ]] && continue
    "$METACLIP" extract -q - < pool.tar | sed '1s/"uuid":"[^"]*"/"uuid":"x"/' > piped
    sed '1s/"uuid":"[^"]*"/"uuid":"x"/' want > want.piped
    same piped want.piped
done
expect 0 extract --json -o got.jsonl pool.tar
equal "$(jq -c '[.records_read, .records_without_text, .records_kept, .pairs_kept]' out)" '[4,1,3,4]' \
    "counts of a tar"

# ---- captions; a file of pairs stays one whatever its name ----
printf 'a red car\n\n[photo] of a cat\r\n{nothing}' > captions.txt
{
    printf '{"uuid":"%s","url":"","texts":[["text","a red car"]]}\n' "$(uuid captions:0)"
    printf '{"uuid":"%s","url":"","texts":[["text","[photo] of a cat"]]}\n' "$(uuid captions:1)"
    printf '{"uuid":"%s","url":"","texts":[["text","{nothing}"]]}\n' "$(uuid captions:2)"
} > want
expect 0 extract -q captions.txt
same out want
gzip -c captions.txt > captions.txt.gz
expect 0 extract -q captions.txt.gz
same out want
cp want pairs.txt
expect 0 extract -q pairs.txt
same out want

# ---- info knows them ----
expect 0 info laion.csv.gz pool.tar
says out 'laion.csv.gz: pairs'
says out '  form                      table'
says out '  form                      webdataset tar'

# ---- bad input: told, counted, and what is sound is kept ----
printf 'text,n\na red car,1\na,b,c\na cat,2\n"open' > bad.csv
expect 0 extract --json -o got.jsonl bad.csv
equal "$(jq -c '[.items_skipped, .shards_damaged, .records_kept]' out)" '[2,1,2]' "counts of bad.csv"
says out 'row 2 at byte '
says out 'a quote is not closed'
expect 1 extract --strict -o got2.jsonl bad.csv
[[ ! -e got2.jsonl ]] || fail '--strict left a file'
printf 'url,width\nhttp://a/1,512\n' > no_texts.csv
expect 1 extract -o got2.jsonl no_texts.csv
says err 'no_texts.csv: a table without texts'
[[ ! -e got2.jsonl ]] || fail 'a refused table left a file'
size=$(stat -c %s pool.tar)
for cut in 100 700 21000 30000 $((size / 2)); do
    head -c "$cut" pool.tar > cut.tar
    expect 0 extract --json -o got.jsonl cut.tar
    equal "$(jq .shards_damaged out)" 1 "shards damaged, cut at $cut"
    jq -e . got.jsonl > /dev/null || fail "not JSON after a cut at $cut"
done
head -c 60 laion.csv.gz > cut.csv.gz
expect 0 extract --json -o got.jsonl cut.csv.gz
equal "$(jq .shards_damaged out)" 1 "a table that is cut inside its gzip member"

# Damage at the very start: captions go on at the next whole line, a table has lost its header.
for name in captions.txt table.csv; do
    printf 'text\na red\n' | gzip -n > $name.gz
    head -c 12 $name.gz > start
    { cat start; printf ' car\na cat\n' | gzip -n; } > $name.gz
    expect 0 extract --json -o got.jsonl $name.gz
    equal "$(jq .shards_damaged out)" 1 "a damaged start of $name"
done
expect 0 extract -q captions.txt.gz
equal "$(jq -c .texts out)" '[["text","a cat"]]' 'captions behind damage'
expect 0 extract -q table.csv.gz
equal "$(wc -c < out)" 0 'a table without its header'

# ---- a pipe that is told what it would be called ----
printf 'a red car\nno\n' > captions.txt
printf 'url,caption\nhttp://a.example/,a red car\n' > table.csv
echo '["car"]' > list.json
for file in captions.txt table.csv; do
    expect 0 match -q -m list.json "$file"
    cp out want
    "$METACLIP" match -q -m list.json --stdin-name "some/where/$file" - < "$file" > got || fail "match of $file"
    same got want
    expect 0 extract -q "$file"
    cp out want
    "$METACLIP" extract -q --stdin-name "$file" - < "$file" > got || fail "extract of $file"
    same got want
done
[[ -s want ]] || fail 'there was nothing to compare'
"$METACLIP" extract -q --shard-names path --keep source --stdin-name a/b.txt - captions.txt < captions.txt > got
equal "$(jq -r .source got | sort -u | xargs)" 'a/b.txt captions.txt' 'the source of a pipe with a name'
