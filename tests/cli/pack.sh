# Packing: folders and tables become tars that we and others read back, with the same bytes however
# it was started, stopped and started again.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

n_kills=${METACLIP_KILLS:-10}

# image NAME KIND [BYTES]: a file that begins as an image does, and goes on with its name.
image() {
    case $2 in
        jpg) printf '\xff\xd8\xff\xe0' ;;
        png) printf '\x89PNG\r\n\x1a\n' ;;
        webp) printf 'RIFF\x10\0\0\0WEBPVP8 ' ;;
        gif) printf 'GIF89a' ;;
    esac > "$1"
    printf '%s' "$1" >> "$1"
    [[ -z ${3-} ]] || yes "$1" | head -c "$3" >> "$1"
}

mkdir -p in/sub
image in/b.jpg jpg
echo 'a blue bus' > in/b.txt
image in/sub/a.jpeg png
printf '{"alt":"an apple","title":"apple","url":"http://x/a","width":3}' > in/sub/a.json
image in/sub/c webp
echo 'no suffix' > in/sub/c.txt
image in/sub/no_text.png png
image in/d.gif gif
echo gif > in/d.txt
echo about > in/README
touch in/.hidden

# ---- what comes out, as we read it ----
expect 0 pack -o tars in
says err 'images                                                                  5'
says err 'no_text.png: without a text: there is no sub/no_text.txt or .json'
says err 'd.gif: GIF; JPEG, PNG and WebP are packed'
equal "$(ls tars | xargs)" '00000.tar 00000_stats.json pack.json state stats.csv stats.json' 'files'
expect 0 info tars
says out 'folder of packed images'
says out 'finished                  yes'
expect 0 extract -q tars/00000.tar
sha() { sha256sum "$1" | head -c 64; }
url_less() { printf '00000:%d' "$1" | sha224sum | head -c 24; }
{
    printf '{"uuid":"%s","url":"","texts":[["caption","a blue bus"]],' "$(url_less 0)"
    printf '"__key__":"000000000","key":"000000000","path":"b.jpg","sha256":"%s"}\n' "$(sha in/b.jpg)"
    printf '{"uuid":"%s","url":"http://x/a","texts":[["alt","an apple"],["title","apple"]],' \
        "$(printf http://x/a | sha224sum | head -c 24)"
    printf '"__key__":"000000001","key":"000000001","path":"sub/a.jpeg","sha256":"%s","width":3}\n' "$(sha in/sub/a.jpeg)"
    printf '{"uuid":"%s","url":"","texts":[["caption","no suffix"]],' "$(url_less 2)"
    printf '"__key__":"000000002","key":"000000002","path":"sub/c","sha256":"%s"}\n' "$(sha in/sub/c)"
} > want
same out want
expect 0 info tars/00000.tar
says out 'webdataset tar'
equal "$(sed -n 2p tars/stats.csv)" "00000,4,0,0,0,0,0,1,0,3,1,1,1,4,0,4,0,$(cat in/b.jpg in/sub/a.jpeg in/sub/c | wc -c),$(stat -c %s tars/00000.tar)" 'a row of stats.csv'
equal "$(jq -r .skipped[0][0] tars/00000_stats.json)" d.gif 'what a shard skipped'

# ---- as others read it ----
members='000000000.jpg 000000000.txt 000000000.json 000000001.png 000000001.txt 000000001.json 000000002.webp 000000002.txt 000000002.json'
if command -v tar > /dev/null; then
    equal "$(tar tf tars/00000.tar | xargs)" "$members" 'members'
    tar xf tars/00000.tar --to-stdout 000000001.png | cmp - in/sub/a.jpeg || fail 'the image is another'
    equal "$(tar xf tars/00000.tar --to-stdout 000000001.txt)" 'an apple' 'the text'
    equal "$(tar xf tars/00000.tar --to-stdout 000000001.json | jq -c '[.caption, .texts, .url, .width]')" \
        '["an apple",[["alt","an apple"],["title","apple"]],"http://x/a",3]' 'the json'
    equal "$(tar tvf tars/00000.tar --utc --full-time | awk '{ print $1, $2, $4, $5 }' | sort -u)" \
        '-rw-r--r-- 0/0 2000-01-01 00:00:00' 'the headers'
fi
if command -v python3 > /dev/null; then
    python3 - tars/00000.tar > got << 'PYTHON'
import sys, tarfile
with tarfile.open(sys.argv[1]) as tar:
    print(*[m.name for m in tar if m.isreg()])
PYTHON
    equal "$(cat got)" "$members" 'members, as Python reads them'
fi

# ---- --json, --quiet, and the two together with a finished folder ----
cp -r tars before
expect 0 pack -q -o tars in
equal "$(cat out err)" '' 'what --quiet says'
same tars/stats.csv before/stats.csv
expect 0 pack --json -o tars in
equal "$(jq -c '[.files_found, .images_packed, .texts_packed, (.problems | length)]' out)" '[11,3,4,2]' 'the summary'
equal "$(jq -cS 'del(.tool, .problems, .seconds)' out)" "$(jq -cS . tars/stats.json)" 'stats.json'

# ---- tables ----
mkdir -p table/img
image table/img/1.jpg jpg
image table/img/2.jpg jpg
image 3.jpg jpg
printf 'filepath\ttitle\tscore\nimg/2.jpg\ttwo\t0.5\n../3.jpg\tthree\t1\nimg/1.jpg\tone\t2\nimg/2.jpg\tzwei\t0\nimg/4.jpg\tfour\t0\n' > table/t.tsv
expect 0 pack -o from_table --table table/t.tsv
says err 'table/t.tsv: row 5: img/4.jpg: No such file or directory'
expect 0 extract -q from_table/00000.tar
equal "$(jq -c '[.path, .texts, .score]' out)" \
    '["../3.jpg",[["title","three"]],"1"]
["img/1.jpg",[["title","one"]],"2"]
["img/2.jpg",[["title","two"],["title","zwei"]],"0.5"]' 'what is packed of a table'
(cd table && gzip -k t.tsv)
expect 0 pack -q -o from_packed --table table/t.tsv.gz
same from_packed/00000.tar from_table/00000.tar
"$METACLIP" pack --strict -o strict --table table/t.tsv 2> err && fail '--strict let a missing file pass'
says err 'and --strict was asked for'
[[ ! -e strict ]] || fail 'a folder of nothing was left'

# Parquet, in and out, where DuckDB's library is.
printf '{"uuid":"u","url":"img/1.jpg","texts":[["alt","one"]]}\n' > table/own.jsonl
expect 0 extract -q -o table/own.parquet table/own.jsonl
if "$METACLIP" extract -q -o back table/own.parquet 2> err; then
    expect 0 pack -q --parquet -o own --table table/own.parquet
    expect 0 extract -q -o got own/00000.tar
    expect 0 extract -q own/00000.parquet
    same out got
    equal "$(jq -c '[.uuid, .texts]' out)" '["u",[["alt","one"]]]' 'the pairs of a tar as Parquet'
    expect 1 pack -q -o own --table table/own.parquet
    says err '--parquet'
else # writing needs no library
    says err "DuckDB"
    expect 0 pack -q --parquet -o own --table table/own.jsonl
    [[ $(head -c 4 own/00000.parquet) == PAR1 ]] || fail 'no Parquet'
fi

# ---- names from a file, one by one; the same files, the same bytes ----
find in -type f ! -name '.*' ! -name README ! -name '*.txt' ! -name '*.json' | shuf --random-source=<(yes) > names
expect 0 pack -q -o by_name -T names
equal "$(tar xf by_name/00000.tar --to-stdout 000000000.json | jq -r .path)" a.jpeg 'the name of an image that was named'
cp -a in moved
expect 0 pack -q -o of_moved moved
same of_moved/00000.tar tars/00000.tar
same of_moved/stats.json tars/stats.json

# ---- killed at any moment, and started again ----
mkdir -p many/deep
for i in {1..300}; do
    image "many/$i.jpg" jpg $((RANDOM % 30000))
    echo "image number $i" > "many/$i.txt"
done
image many/deep/large.png png 3000000
echo 'a large one' > many/deep/large.txt
listing() { (cd "$1" && find . -type f ! -path './state/*' -print0 | sort -z | xargs -0 sha256sum); }
packs() { "$METACLIP" pack -q --samples 16 "$@" many; }
packs -j 1 -o plain || fail 'pack'
listing plain > want
packs -j 3 -o threads || fail 'pack with threads'
listing threads > got
same got want
start=${EPOCHREALTIME/./}
packs -j 2 -o timed
whole_us=$((${EPOCHREALTIME/./} - start))
for ((i = 0; i < n_kills; i++)); do
    ((i % 5)) || rm -rf killed
    wait_us=$((RANDOM * 32768 + RANDOM))
    killed_after "$(printf '%d.%06d' 0 $((wait_us % whole_us % 1000000 + 1000)))" pack -q --samples 16 -j 2 -o killed many
    if ((i % 5 == 4)); then
        packs -j 2 -o killed || fail 'a run after a kill'
        listing killed > got
        same got want
        [[ -z $(find killed -name '.*.tmp*') ]] || fail 'left-over temporaries'
    fi
done

# A full disk: a sentence, nothing half-written, and the next start goes on.
(
    trap '' XFSZ
    ulimit -f 200
    "$METACLIP" pack -q --samples 16 -o full many > out 2> err
) && fail 'a full disk went unnoticed'
says err 'cannot write'
[[ -z $(find full -name '.*.tmp*') ]] || fail 'a full disk left temporaries'
[[ ! -e full/stats.json ]] || fail 'it calls itself finished'
packs -o full || fail 'a run after a full disk'
listing full > got
same got want

# ---- refused, and the folder stays what it is ----
refused() {
    local words=$1
    shift
    expect 1 pack -q "$@"
    says err "$words"
    listing plain > got
    same got want
}
refused '--samples' --samples 17 -o plain many
refused 'other images' --samples 16 -o plain many in
touch many/7.jpg
refused 'have changed since' --samples 16 -o plain many
refused 'it has no pack.json' -o in table
refused 'this is a file' -o names in
expect 2 pack -o x
says err 'no INPUT was given'
expect 2 pack in
says err '-o DIR is missing'
expect 2 pack -o - in
says err 'cannot be standard output'
expect 2 pack -o x --samples 0 in
expect 2 pack -o x --max-image-bytes 8G in
expect 2 pack -o x -
expect 1 pack -o x nothing_here
says err 'nothing_here: cannot open it'
expect 1 pack -o x .git_is_not_here
[[ ! -e x ]] || fail 'a refused call made its folder'
