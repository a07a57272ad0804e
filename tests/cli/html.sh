# Reading HTML by the scanner and by Gumbo gives the same, in extract and in curate.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

# page HTML...: a WARC of one response each on standard output
page() {
    local html block
    for html; do
        block=$(printf 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n%s.' "$html")
        block=${block%.}
        printf 'WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://h/%d\r\n' "${#html}"
        printf 'Content-Length: %d\r\n\r\n%s\r\n\r\n' "${#block}" "$block"
    done
}

page '<base href=/b/><img src=a alt="a red &amp; blue car"><script>"<img src=x alt=no>"</script>' \
    '<table><tr><td><img src=2 alt=two></td></tr><img src=1 alt=one></table>' \
    '<svg><title><img src=3 alt=three></title></svg>' '<frameset><img src=4 alt=four></frameset>' \
    '<select><img src=5 alt=five></select><template><img src=6 alt=six></template>' > odd.warc
inputs=(odd.warc)
real=${METACLIP_SHARED-}/data/real
[[ ! -d $real ]] || inputs+=("$real"/{IAH-urls-wget,warcfile,whirlwind}.warc.gz)

for html in scan gumbo; do
    expect 0 extract --html "$html" --no-dedup -o "$html.jsonl" "${inputs[@]}"
done
same scan.jsonl gumbo.jsonl
expect 0 extract -o default.jsonl "${inputs[0]}"
equal "$(jq -c '[.texts[][1]]' default.jsonl | xargs)" \
    '[a red & blue car] [one] [two] [three] [six]' "texts"

printf '["red", "two"]' > m.json
for html in scan gumbo; do
    expect 0 curate --html "$html" -m m.json -o "$html" "${inputs[@]}"
done
diff -r scan gumbo -x summary.json -x state > /dev/null || fail "run folders differ by --html"
# A run goes on with the other one: it does not bear on the result.
expect 0 curate --html gumbo -m m.json -o scan "${inputs[@]}"

expect 2 extract --html fast odd.warc
says err '"fast" is not one of scan|gumbo'
