# Metadata's sources: words, pairs and titles are counted exactly, in any form of input, on any number
# of threads, over kills; and merged in the recipe's order.
. "$(dirname "$0")/lib.sh"
command -v bzip2 > /dev/null || skip "there is no bzip2"

# ---- a text of Zipf-like words, and its counts by awk ----
awk 'BEGIN {
    srand(7)
    for (i = 0; i < 60000; i++) {
        line = ""
        for (j = 0; j < 12; j++) {
            r = rand()
            line = line "w" int(exp(r * log(5000))) (rand() < 0.1 ? ". " : " ")
        }
        print line
    }
}' > text.txt
awk '{
    last = ""
    for (i = 1; i <= NF; i++) {
        word = $i
        sub(/\.$/, "", word)
        words[word]++
        n++
        if (last != "") pairs[last " " word]++
        last = $i ~ /\.$/ ? "" : word
    }
}
END {
    for (w in words) if (words[w] >= 100) printf "%s\t%d\n", w, words[w] > "want.words"
    for (p in pairs) if (pairs[p] >= 100) {
        split(p, xy, " ")
        printf "%.17g\t%s\t%d\n", pairs[p] / (words[xy[1]] * words[xy[2]]), p, pairs[p] > "want.pairs"
    }
}' text.txt
sort -t "$(printf '\t')" -k2,2nr -k1,1 want.words > want.unigrams
sort -t "$(printf '\t')" -k1,1gr -k2,2 want.pairs | cut -f2,3 > want.bigrams
[[ $(wc -l < want.unigrams) -gt 300 && $(wc -l < want.bigrams) -gt 150 ]] || fail "the text is too small"

# check DIR: its lists are those.
check() {
    same "$1/unigrams.tsv" want.unigrams
    cut -f1,2 "$1/bigrams.tsv" > got.bigrams
    same got.bigrams want.bigrams
}

expect 0 metadata ngrams -l en -o plain text.txt
check plain
sha=$(jq -r .sha256 plain/bigrams.tsv.meta.json)
equal "$sha" "$(sha256sum < plain/bigrams.tsv | cut -d' ' -f1)" "the list's hash in its sidecar"
equal "$(jq -r '.inputs[0].sha256' plain/bigrams.tsv.meta.json)" "$(sha256sum < text.txt | cut -d' ' -f1)" \
    "the input's hash in the sidecar"
equal "$(jq -c '[.kind, .entries, .language]' plain/unigrams.tsv.meta.json)" \
    "[\"unigrams\",$(wc -l < want.unigrams),\"en\"]" "the sidecar"

# ---- the same in every form, with more threads and little memory ----
mkdir parts
split -n l/7 text.txt parts/p
bzip2 -1 -k text.txt
cat text.txt | gzip > text.txt.gz
for part in parts/*; do bzip2 -c "$part"; done > many.bz2
{
    echo '<mediawiki><siteinfo><namespaces><namespace key="6">Bild</namespace></namespaces></siteinfo>'
    for part in parts/*; do
        echo "<page><title>x</title><ns>0</ns><revision><text>{{a|w1 w1}} [[Bild:x.png|w1 w2]]"
        sed "3s/ w/ [[x|w/; 3s/\$/]]/" "$part"
        echo '</text></revision></page>'
        echo '<page><title>x</title><ns>4</ns><revision><text>w1 w1</text></revision></page>'
    done
    echo '</mediawiki>'
} | bzip2 > dump.xml.bz2
n=0
for input in text.txt.bz2 text.txt.gz many.bz2 parts dump.xml.bz2; do
    n=$((n + 1))
    expect 0 metadata-ngrams -l en -j $((n % 3 + 1)) --memory 16M -o out.$n --json $input
    check out.$n
done
equal "$(jq -c '[.pages_read, .pages_counted, .pages_other]' out)" "[14,7,7]" "pages"
ls out.1/state/ngrams/000002.words > /dev/null || fail "16M of memory made one run only"

# ---- killed, and on ----
kills=0
while [[ ! -e killed/bigrams.tsv ]]; do
    kills=$((kills + 1))
    ((kills < 200)) || fail "it does not get on"
    killed_after "$((kills / 10)).$((kills % 10))" metadata ngrams -l en -j 2 --memory 16M -o killed text.txt.bz2
done
expect 0 metadata ngrams -l en -o killed text.txt.bz2
says err 'counted before'
check killed
expect 1 metadata ngrams -l en -o killed text.txt
says err 'holds counts of other inputs'

# ---- other limits need no reading ----
expect 0 metadata ngrams -l en -o plain --min-count 1000 --max-bigrams 50 text.txt
says err 'counted before'
equal "$(wc -l < plain/bigrams.tsv)" 50 "--max-bigrams"
equal "$(wc -l < plain/unigrams.tsv)" "$(awk '$2 >= 1000' want.unigrams | wc -l)" "--min-count"
expect 0 metadata ngrams -l en -o plain --worldwide text.txt
kinds=$(jq .kinds plain/unigrams.tsv.meta.json)
equal "$(wc -l < plain/unigrams.tsv)" $((kinds / 10)) "a tenth of the words"
equal "$(wc -l < plain/bigrams.tsv)" $((kinds / 10 * 2 / 5)) "40 % of that in pairs"
expect 0 metadata ngrams -l en -o plain --pmi 8 text.txt
says err 'takes the paper literally'
awk -F'\t' '$3 < 8 { exit 1 }' plain/bigrams.tsv || fail "--pmi lists pairs below"
[[ $(awk -F'\t' '$2 == 1' plain/bigrams.tsv | wc -l) -gt 100 ]] || fail "--pmi has no rare pairs"
"$METACLIP" metadata ngrams -l en -o plain text.txt 2> /dev/null
check plain

# ---- titles ----
mkdir views
for hour in 0 1 2; do
    {
        printf 'de Rotes_Auto 500 0\nen Red_car %s 0\nen.m Red_car 1000 0\n' $((20 + hour * 20))
        printf 'en Talk:Red_car 900 0\nen - 900 0\nen Caf\xc3\xa9 70 0\nen Wrong\xff 80 0\nen broken line 5\n'
        printf 'en Seen 69 0\nen 100%% 50 0\n'
    } | gzip > views/pageviews-20240101-0${hour}0000.gz
done
expect 0 metadata titles -l en -o plain --json views
printf 'Café\t210\nSeen\t207\n100%%\t150\n' > want.titles
same plain/titles.tsv want.titles
equal "$(jq -c '[.lines_read == .lines_counted + .lines_other + .lines_damaged, .lines_damaged]' out)" '[true,3]' \
    "lines of page views"
expect 0 metadata titles -l en -o ww --worldwide --top-share 0.5 views
equal "$(cat ww/titles.tsv)" "$(printf 'Red car\t3120\nCafé\t210')" "titles of the worldwide recipe"
expect 1 metadata titles -l en -o bad dump.xml.bz2
says err 'a dump of pages'

# ---- merging ----
printf '# wn\tfra\n00001740-n\tlemma\tentit\xc3\xa9\n00001740-n\tfra:lemma\tchose_rouge\n' > fra.tab
printf '00001740-n\tfra:def\t0\tune d\xc3\xa9finition\n00001740-n\tfra:lemma\t7\n' >> fra.tab
printf 'w1\t9\n\xe3\x80\x82\t8\n7\t8\nw2\t7\nw3\t6\n' > u.tsv
printf 'w1 w2\t9\t1.5000\nw2 w3\t8\t0.5000\n' > b.tsv
printf 'entit\xc3\xa9\t99\nA title\t98\nAnother\t97\n' > t.tsv
expect 0 metadata --omw fra.tab --unigrams u.tsv --bigrams b.tsv --titles t.tsv --max-unigrams 2 \
    --max-titles 1 -o list.json --json
jq -c '.[100:]' list.json > got
printf '["entité","chose rouge","w1","w2","w1 w2","w2 w3","A title"]\n' > want
same got want
equal "$(jq -c '[.sources[] | [.read, .dropped, .duplicate, .over, .added]]' out)" \
    '[[100,0,0,0,100],[3,0,1,0,2],[5,1,1,1,2],[2,0,0,0,2],[3,0,1,1,1]]' "what the sources gave"
equal "$(jq -r .metadata_sha256 list.json.meta.json)" "$(jq -r '.[]' list.json | sha256sum | cut -d' ' -f1)" \
    "the list's hash"
equal "$(jq -r '.sources[2].sha256' list.json.meta.json)" "$(sha256sum < u.tsv | cut -d' ' -f1)" "a source's hash"
expect 0 metadata --stats list.json
says out 'Open Multilingual WordNet'
says out 'unigrams                   numbers 0 to 99                       1'
equal "$(expect 0 metadata --stats --json list.json; jq -c '[.sources[] | .entries, .can_match]' out)" \
    '[100,100,2,2,2,2,2,2,1,1]' "--stats"
expect 0 metadata --unigrams u.tsv --budget 102 -o short.json
equal "$(jq length short.json)" 102 "--budget"
expect 0 metadata --diff --json list.json short.json
equal "$(jq -c '[.both, .moved, .only]' out)" '[102,2,[5,0]]' "--diff"
printf 'no count\n' > bad.tsv
expect 1 metadata --unigrams bad.tsv -o no.json
says err 'bad.tsv: line 1: it is not "entry TAB count"'
cp list.json.meta.json short.json.meta.json
expect 1 metadata --stats short.json
says err 'belongs to another list'

# ---- all commands read bzip2 ----
bzip2 -k list.json
expect 0 metadata --check list.json.bz2
says out "$(jq -r .metadata_sha256 list.json.meta.json)"

# ---- real dumps ----
real=${METACLIP_SHARED:-/nowhere}/data/real/wiki
[[ -d $real ]] || exit 0
for dump in "$real"/*.bz2; do
    name=$(basename "$dump" .bz2)
    expect 0 metadata ngrams -l en -o "real.$name" --min-count 1 --bigram-min-count 1 --json "$dump"
    equal "$(jq -c '[.pages_damaged, .gaps]' out)" '[0,0]' "damage of $name"
    equal "$(jq .pages_read out)" "$(bzip2 -dc "$dump" | grep -c '<page>')" "pages of $name"
    equal "$(jq .pages_redirect out)" "$(bzip2 -dc "$dump" | grep -c '<redirect')" "redirects of $name"
    bzip2 -dc "$dump" > "$name.xml"
    expect 0 metadata ngrams -l en -o "real.plain.$name" -j 3 --min-count 1 --bigram-min-count 1 "$name.xml"
    same "real.plain.$name/unigrams.tsv" "real.$name/unigrams.tsv"
    same "real.plain.$name/bigrams.tsv" "real.$name/bigrams.tsv"
done
# Prose is what is counted: no words of markup are among the frequent ones.
head -n 2000 real.enwiki-165-pages.xml/unigrams.tsv | cut -f1 > frequent
! grep -qxE 'thumb|px|nbsp|colspan|cellpadding|http|https|ref|cite|jpg|svg|frac|mathbf' frequent ||
    fail "words of markup are among the frequent ones"
