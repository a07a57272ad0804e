# Languages by fastText models instead of CLD2: extract, match and curate alike; texts by language are
# counted; what is not a model is named; and the command fasttext, where it is, says the same.
. "$(dirname "$0")/lib.sh"
models=$METACLIP_SOURCE/tests/data/fasttext

en='the red car near the river' de='der Hund und die Katze im Garten' zh='红色 汽车 在 河边'
fr='le chien noir dans le jardin'
cat > pairs.jsonl << LINES
{"uuid":"u1","url":"http://a.example/1","texts":[["alt","$en"],["title","$de"]]}
{"uuid":"u2","url":"http://a.example/2","texts":[["alt","$zh"],["title","IMG 0012"]]}
{"uuid":"u3","url":"http://a.example/3","texts":[["alt","$fr"]]}
{"uuid":"u4","url":"http://a.example/4","texts":[["alt","$fr",null,"en"]]}
{"uuid":"u5","url":"http://a.example/5","texts":[["alt"," "]]}
LINES
codes='[.texts[] | .[3]] | join(" ")'

# ---- extract: plain and quantised, labels of either style, a least probability ----
all=en,de,zh,fr,ja,ru,es,und
for model in tree.bin tree.ftz each.bin words.bin; do
    expect 0 extract -q --lang $all --lid-model "$models/$model" pairs.jsonl
    got=$(jq -r "$codes" out | paste -sd'|')
    [[ $got == "en de|zh "*"|fr|en"* ]] || fail "$model: $got"
done
expect 0 extract -q --lang eng_Latn,deu_Latn,zho_Hans --lid-model "$models/softmax.bin" pairs.jsonl
equal "$(jq -r "$codes" out | paste -sd'|')" 'eng_Latn deu_Latn|zho_Hans' 'labels with scripts'
expect 0 extract -q --lang und --lid-model "$models/tree.bin" --lid-least 0.9 pairs.jsonl
equal "$(jq -r '.uuid + " " + .texts[0][1]' out | paste -sd'|')" 'u2 IMG 0012|u5  ' 'what is undecided'

# ---- the summary: by language, sums that close, in JSON and for people ----
sums() { # FILE
    jq -e '([.by_language[].dropped] | add) == .pairs_other_language and
           ([.by_language[] | .kept + .dropped] | add) == .pairs_read' "$1" > /dev/null || fail "$1: sums"
}
expect 0 extract --json --lang en,und --lid-model "$models/tree.bin" -o got.jsonl pairs.jsonl
sums out
equal "$(jq -c .by_language out)" \
    '{"de":{"kept":0,"dropped":2},"en":{"kept":2,"dropped":0},"fr":{"kept":0,"dropped":1},"und":{"kept":1,"dropped":0},"zh":{"kept":0,"dropped":1}}' \
    'texts by language'
sum=$(sha256sum < "$models/tree.bin")
equal "$(jq -r .identified_by out)" "fastText tree.bin, SHA-256 ${sum%% *}" 'what identified'
expect 0 extract --lang en,und --lid-model "$models/tree.bin" -o got.jsonl pairs.jsonl
says err 'pairs by language                                                       7'
says err '  de, dropped                                                           2  28.6 %'
says err "identified by fastText tree.bin, SHA-256 ${sum%% *}"
expect 0 extract --json --lang en,und -o got.jsonl pairs.jsonl # by CLD2
sums out
jq -e '.identified_by | startswith("CLD2 ")' out > /dev/null || fail 'CLD2'
expect 0 extract --json -o got.jsonl pairs.jsonl
equal "$(jq -c '[.identified_by, .by_language]' out)" '[null,null]' 'without --lang'

# ---- curate: on the card, in the run folder, which goes on with the same model only ----
printf '["car","Hund","chien","汽车"]\n' > metadata.json
for shard in 1 2 3; do sed "s/\"u/\"s$shard-u/" pairs.jsonl > "shard$shard.jsonl"; done
curate=(curate --worldwide -m metadata.json -t 5 -o run --lang en,fr --lid-model)
expect 0 "${curate[@]}" "$models/tree.bin" --json shard*.jsonl
sums out
equal "$(jq -c '.by_language.fr' out)" '{"kept":3,"dropped":0}' 'of three shards'
equal "$(jq -r .identified_by run/datacard.json)" "fastText tree.bin, SHA-256 ${sum%% *}" 'data card'
equal "$(jq -r .lid_model_sha256 run/run.json)" "${sum%% *}" 'run.json'
equal "$(jq -c .by_language run/summary.json)" "$(jq -c .by_language out)" 'summary.json'
cp "$models/tree.bin" other-name.bin
expect 0 "${curate[@]}" other-name.bin shard*.jsonl
expect 1 "${curate[@]}" "$models/tree.ftz" shard*.jsonl
says err 'another setting of --lid-model'
expect 1 "${curate[@]}" "$models/tree.bin" --lid-least 0.5 shard*.jsonl
says err 'another setting of --lid-least'
expect 1 curate --worldwide -m metadata.json -t 5 -o run --lang en,fr shard*.jsonl
says err 'another setting of --lid-model'
expect 0 verify -m metadata.json run

# ---- lists: labels with scripts find theirs; what finds none is dropped, and counted so ----
mkdir lists
printf '["car"]\n' > lists/en.json
printf '["汽车"]\n' > lists/zh.json
expect 0 match --json --worldwide -m lists --lid-model "$models/softmax.bin" -o matched.jsonl pairs.jsonl
sums out
equal "$(jq -c '[.texts[] | .[2:]]' matched.jsonl | paste -sd'|')" \
    '[[[0],"eng_Latn"]]|[[[1],"zho_Hans"]]' 'routed'
equal "$(jq -c '.by_language.deu_Latn' out)" '{"kept":0,"dropped":1}' 'without a list'
expect 0 match --json --worldwide -m lists --lang eng_Latn,deu_Latn --lid-model "$models/softmax.bin" \
    -o matched.jsonl pairs.jsonl
sums out
expect 0 curate -q --worldwide -m lists -t 5 -o routed --lid-model "$models/softmax.bin" shard*.jsonl
sums routed/summary.json
jq -e '.identified_by | startswith("fastText softmax.bin, SHA-256 ")' routed/datacard.json > /dev/null || fail card

# ---- any threads, the same bytes ----
for ((i = 0; i < 3000; i++)); do
    sed "s/\"u\([0-9]\)\"/\"u\1-$i\"/; s/\"\(the\|der\|le\) /\"\1 $((i % 700)) /" pairs.jsonl
done > many.jsonl
for threads in 1 4; do
    expect 0 extract -q -j $threads --lang $all --lid-model "$models/tree.bin" -o "many$threads.jsonl" many.jsonl
done
same many4.jsonl many1.jsonl

# ---- the command fasttext says the same ----
if command -v fasttext > fasttext.txt; then
    jq -r '.texts[] | select(.[3] != "en" and .[3] != "und") | .[1]' many1.jsonl | head -2000 > texts
    jq -r '.texts[] | select(.[3] != "en" and .[3] != "und") | .[3]' many1.jsonl | head -2000 > got
    fasttext predict "$models/tree.bin" texts | sed 's/__label__//' > want
    same got want
fi

# ---- what a model is ----
expect 0 info "$models/tree.bin" "$models/tree.ftz"
says out 'tree.bin: fastText language model'
says out 'vectors                   float32'
says out 'vectors                   quantised, of labels float32; pruned'
says out 'n-grams of characters     2 to 4'
says out "SHA-256                   ${sum%% *}"
expect 0 info --json "$models/many.ftz"
equal "$(jq -r '.kind, .facts.dimensions, .facts.labels, .facts.loss, .facts.bytes' out | paste -sd'|')" \
    "fastText language model|5|300|softmax|$(stat -c %s "$models/many.ftz")" 'info --json'
jq -e '.facts.the_first_labels | startswith("l") and endswith(", ...") and length < 208' out > /dev/null || fail labels
head -c 5000 "$models/tree.bin" > cut.bin
expect 1 info cut.bin
says err 'cut.bin: this fastText model is damaged: it ends early'
gzip -c "$models/tree.bin" > tree.bin.gz
expect 1 info tree.bin.gz
says err 'tree.bin.gz: a compressed fastText model'

# ---- slips ----
expect 2 extract --lid-model "$models/tree.bin" pairs.jsonl
says err 'is of use with --lang, or with a folder of lists, only'
expect 2 extract --lang en --lid-least 0.5 pairs.jsonl
says err 'a least one is for a fastText model'
expect 2 extract --lang eng --lid-model "$models/tree.bin" pairs.jsonl
says err 'no language is identified as "eng"; codes are such as '
expect 2 extract --lang en --lid-model "$models/tree.bin" --lid-least 1.5 pairs.jsonl
expect 1 extract --lang en --lid-model gone.bin pairs.jsonl
says err 'gone.bin: '
expect 1 extract --lang en --lid-model metadata.json pairs.jsonl
says err 'metadata.json: not a fastText model'
expect 1 curate --worldwide -m metadata.json -t 5 -o cut --lang en --lid-model cut.bin pairs.jsonl
says err 'cut.bin: this fastText model is damaged: it ends early'
[[ ! -e cut ]] || fail 'a run folder was made'
cp "$models/tree.bin" mine.bin
expect 2 extract --lang en --lid-model mine.bin -o mine.bin pairs.jsonl
says err 'the output would replace what is read'
