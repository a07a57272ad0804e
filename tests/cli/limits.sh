# No input makes the command crash, hang or take unbounded memory. Under a limit on memory, so only
# where the build can live with one (sanitizers cannot).
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

limit_kb=$((700 * 1024)) # two workers with a line of 64 MiB each, several times over
(ulimit -v $limit_kb && "$METACLIP" --version > out 2>&1) || skip 'this build needs more address space'

limited() {
    shown="metaclip $*"
    (ulimit -v $limit_kb && exec "$METACLIP" "$@" > out 2> err < /dev/null)
    code=$?
    ((code == 0)) || fail "$shown: exit code $code"
}

counter() {
    equal "$(jq ".$1" out)" "$2" "$shown: $1"
}

good='{"uuid":"u","url":"http://a/b.jpg","texts":[["alt","a red car"]]}'

# A line of 1 GiB between two good ones.
{
    printf '%s\n' "$good"
    head -c 1G /dev/zero | tr '\0' a
    printf '\n%s\n' "${good/red/blue}"
} | zstd -1 -q > long.jsonl.zst
limited extract --json -j 2 -o got.jsonl long.jsonl.zst
counter items_skipped 1
counter records_kept 2

# JSON nested a million deep, and a very long array that never ends.
{
    printf '%s\n' "$good"
    head -c 1000000 /dev/zero | tr '\0' '['
    printf '\n%s\n' "${good/red/blue}"
} > deep.jsonl
limited extract --json -o got.jsonl deep.jsonl
counter items_skipped 1
counter records_kept 2
{
    printf '[%s' "$good"
    head -c 200M /dev/zero | tr '\0' ' '
    printf ', "'
    head -c 500M /dev/zero | tr '\0' x
} > array.json
limited extract --json -o got.jsonl array.json
counter records_kept 1
counter shards_damaged 1

# Archive records that claim more than there is, or than there can be.
page='HTTP/1.1 200 OK
Content-Type: text/html

<img src=a.jpg alt="a red car">'
record() {
    printf 'WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a/%s\r\nContent-Length: %s\r\n\r\n%s\r\n\r\n' \
        "$1" "${2:-${#page}}" "$page"
}
for length in 9223372036854775807 9223372036854775808 18446744073709551616 999999999999999999999999 -1 x; do
    { record first; record bad "$length"; record last; } > claims.warc
    limited extract --json -o got.jsonl claims.warc
    (($(jq .items_skipped out) >= 1)) || fail "a length of $length went unnoticed"
    says got.jsonl 'http://a/a.jpg'
done

# A gzip bomb in the body of a response, and one as a member of the archive.
{
    printf 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n'
    head -c 1G /dev/zero | gzip -1
} > bomb
{
    record first
    printf 'WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a/bomb\r\nContent-Length: %d\r\n\r\n' \
        "$(stat -c %s bomb)"
    cat bomb
    printf '\r\n\r\n'
    record last
} > bomb.warc
limited extract --json --no-dedup -o got.jsonl bomb.warc
counter items_skipped 1
counter records_kept 2
{
    record first | gzip
    {
        printf 'WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 1073741824\r\n\r\n'
        head -c 1G /dev/zero
        printf '\r\n\r\n'
    } | gzip -1
    record last | gzip
} > member.warc.gz
limited extract --json --no-dedup -o got.jsonl member.warc.gz
counter items_skipped 1
counter records_kept 2

# HTML nested deeper than any stack, and with a million attributes.
wrap() {
    printf 'WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a/b\r\nContent-Length: %d\r\n\r\n' \
        "$(stat -c %s "$1")"
    cat "$1"
    printf '\r\n\r\n'
}
{
    printf 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<img src=1.jpg alt=one>'
    yes '<div><b><i>' | head -300000 | tr -d '\n'
} > nested
{
    printf 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<img src=2.jpg alt=two '
    seq -f 'a%.0f=1' 100000 | tr '\n' ' '
    printf '>'
} > attributes
{ record first; wrap nested; wrap attributes; record last; } > html.warc
limited extract --json --no-dedup -o got.jsonl html.warc
(($(jq .records_kept out) >= 2)) || fail 'good pages beside hostile ones were lost'

# A table with a field of 1 GiB, or with a row of commas alone; captions of which one is too long.
# table HEADER BEFORE BYTE BEHIND [SIZE]
table() {
    printf '%s\na red car,1\n' "$1"
    printf '%s' "$2"
    head -c "${5:-200M}" /dev/zero | tr '\0' "$3"
    printf '%s\na cat,2\n' "$4"
}
table text,n 'b,"' x '"' 1G | zstd -1 -q > field.csv.zst
table text,n b, , '' | zstd -1 -q > row.csv.zst
table text,n b, '\1' '' | zstd -1 -q > controls.csv.zst
table captions '' '"' '' | zstd -1 -q > captions.txt.zst
for file in field.csv row.csv controls.csv captions.txt; do
    limited extract --json --no-dedup -j 2 -o got.jsonl $file.zst
    counter items_skipped 1
    counter records_kept $([[ $file == captions.txt ]] && echo 3 || echo 2)
done
table text,n b, '"' '' | zstd -1 -q > quotes.csv.zst # not closed, or closed a line later
limited extract --json -o got.jsonl quotes.csv.zst
says got.jsonl 'a red car'

# A tar of a text and an image that are long, one whose text claims more than there can be, and one
# of nothing but headers' lists.
mkdir tar
printf 'a red car' > tar/1.txt
truncate -s 1G tar/2.jpg
truncate -s 1G tar/2.txt
printf 'a cat' > tar/3.txt
tar -cf - tar | zstd -1 -q > long.tar.zst
limited extract --json -o got.jsonl long.tar.zst
counter items_skipped 1
counter records_kept 2
tar --sparse -cf sparse.tar tar # the same, a few blocks long
limited extract --json -o got.jsonl sparse.tar
counter items_skipped 1
counter records_kept 2
