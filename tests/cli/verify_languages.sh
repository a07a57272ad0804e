# What verify says of a run's languages: of sound ones, however they were told, and of tampered ones.
. "$(dirname "$0")/lib.sh"
models=$METACLIP_SOURCE/tests/data/fasttext

en='the red car near the river' de='der Hund und die Katze im Garten' fr='le chien noir dans le jardin'
for shard in 1 2 3; do
    for ((i = 0; i < 20; i++)); do
        printf '{"uuid":"%s","url":"http://a.example/%s","texts":[["alt","%s %s"],["title","%s"],["data","%s %s"]]}\n' \
            "s$shard-$i" "$shard/$i" "$en" "$i" "$de" "$fr" "$((i / 2))"
    done > shard$shard.jsonl
done
printf '["car","Hund","chien"]\n' > metadata.json
lid=(--lid-model "$models/tree.bin")
curate=(curate -q --worldwide -t 5)
expect 0 "${curate[@]}" -m metadata.json --lang en,fr "${lid[@]}" -o sound shard*.jsonl
expect 0 "${curate[@]}" -m metadata.json --lang en,und -o by_cld2 shard*.jsonl
expect 0 "${curate[@]}" -m metadata.json --lang en,fr --format jsonl.zst "${lid[@]}" -o packed shard*.jsonl
expect 0 "${curate[@]}" -m metadata.json -o all shard*.jsonl
mkdir lists
printf '["car"]\n' > lists/en.json
printf '["chien"]\n' > lists/fr.json
expect 0 "${curate[@]}" -m lists "${lid[@]}" -o routed shard*.jsonl
expect 0 "${curate[@]}" -m lists "${lid[@]}" --lang de,en -o some shard*.jsonl

# ---- sound ones ----
for out in sound by_cld2 packed routed some; do
    expect 0 verify --json "$out"
    equal "$(jq -c '[.verified, .checks.languages.done, .checks.languages.findings]' out)" '[true,true,0]' "$out"
done
expect 0 verify sound
says out 'languages       ok ('
expect 0 verify --json all
equal "$(jq -c .checks.languages.done out)" false 'without languages'

# One of before summaries told of languages.
cp -r sound before
for file in summary datacard; do
    jq -c 'del(.identified_by, .by_language)' sound/$file.json > before/$file.json
done
expect 0 verify before

# ---- tampered ones ----
matched=$(cd sound && ls matched/*/* | head -n 1)
at() { # FINDINGS WORDS COMMAND
    rm -rf t
    cp -r sound t
    (cd t && eval "$3") || fail "cannot do: $3"
    expect 1 verify --json t
    equal "$(jq .checks.languages.findings out)" "$1" "findings after: $3"
    jq -r '.checks.languages.first[]' out > first
    says first "$2"
    cp out one
    expect 1 verify --json -j 1 t
    equal "$(jq -c 'del(.seconds)' out)" "$(jq -c 'del(.seconds)' one)" "with one thread: $3"
}
edit() { # FILE FILTER
    jq -c "$2" "$1" > edited && mv edited "$1"
}
at 2 'summary.json: "pairs_other_language" is 60, but in "by_language" they are 61' \
    'edit summary.json ".by_language.de.dropped += 1 | .by_language.en.kept -= 1"'
at 1 'summary.json: "pairs_read" is 180, but in "by_language" they are 181' 'edit summary.json ".by_language.en.kept += 1"'
at 1 'summary.json: 60 pairs of "en" were dropped, but run.json keeps en,fr' \
    'edit summary.json ".pairs_other_language += 60 | .by_language.en.dropped = 60 | .pairs_read += 60"'
at 2 'summary.json: 1 pairs of "de" were kept, but run.json keeps en,fr' \
    'edit summary.json ".by_language.de.kept += 1 | .by_language.de.dropped -= 1"'
at 1 'matched/: 60 pairs of "en", of which summary.json has kept 59' \
    'edit summary.json ".by_language.en.kept -= 1 | .by_language.fr.kept += 1"'
at 2 'summary.json: "by_language" is missing' 'edit summary.json "del(.by_language)" && edit datacard.json ".languages = \"en\""'
at 1 'datacard.json: "languages" is "en", but "en,fr" in run.json' 'edit datacard.json ".languages = \"en\""'
at 1 'summary.json: "identified_by" is "CLD2", but "fastText tree.bin, SHA-256 ' 'edit summary.json ".identified_by = \"CLD2\""'
at 2 'matched/: 1 pairs of "it", of which summary.json has kept 0' "sed -i '1s/\"fr\"\]/\"it\"]/; 2s/,\"fr\"\]/]/' $matched"
says first 'matched/: 1 pairs say no language, or one that is not told apart'
at 4 'summary.json: "pairs_read" is 180, but in "by_language" they are 0' 'edit summary.json ".by_language = 3"'
