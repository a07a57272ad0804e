# A run of curate is the same, byte for byte, however it was started, stopped and started again.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

n_kills=${METACLIP_KILLS:-10}
bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 6 400 7
shards=(pool/shard-*)
curate=(curate --quiet -m pool/metadata.json -t 30 --seed 5)

# What is published, without the two that may differ.
listing() {
    (cd "$1" && find . -type f ! -path './state/*' ! -name summary.json -print0 | sort -z | xargs -0 sha256sum)
}

same_run() {
    listing "$1" > got
    listing "$2" > want
    same got want
    [[ -f $1/summary.json ]] || fail "$1 is not finished"
    [[ -z $(find "$1" -name '.*.tmp') ]] || fail "$1 holds left-over temporaries"
}

expect 0 "${curate[@]}" -j 1 -o plain "${shards[@]}"
kept=$(cat plain/curated/*/* | wc -l)
((kept > 500)) || fail "only $kept records were kept: the test would see little"
(($(cat plain/matched/*/* | wc -l) > kept)) || fail 'nothing was thinned'

# Threads and the order of inputs.
mapfile -t reversed < <(printf '%s\n' "${shards[@]}" | sort -r)
expect 0 "${curate[@]}" -j 3 -o threads "${reversed[@]}"
same_run threads plain
expect 0 "${curate[@]}" -j 8 -o more_threads "${shards[@]}"
same_run more_threads plain

# Little memory for duplicates: their keys are looked through part by part.
expect 0 "${curate[@]}" -j 16 --dedup-memory 1M -o parts "${shards[@]}"
same_run parts plain
[[ -z $(find parts/state/duplicates -type f) ]] || fail 'the parts of the keys were left behind'

# Packed, the files hold the same lines, and are verified.
declare -A unpack=([gz]=gzip [zst]=zstd)
for form in gz zst; do
    expect 0 "${curate[@]}" -j 2 --format "jsonl.$form" -o "$form" "${shards[@]}"
    for part in matched curated; do
        cat "$form/$part"/*/*."$form" | "${unpack[$form]}" -dc > got
        cat plain/$part/*/* > want
        same got want
    done
    expect 0 verify "$form"
done

# A finished run, started again, changes nothing and does not draw again.
touch -d '2001-01-01' plain/curated/*/*
expect 0 "${curate[@]}" -o plain "${shards[@]}"
[[ -z $(find plain/curated -type f -newermt '2002-01-01') ]] || fail 'a finished run was redone'

# Killed at any moment of the time that a whole run takes here.
start=${EPOCHREALTIME/./}
expect 0 "${curate[@]}" -j 2 -o timed "${shards[@]}"
whole_us=$((${EPOCHREALTIME/./} - start))
for ((i = 0; i < n_kills; i++)); do
    ((i % 5)) || rm -rf killed
    wait_us=$((RANDOM * 32768 + RANDOM))
    killed_after "$(printf '%d.%06d' 0 $((wait_us % whole_us % 1000000 + 1000)))" "${curate[@]}" -j 2 -o killed "${shards[@]}"
    if ((i % 5 == 4)); then
        expect 0 "${curate[@]}" -j 2 -o killed "${shards[@]}"
        same_run killed plain
    fi
done

# Another t or seed draws anew, and only that; back again gives the first set.
expect 0 "${curate[@]}" -t 10 -o plain_t10 "${shards[@]}"
cp -r --preserve=timestamps plain changed
touch -d '2001-01-01' changed/matched/*/*
expect 0 "${curate[@]}" -t 10 -o changed "${shards[@]}"
same_run changed plain_t10
[[ -z $(find changed/matched -type f -newermt '2002-01-01') ]] || fail 'another t matched anew'
expect 0 "${curate[@]}" -o changed "${shards[@]}"
same_run changed plain

# More inputs, in any order of coming.
expect 0 "${curate[@]}" -o grown "${shards[@]:3}"
expect 0 "${curate[@]}" -o grown "${shards[@]}"
same_run grown plain

# A result that was lost or cut is made again.
first=$(find grown/curated -type f | sort | head -1)
rm "$first"
second=$(find grown/matched -type f | sort | tail -1)
truncate -s -1 "$second"
expect 0 "${curate[@]}" -o grown "${shards[@]}"
same_run grown plain

# A full disk: a sentence, no half-written file, and the next start goes on.
(
    trap '' XFSZ
    ulimit -f 40
    "$METACLIP" "${curate[@]}" -o full "${shards[@]}" > out 2> err
) && fail 'a full disk went unnoticed'
says err 'cannot write'
[[ -z $(find full -name '.*.tmp') ]] || fail 'a full disk left temporaries'
expect 0 "${curate[@]}" -o full "${shards[@]}"
same_run full plain

# A read-only folder: a sentence, and all stays as it is; writable again, the run goes on. Nothing is
# read-only to root, so somebody else runs it then.
other=()
if [[ $(id -u) == 0 ]]; then
    command -v setpriv > /dev/null && other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
fi
chmod 755 .
cp "$METACLIP" metaclip_copy
if [[ $(id -u) != 0 || ${#other[@]} -gt 0 ]] && "${other[@]}" ./metaclip_copy --version > out 2>&1; then
    mkdir -m 777 shelf
    as_other() { "${other[@]}" ./metaclip_copy "${curate[@]}" "$@" > out 2> err; }
    (ulimit -f 40 && trap '' XFSZ && as_other -o shelf/run "${shards[@]}") && fail 'a full disk went unnoticed'
    find shelf -type f -exec sha256sum {} + | sort > want_files
    chmod -R a-w shelf
    as_other -o shelf/run "${shards[@]}" && fail 'a read-only folder was written to'
    says err 'shelf/run'
    says err 'Permission denied'
    as_other -o shelf/new "${shards[@]}" && fail 'a folder was made in a read-only one'
    says err 'shelf/new'
    find shelf -type f -exec sha256sum {} + | sort > got_files
    same got_files want_files
    chmod -R u+w,a+X shelf
    chmod 777 shelf
    as_other -o shelf/run "${shards[@]}" || fail 'a folder that is writable again was not finished'
    same_run shelf/run plain
fi

# What would mix two runs is refused, and the folder stays as it is.
refused() {
    local words=$1
    shift
    expect 1 "$@"
    says err "$words"
    same_run plain more_threads
}
jq -c '.[1:]' pool/metadata.json > other.json
refused 'metadata' curate --quiet -m other.json -t 30 --seed 5 -o plain "${shards[@]}"
refused '--no-dedup (off, now on)' "${curate[@]}" --no-dedup -o plain "${shards[@]}"
refused '--format (jsonl, now jsonl.zst)' "${curate[@]}" --format jsonl.zst -o plain "${shards[@]}"
refused 'shard-001' "${curate[@]}" -o plain "${shards[0]}" "${shards[@]:2}"
touch pool/shard-002.warc.wat.gz
refused 'shard-002' "${curate[@]}" -o plain "${shards[@]}"

# But an input of which nothing was made yet may be another file, or go: one that could not be read
# must not spoil the folder.
printf 'a,b\n1,2\n' > bad.csv
expect 1 "${curate[@]}" -j 1 -o mended "${shards[@]}" bad.csv
says err 'bad.csv: a table without texts'
printf 'url,text\nhttp://a.example/,x\n' > bad.csv
expect 0 "${curate[@]}" -o mended "${shards[@]}" bad.csv
expect 0 verify mended
touch bad.csv
expect 1 "${curate[@]}" -o mended "${shards[@]}" bad.csv
says err 'its input bad has changed since'
expect 1 "${curate[@]}" -o mended "${shards[@]}"
says err 'its input bad is not among the inputs now'
printf 'a,b\n1,2\n' > bad.csv
expect 1 "${curate[@]}" -j 1 -o left "${shards[@]}" bad.csv
expect 0 "${curate[@]}" -o left "${shards[@]}"
expect 0 verify left
expect 2 "${curate[@]}" -o twice "${shards[@]}" "${shards[0]}"
says err "${shards[0]} is given twice; name each input once"

# A folder of another command is left alone.
for file in pack.json embed.json checkpoints; do
    mkdir "of_$file"
    : > "of_$file/$file"
    expect 1 "${curate[@]}" -o "of_$file" "${shards[@]}"
    says err "of_$file: this folder is of \`metaclip "
    equal "$(ls "of_$file")" "$file" "what is in of_$file"
    expect 1 verify "of_$file"
    says err "this folder has no run.json, so it is no run folder of curate"
done
