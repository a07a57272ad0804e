# metaclip tokenize: rows of ids, of lines and of JSON, in every format, and vocabularies learnt.
. "$(dirname "$0")/lib.sh"

data=$METACLIP_SOURCE/tests/data
vocab=$data/vocab_small.txt
texts=$data/vocab_texts.txt

# The int32 values of an array of some columns, a row a line.
rows() { # FILE COLUMNS
    local header
    header=$(od -An -tu2 -j8 -N2 "$1" | tr -d ' ')
    od -An -v -td4 -w$((4 * $2)) -j$((10 + header)) "$1" | sed 's/^ *//; s/  */ /g'
}

# --- learning gives the vocabulary of the tests again, whatever its name asks for
expect 0 tokenize --train 900 -o vocab.txt "$texts"
same vocab.txt "$vocab"
says err "ids of the vocabulary"
expect 0 tokenize --train 900 --json -o vocab.txt.gz "$texts"
equal "$(jq .texts out)" "$(wc -l < "$texts")" "texts"
gzip -dc vocab.txt.gz > plain.txt
same plain.txt "$vocab"
sort "$texts" > sorted.txt # the order of texts changes nothing
expect 0 tokenize --train 900 -q -o vocab.txt sorted.txt
same vocab.txt "$vocab"

# --- formats
printf 'A photo of a cat\n\na red car, 2x\n' > lines.txt
n_ids=$((512 + $(wc -l < "$vocab") + 2)) # a merge a line, without the heading; the last line has no end
start=$((n_ids - 2)) end=$((n_ids - 1))
expect 0 tokenize --vocab "$vocab" --format jsonl -q -o - lines.txt
equal "$(sed -n 2p out)" "[$start,$end]" "the row of an empty text"
equal "$(jq -c '[.[0], .[-1]]' out | sort -u)" "[$start,$end]" "start and end"
cp out want.jsonl
expect 0 tokenize --vocab "$vocab" --format jsonl lines.txt # standard output, if nothing is said
same out want.jsonl
expect 0 tokenize --vocab "$vocab" --format text -q -o - lines.txt
equal "$(sed -n 2p out)" "<start_of_text> <end_of_text>" "the row of an empty text"
equal "$(sed -n 1p out | sed 's/<[a-z_]*of_text>//g; s, ,,g; s,</w>,_,g')" "a_photo_of_a_cat_" "names"
expect 0 tokenize --vocab "$vocab" --context 20 --json -o t.npy lines.txt
equal "$(jq '.texts, .truncated, .repaired, .unusable' out | xargs)" "3 0 0 0" "the summary"
equal "$(head -c 128 t.npy | tr -d '\0' | grep -ao "'<i4'.*'shape': (3, 20)")" \
    "'<i4', 'fortran_order': False, 'shape': (3, 20)" "the header"
rows t.npy 20 | sed 's/ 0\( 0\)*$//' | sed 's/ /,/g; s/^/[/; s/$/]/' > got.jsonl
same got.jsonl want.jsonl

# --- JSON, by name or because it is said; gzip and zstd by content; standard input
printf '"A photo of a cat"\n\n""\n"a red car, \\u0032x"\n' > texts.jsonl
printf '["A photo of a cat", "",\n "a red car, 2x"]' > texts.json
gzip -c lines.txt > packed
zstd -qc texts.jsonl > packed.jsonl.zst
for input in texts.jsonl texts.json packed packed.jsonl.zst; do
    expect 0 tokenize --vocab "$vocab" --format jsonl -q -o got.jsonl "$input"
    same got.jsonl want.jsonl
done
cp texts.json unnamed
expect 0 tokenize --vocab "$vocab" --format jsonl --texts json -q -o got.jsonl unnamed
same got.jsonl want.jsonl
"$METACLIP" tokenize --vocab "$vocab" --format jsonl -q -o got.jsonl - < lines.txt || fail "standard input"
same got.jsonl want.jsonl
printf '\xEF\xBB\xBFA photo of a cat\r\n\r\na red car, 2x' > dos.txt
expect 0 tokenize --vocab "$vocab" --format jsonl -q -o got.jsonl dos.txt
same got.jsonl want.jsonl
expect 0 tokenize --vocab "$vocab" --format jsonl -q -o got.jsonl lines.txt texts.json
cat want.jsonl want.jsonl > twice.jsonl
same got.jsonl twice.jsonl
: > empty.txt
expect 0 tokenize --vocab "$vocab" -q -o e.npy empty.txt
says e.npy "'shape': (0, 77)"

# --- what cannot be used keeps its row, and is told
{
    printf '"a"\n7\n"b\n"\\ud800"\n'
    printf '"%01048577d"\n' 0
    printf '"\xFF"\n'
} > odd.jsonl
expect 0 tokenize --vocab "$vocab" --format jsonl -o got.jsonl odd.jsonl
equal "$(wc -l < got.jsonl)" 6 "rows"
for row in 2 3 5; do
    equal "$(sed -n ${row}p got.jsonl)" "[$start,$end]" "row $row"
done
says err "odd.jsonl: text 2: no JSON string"
says err "odd.jsonl: text 5: longer than 1048576 bytes"
expect 0 tokenize --vocab "$vocab" --format jsonl --json -o got.jsonl odd.jsonl
equal "$(jq '.texts, .repaired, .unusable' out | xargs)" "6 2 3" "the summary"
equal "$(jq '.problems | length' out)" 3 "problems"
expect 1 tokenize --vocab "$vocab" --strict --format jsonl -o strict.jsonl odd.jsonl
says err "odd.jsonl: text 2: no JSON string"
[[ ! -e strict.jsonl ]] || fail "a failed run left its output"
{ head -c 1048577 /dev/zero | tr '\0' x && printf '\nb\n'; } > long.txt
expect 0 tokenize --vocab "$vocab" --format jsonl -o got.jsonl long.txt
equal "$(wc -l < got.jsonl)" 2 "rows"
says err "long.txt: line 1: longer than"
printf 'a\xFFb\n' > wrong.txt
expect 0 tokenize --vocab "$vocab" --json -o w.npy wrong.txt
equal "$(jq .repaired out)" 1 "repaired"

# --- threads change nothing
for ((i = 0; i < 150; i++)); do cat "$texts"; done > many.txt
expect 0 tokenize --vocab "$vocab" -q -j 1 --context 16 -o one.npy many.txt
expect 0 tokenize --vocab "$vocab" -q -j 3 --context 16 -o three.npy many.txt
same three.npy one.npy

# --- the rules
printf 'caf\xC3\xA9 &amp; co\ncafe\xCC\x81 &amp; co\n' > rules.txt
expect 0 tokenize --vocab "$vocab" --rule hf --format jsonl -q -o hf.jsonl rules.txt
equal "$(uniq hf.jsonl | wc -l)" 1 "composed and not, by Hugging Face's rule"
expect 0 tokenize --vocab "$vocab" --format jsonl -q -o openai.jsonl rules.txt
equal "$(uniq openai.jsonl | wc -l)" 2 "composed and not, by OpenAI's rule"
expect 0 tokenize --vocab "$vocab" --rule hf --context 12 -q -o hf.npy empty.txt lines.txt
equal "$(rows hf.npy 12 | sed -n 2p)" "$start$(printf " $end%.0s" {1..11})" "Hugging Face's padding"

# --- the worldwide models' vocabularies
expect 0 tokenize --vocab "$data/pieces_xlmv.model" --context 6 -q -o x.npy lines.txt
equal "$(rows x.npy 6 | sed -n 2p)" "0 2 1 1 1 1" "XLM-V's empty text"
expect 0 tokenize --vocab "$data/pieces_mt5.model" --context 6 --json -o m.npy lines.txt
equal "$(rows m.npy 6 | sed -n 2p)" "1 0 0 0 0 0" "mT5's empty text"
equal "$(jq -r '.vocabulary, .start' out | xargs)" "mt5 -1" "the summary"

# --- damage, and wrong usage
head -c 30 packed > cut.gz
expect 1 tokenize --vocab "$vocab" -o c.npy cut.gz
says err "cut.gz: damaged, and nobody knows how many texts are lost"
expect 1 tokenize --vocab "$vocab" -o c.npy no-such-file
says err "no-such-file"
expect 1 tokenize --vocab lines.txt -o c.npy lines.txt
says err 'lines.txt: line 2 is "", not two symbols'
expect 1 tokenize --vocab . -o c.npy lines.txt
says err "no vocabulary is in this folder"
expect 1 tokenize --vocab "$vocab" -o - lines.txt
expect 2 tokenize --vocab "$vocab" -o lines.txt lines.txt
says err "lines.txt is an input"
expect 2 tokenize --vocab "$vocab" -o c.npy - -
says err "named twice"
expect 2 tokenize -o c.npy lines.txt
says err "--vocab PATH is missing"
expect 2 tokenize --train 600 --vocab "$vocab" -o v.txt lines.txt
says err "leave out --vocab"
expect 2 tokenize --train 514 -o v.txt lines.txt
[[ ! -e c.npy ]] || fail "a failed run left its output"
exit 0
