#!/usr/bin/env bash
# A synthetic pool for tests: WARC and WAT shards of pages with images, and a metadata list.
#
#   make_pool.sh OUT SHARDS PAGES [SEED]
#
# Writes OUT/shard-NNN.warc.gz (odd ones) and OUT/shard-NNN.warc.wat.gz (even ones), PAGES pages
# each, and OUT/metadata.json. The same arguments give the same bytes. About one image in five is
# on another page too, so that there are duplicates; words are drawn with falling frequency, so
# that there are head and tail entries. Needs awk and gzip.
set -euo pipefail
export LC_ALL=C

out=$1 n_shards=$2 n_pages=$3 seed=${4:-1}
mkdir -p "$out"

awk 'BEGIN {
    printf "["
    for (i = 0; i < 400; i++)
        printf "%s\"word%d\"", (i ? ", " : ""), i
    for (i = 0; i < 200; i++)
        printf ", \"word%d word%d\"", i % 20, i % 31
    print "]"
}' >"$out/metadata.json"

# One page a line on the way: url, then its images as url|alt, separated by tabs.
pages() {
    awk -v n="$n_pages" -v seed="$1" 'BEGIN {
        srand(seed)
        for (p = 0; p < n; p++) {
            line = "http://host" int(rand() * 50) ".example/dir/page" seed "-" p ".html"
            for (k = int(rand() * 6); k >= 0; k--) {
                shared = rand() < 0.2
                image = shared ? "/shared/" int(rand() * 200) ".jpg" : "img/" seed "-" p "-" k ".png"
                alt = ""
                for (w = shared ? 3 : int(rand() * 8); w > 0; w--) {
                    r = shared ? (w * 7 % 30) : int(400 * rand() * rand() * rand())
                    alt = alt (alt == "" ? "" : rand() < 0.1 ? ", " : " ") "word" r
                }
                line = line "\t" image "|" alt
            }
            print line
        }
    }'
}

warc() {
    awk -F '\t' '{
        html = "<html><body>"
        for (i = 2; i <= NF; i++) {
            split($i, image, "|")
            html = html "<p><img src=\"" image[1] "\" alt=\"" image[2] "\"></p>\n"
        }
        http = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" html "</body></html>"
        printf "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: %s\r\n", $1
        printf "Content-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", length(http), http
    }'
}

wat() {
    awk -F '\t' '{
        links = ""
        for (i = 2; i <= NF; i++) {
            split($i, image, "|")
            links = links (i > 2 ? "," : "") "{\"path\":\"IMG@/src\",\"url\":\"" image[1] "\",\"alt\":\"" image[2] "\"}"
        }
        json = "{\"Envelope\":{\"WARC-Header-Metadata\":{\"WARC-Target-URI\":\"" $1 "\"},\"Payload-Metadata\":{\"HTTP-Response-Metadata\":{\"HTML-Metadata\":{\"Links\":[" links "]}}}}}"
        printf "WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Target-URI: %s\r\n", $1
        printf "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", length(json), json
    }'
}

for ((i = 0; i < n_shards; i++)); do
    name=$(printf '%s/shard-%03d' "$out" "$i")
    if ((i % 2)); then
        pages "$seed$i" | warc | gzip -n -1 >"$name.warc.gz"
    else
        pages "$seed$i" | wat | gzip -n -1 >"$name.warc.wat.gz"
    fi
done
