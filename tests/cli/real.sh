# Real files of many makers, healthy and damaged: what is sound is read, damage is named and
# counted, and is an error only with --strict. Needs the folder of real files; without it there is
# nothing to read.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

real=${METACLIP_SHARED-}/data/real
[[ -d $real ]] || skip 'the real files are not here'

# file: archive records or lines, of these used, passed over, skipped; images, of these kept
cases='
IAH-urls-wget.warc.gz               36 11 25  0   50 46
aut-example.txt.warc.gz              6  0  6  0    0  0
aut-issue-493.warc                  32  5 27  0   10  0
clipped.warc.gz                      1  0  0  1    0  0
empty.gz                             0  0  0  0    0  0
example-bad-non-chunked.warc.gz      6  1  5  0    0  0
example-bad.warc.gz.bad              6  2  4  0    0  0
example-iana.org-chunked.warc        3  1  2  0    0  0
example-resource.warc.gz             3  0  3  0    0  0
example-space-in-target-uri.warc.gz  2  0  2  0    0  0
example-trunc.warc                   5  1  3  1    0  0
example-wget-bad-target-uri.warc.gz  6  1  5  0    0  0
example.warc                         6  1  5  0    0  0
example.warc.gz                      6  1  5  0    0  0
html-lang-attribute.warc             5  5  0  0    0  0
link-extraction-test.warc           10  9  1  0    4  4
mutliple-headers.warc                1  1  0  0    0  0
warcfile.warc.gz                    50 16 34  0  151 32
whirlwind.warc.gz                    4  1  3  0   13  7
whirlwind.warc.wat.gz                2  0  2  0    0  0
'
while read -r file want; do
    [[ $file ]] || continue
    want=$(tr -s ' ' <<< "$want")
    expect 0 extract --json --no-dedup -o got.jsonl "$real/$file"
    got=$(jq -r '[.items_read, .items_used, .items_passed_over, .items_skipped, .records_read, .records_kept] | map(tostring) | join(" ")' out)
    equal "$got" "$want" "$file"
    equal "$(wc -l < got.jsonl)" "${want##* }" "$file: lines"
    read -r _ _ _ skipped _ <<< "$want"
    ((skipped)) || continue
    says out "$file"
    expect 1 extract --strict --no-dedup -o got.jsonl "$real/$file"
    says err "$file"
done <<< "$cases"

# Nothing in it is readable, but that is no reason to stop.
expect 0 extract --json -o got.jsonl "$real/double-single-inflate-error.gz"
equal "$(jq '.records_kept, .shards_damaged' out | tr '\n' ' ')" '0 1 ' 'double-single-inflate-error.gz'

# What holds no images, or is of another age, is refused by its name.
for file in aut-badexample.arc.gz bad.arc example.arc.gz; do
    expect 1 extract -o never.jsonl "$real/$file"
    says err 'ARC file'
done
expect 1 extract -o never.jsonl "$real/whirlwind.warc.wet.gz"
says err 'WET file'
[[ ! -e never.jsonl ]] || fail 'a refused file left an output'
