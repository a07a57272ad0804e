# A folder of lists: texts go to the list of their language, and every language comes out as it does
# from a run of its own, with the tail ratio of English.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

# ---- four lists, and shards of records whose texts say their language; some records come twice ----
mkdir lists
declare -A words codes
words[en]='cat dog car tree the a red house river photo'
words[he]='חתול כלב בית אדום ים'
words[other]='chat gato Hund maison casa photo'
words[zh]='猫 北京 汽车 照片 的 红 房子'
codes[en]='en' codes[he]='iw he' codes[other]='fr und de xx-Hani' codes[zh]='zh zh-Hant'
for list in "${!words[@]}"; do
    printf '%s\n' ${words[$list]} | jq -R . | jq -sc . > "lists/$list.json"
done
make_text() { # LIST: one of its codes, and a few words of which the first ones are frequent
    local all=(${words[$1]}) of=(${codes[$1]}) text= i
    for ((i = 0; i < 1 + RANDOM % 4; i++)); do
        text+=" ${all[RANDOM % (1 + RANDOM % ${#all[@]})]}"
    done
    printf '["alt","%s %d",null,"%s"]' "${text# }" "$RANDOM" "${of[RANDOM % ${#of[@]}]}"
}
names=(en en he other zh zh zh)
for shard in 0 1 2 3 4; do
    for ((i = 0; i < 120; i++)); do
        printf '{"uuid":"u%d","url":"http://a.example/%d","texts":[%s,%s]}\n' $((shard * 120 + i)) $i \
            "$(make_text "${names[RANDOM % 7]}")" "$(make_text "${names[RANDOM % 7]}")"
    done > "shard-$shard.jsonl"
done
head -20 shard-1.jsonl >> shard-3.jsonl
shards=(shard-*.jsonl)
curate=(curate --quiet --worldwide -m lists -t 30 --seed 7)

expect 0 "${curate[@]}" -j 1 -o plain "${shards[@]}"
expect 0 verify --duplicates -m lists plain
(($(jq .pairs_duplicate plain/summary.json) == 40)) || fail 'duplicates'
(($(jq .pairs_not_drawn plain/summary.json) > 100)) || fail 'nothing was thinned'

# ---- one language after the other: a pool of its texts alone, its list, English's tail ratio ----
data() { tail -c +129 "$1"; }
texts_of() { # FILE... FIRST LIST: the texts of a language, with ids of its list
    jq -c --argjson first "$1" --arg codes " ${codes[$2]} " '.uuid as $uuid | .texts[] | .[3] as $code
        | select($codes | contains(" " + $code + " ")) | [$uuid, .[1], (.[2] | map(. - $first))]'
}
first=0
: > want_counts
: > want_probs
for list in en he other zh; do
    mkdir "of_$list"
    for shard in "${shards[@]}"; do
        jq -c --arg codes " ${codes[$list]} " '.texts |= map(.[3] as $code
            | select($codes | contains(" " + $code + " "))) | select(.texts != [])' "$shard" > "of_$list/$shard"
    done
    how=(-t 30)
    [[ $list == en ]] || how=(--tail-ratio "$p")
    expect 0 curate --quiet --worldwide -m "lists/$list.json" "${how[@]}" --seed 7 -o "one_$list" "of_$list"/*.jsonl
    [[ $list != en ]] || p=$(jq .tail_ratio one_en/summary.json)
    data "one_$list/entry_count.npy" >> want_counts
    data "one_$list/entry_prob.npy" >> want_probs
    for part in matched curated; do
        cat plain/$part/*/*.jsonl | texts_of $first $list | sort > got
        cat "one_$list/$part"/*/*.jsonl | texts_of 0 $list | sort > want
        [[ -s want ]] || fail "$list: the test sees nothing in $part"
        same got want
    done
    jq -c "[\"$list\", $first, .entries, .metadata_sha256, .t, .tail_ratio, .pool_matches,
            .pairs_kept + .pairs_not_drawn, .pairs_kept]" "one_$list/summary.json" > want
    jq -c ".lists[] | select(.name == \"$list\") | [.name, .first_id, .entries, .sha256, .t, .tail_ratio,
            .pool_matches, .matched_pairs, .curated_pairs]" plain/datacard.json > got
    same got want
    first=$((first + $(jq length "lists/$list.json")))
done
cmp want_counts <(data plain/entry_count.npy) || fail 'counts differ'
cmp want_probs <(data plain/entry_prob.npy) || fail 'probabilities differ'
equal "$(jq -c '[.lists[].t] | unique | length > 1' plain/datacard.json)" true 'each list has its own t'
equal "$(cat lists/{en,he,other,zh}.json | jq -r '.[]' | sha256sum | cut -d' ' -f1)" \
    "$(jq -r .metadata_sha256 plain/run.json)" 'the SHA-256 of all lists'

# ---- the summary tells of the lists what the card does ----
same <(jq -c .lists plain/summary.json) <(jq -c .lists plain/datacard.json)
expect 0 "${curate[@]}" --json -o told shard-0.jsonl
same <(jq -c .lists out) <(jq -c .lists told/summary.json)
equal "$(jq 'has("lists")' one_en/summary.json)" false 'one list is none of a folder'

# ---- by hand ----
expect 0 extract -q -o pairs.jsonl "${shards[@]}"
expect 0 match -q --worldwide -m lists -o matched.jsonl pairs.jsonl
same <(sort matched.jsonl) <(cat plain/matched/*/*.jsonl | sort)
expect 0 count -q -m lists -o entry_count.npy matched.jsonl
same entry_count.npy plain/entry_count.npy
expect 0 balance -q -m lists --counts entry_count.npy -t 30 --seed 7 -o curated.jsonl matched.jsonl
same <(sort curated.jsonl) <(cat plain/curated/*/*.jsonl | sort)
expect 1 balance --counts entry_count.npy -t 30 -o no.jsonl matched.jsonl
says err 'give the folder as the metadata'
expect 2 balance --plan -m lists --counts entry_count.npy matched.jsonl
says err 'a plan is for one list'

# ---- the same bytes, whatever the threads, the order, the processes and the interruptions ----
listing() {
    (cd "$1" && find . -type f ! -path './state/*' ! -name summary.json -print0 | sort -z | xargs -0 sha256sum)
}
same_run() {
    listing "$1" > got
    listing "$2" > want
    same got want
}
expect 0 "${curate[@]}" -j 4 -o threads shard-{3,0,4,2,1}.jsonl
same_run threads plain
for i in 0 1 2; do
    "$METACLIP" "${curate[@]}" -j 1 -o three --shards $i/3 "${shards[@]}" > /dev/null 2> "err.$i" &
    pids[i]=$!
done
for i in 0 1 2; do wait "${pids[i]}" || fail "process $i: $(cat err.$i)"; done
same_run three plain
for ms in 03 06 09 12 15; do
    rm -rf killed
    killed_after "0.$ms" "${curate[@]}" -j 2 -o killed "${shards[@]}"
    expect 0 "${curate[@]}" -o killed "${shards[@]}"
    same_run killed plain
done
expect 0 curate -q --worldwide -m lists -t 12 --seed 7 -o threads "${shards[@]}"
expect 0 curate -q --worldwide -m lists -t 12 --seed 7 -o fresh "${shards[@]}"
same_run threads fresh
expect 0 curate -q --worldwide -m lists --tail-ratio 0.2 -o ratio "${shards[@]}"
expect 0 verify -m lists ratio
expect 0 "${curate[@]}" -o more "${shards[@]:0:3}"
expect 0 "${curate[@]}" -o more "${shards[@]}"
same_run more plain

# ---- a folder goes on with the same lists only ----
cp -r lists parted
jq -c '.[:-1]' lists/en.json > parted/en.json
jq -c --slurpfile en lists/en.json '[$en[0][-1]] + .' lists/he.json > parted/he.json
expect 1 curate -q --worldwide -m parted -t 30 --seed 7 -o plain "${shards[@]}"
says err 'another setting of the folder of lists'
expect 1 curate -q --worldwide -m lists/en.json -t 30 --seed 7 -o plain "${shards[@]}"
says err 'the metadata list'
expect 1 verify -m parted plain
says out "the run's entries, but not its lists"

# ---- verify sees a wrong t, pair or list ----
tampered() { # JQ: the data card changed by it
    rm -rf broken
    cp -r plain broken
    jq -c "$1" plain/datacard.json > broken/datacard.json
    expect 1 verify -m lists broken
}
tampered '.lists[3].t += 1'
says out '"t" of the list zh'
tampered '.lists[1].matched_pairs -= 1'
says out '"matched_pairs" of the list he'
tampered '.lists[2].name = "ot"'
says out "the list ot is not run.json's other"
tampered 'del(.lists)'
says out 'it has 0 lists, want 4'
rm -rf broken
cp -r plain broken
jq -c '.lists[0].curated_matches += 1' plain/summary.json > broken/summary.json
expect 1 verify -m lists broken
says out 'summary.json: "curated_matches" of the list en'
jq -c '.lists = [{}]' plain/summary.json > broken/summary.json
expect 1 verify -m lists broken
says out 'summary.json: "name" of a list is missing'
rm -rf broken
cp -r plain broken
file=$(grep -l '"zh"' broken/matched/*/* | head -1)
sed -i '0,/"zh"\]/s//"he"]/' "$file"
expect 1 verify -m lists broken
says out 'the metadata gives other ids'

# ---- Parquet ----
expect 0 curate -q --worldwide -m lists -t 30 --seed 7 --format parquet -o table "${shards[@]}"
cmp table/entry_count.npy plain/entry_count.npy || fail 'counts of Parquet differ'
same <(jq -c .lists table/datacard.json) <(jq -c .lists plain/datacard.json)
run verify -m lists table
[[ $code == 0 ]] || says err DuckDB

# ---- without other.json texts of other languages go, and are counted ----
cp -r lists three_lists
rm three_lists/other.json
expect 0 curate --json --worldwide -m three_lists -t 30 -o no_other "${shards[@]}"
others=$(cat "${shards[@]}" | jq '.texts[][3]' | grep -cE '"(fr|und|de|xx-Hani)"')
equal "$(jq .pairs_other_language out)" "$others" 'pairs of other languages'
expect 0 verify -m three_lists no_other

# ---- texts that say no language get the one that is identified ----
cat > told.jsonl << 'LINES'
{"uuid":"u1","url":"http://a.example/1","texts":[["alt","The quick brown dog jumps over the lazy cat near the river bank"]]}
{"uuid":"u2","url":"http://a.example/2","texts":[["alt","这是一个关于北京天安门广场的照片说明文字"],["title","IMG casa 0012"]]}
LINES
expect 0 match -q --worldwide -m lists told.jsonl
equal "$(jq -c '.texts[][3]' out | paste -sd' ')" '"en" "zh" "und"' 'languages'
expect 0 card --top 3 -m lists plain/datacard.json
says out 'matched pairs'
for ((i = 0; i < 300; i++)); do sed "s/\"u/\"r$i-u/" told.jsonl; done > untold.jsonl
for threads in 1 4; do
    expect 0 match -q --worldwide -m lists -j $threads -o "told_$threads.jsonl" untold.jsonl
    expect 0 curate -q --worldwide -m lists --lang en,zh -t 100 -j $threads -o "lang_$threads" untold.jsonl
done
same told_4.jsonl told_1.jsonl
same <(cat lang_4/curated/*/*) <(cat lang_1/curated/*/*)
equal "$(jq -c '.texts[][3]' told_1.jsonl | sort | uniq -c | xargs)" '300 en 300 und 300 zh' 'languages of many'

# ---- slips ----
expect 2 match -q -m lists pairs.jsonl
says err 'add --worldwide'
expect 2 curate -q --worldwide -m lists --target 5 -o slip "${shards[@]}"
says err 'a target is for one list'
mkdir empty no_english
expect 1 match -q --worldwide -m empty pairs.jsonl
says err 'no list LANG.json lies in this folder'
cp lists/zh.json no_english
expect 2 curate -q --worldwide -m no_english -t 5 -o slip2 "${shards[@]}"
says err 'no list en.json'
expect 0 curate -q --worldwide -m no_english --tail-ratio 0.3 -o zh_only "${shards[@]}"
expect 0 verify -m no_english zh_only
# What is written must not be read as a list, now or the next time.
cp -r lists into
for output in into/en.json into/new.json.zst ./into/../into/other.json; do
    expect 2 match -q --worldwide -m into -o "$output" pairs.jsonl
    says err "$output: the output would be one of the lists of the folder that is read"
done
ln -s into linked
expect 2 count -q -m linked -o into/counts.json matched.jsonl
expect 2 balance -q -m into --counts entry_count.npy -t 30 --card into/card.json -o curated.jsonl matched.jsonl
says err 'into/card.json: the output would be one of the lists'
(cd into && expect 2 match -q --worldwide -m . -o he.json ../pairs.jsonl)
expect 0 match -q --worldwide -m into -o into/matched.jsonl pairs.jsonl
expect 2 "${curate[@]/lists/into}" -o into "${shards[@]}"
says err "into: the run's files would lie among the lists"
same <(cd into && sha256sum *.json) <(cd lists && sha256sum *.json | cat - <(cd ../into && sha256sum matched.jsonl.meta.json) | sort -k2)
