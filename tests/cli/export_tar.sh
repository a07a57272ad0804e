# The kept samples of webdataset tars: curated, copied, and read again.
. "$(dirname "$0")/lib.sh"

nothing_left() {
    [[ -z $(find . -name '*.tmp*') ]] || fail "$shown: leaves $(find . -name '*.tmp*')"
}
printf '["red","green","blue","cat","dog","car"]\n' > metadata.json
words=(red green blue cat dog car tree house)

# sample DIR KEY I: an image with what is said of it, in one of four ways.
sample() {
    local text="a ${words[$3 % 8]} ${words[$3 * 7 / 3 % 8]} $3"
    head -c $((RANDOM % 3000)) /dev/urandom > "$1/$2.jpg"
    case $(($3 % 4)) in
    0) printf '%s\n' "$text" > "$1/$2.txt" ;;
    1) printf '{"caption":"%s","url":"http://a.example/%d","width":%d}' "$text" "$3" "$3" > "$1/$2.json" ;;
    2) printf '{"texts":[["alt","%s"],["title","nothing"],["x","a cat"]],"uid":"uid-%d"}' "$text" "$3" > "$1/$2.json" ;;
    3) printf '{"key":"%d","uid":"%032x"}' "$3" "$3" > "$1/$2.json" && printf '%s' "$text" > "$1/$2.txt" ;;
    esac
}
mkdir tars
for shard in 0 1 2 3; do
    mkdir -p "$shard/s"
    for ((i = 0; i < 200; i++)); do
        sample "$shard/s" "$(printf '%03d%05d' "$shard" "$i")" $((shard * 200 + i))
    done
done
long=$(printf 'long-%.0s' {1..40})
sample 2/s "$long" 901
sample 3/s "$long" 902
tar_of() { tar --sort=name --owner=0 --mtime=@1000000000 -C "$1" "${@:2}" s; }
tar_of 0 --format=ustar -cf tars/00000.tar
tar_of 1 --format=v7 -cf tars/00001.tar
tar_of 2 --format=gnu -czf tars/00002.tar.gz
tar_of 3 --format=pax -c --zstd -f tars/00003.tar.zst
tars=(tars/00000.tar tars/00001.tar tars/00002.tar.gz tars/00003.tar.zst)

# ---- curate, copy, read again ----
expect 0 curate -q -m metadata.json -t 60 -o run "${tars[@]}"
expect 0 export --to tar --json -o kept --curated run "${tars[@]}"
equal "$(jq -c '[.files_written, .samples_read, .samples_read - .samples_copied - .samples_not_curated,
    .samples_damaged, .members_left_out]' out)" '[4,802,0,0,4]' 'counts of samples'
equal "$(ls kept | xargs)" '00000.tar 00001.tar 00002.tar 00003.tar' 'outputs'
equal "$(jq .bytes_written out)" "$(cat kept/* | wc -c)" 'bytes'
n=$(jq .samples_copied out)
((n > 150 && n < 650)) || fail "$n samples are kept: too few or too many to tell anything"
for i in 0 1 2 3; do
    # The same members to the byte, and no others.
    tar -tf kept/0000$i.tar > names
    jq -r .__key__ run/curated/*/0000$i.jsonl | sort > want
    sed 's/\..*//' names | sort -u > got
    same got want
    mkdir u && tar -xf kept/0000$i.tar -C u
    while read -r name; do
        cmp -s "u/$name" "$i/$name" || fail "$name of 0000$i.tar has changed"
    done < names
    rm -rf u
    tar -tf "${tars[i]}" | grep -v '/$' | grep -Ff <(sed 's/$/./' want) > got
    same names got
    ((n -= $(wc -l < want)))
done
equal "$n" 0 'samples copied and records curated'
# What extract reads of them are the kept records; those named by their place have a new name.
expect 0 extract -q --no-dedup -o all.jsonl kept/*.tar
jq -c '[.__key__, if .url == "" and .key == null and .texts[0][0] == "txt" then "" else .uuid end, .url]' all.jsonl > got
cat run/curated/*/*.jsonl | sort > curated.jsonl
jq -c '[.__key__, if .url == "" and .key == null and .texts[0][0] == "txt" then "" else .uuid end, .url]' curated.jsonl | sort > want
sort got | cmp -s - want || fail 'other records than the kept ones'
# The headers, too.
for i in 0 1; do
    tar --numeric-owner -tvf kept/0000$i.tar > got
    tar --numeric-owner -tvf "${tars[i]}" | grep -xFf got > want
    same got want
done

# ---- the same, whatever the threads and whoever says what is kept ----
expect 0 export --to tar -q -j 1 -o kept1 --curated run "${tars[@]}"
expect 0 export --to tar -q -j 5 -o kept5 --curated run "${tars[@]}"
expect 0 export -q -o kept.jsonl run
expect 0 export --to tar -q -o files --curated kept.jsonl "${tars[@]}"
expect 0 export --to tar -q -o lists --curated "$(echo run/curated/*/00000.jsonl)" \
    --curated "$(echo run/curated/*/00003.jsonl)" "${tars[@]}"
for dir in kept1 kept5 files; do
    diff -r kept $dir > /dev/null || fail "$dir is not kept"
done
same lists/00003.tar kept/00003.tar
equal "$(tar -tf lists/00001.tar | wc -l)" 0 'samples of a tar without curated pairs'
equal "$(stat -c %s lists/00001.tar)" 10240 'the size of an empty tar'
# Over what is there already: written anew.
: > kept1/00001.tar
expect 0 export --to tar -q -o kept1 --curated run "${tars[@]}"
diff -r kept kept1 > /dev/null || fail 'what was there was not replaced'
# Names from paths, which the run knows.
cat tars/00000.tar tars/00001.tar > tars/both.tar
expect 0 curate -q -m metadata.json -t 60 --shard-names path -o paths tars/both.tar tars/00002.tar.gz
expect 0 export --to tar --json -o joined --curated paths tars/both.tar tars/00002.tar.gz
equal "$(ls joined | xargs)" 'tars_00002.tar tars_both.tar' 'outputs named by paths'
jq -r .__key__ paths/curated/*/tars_both.tar.jsonl > want
tar -tf joined/tars_both.tar | sed 's/\..*//' | uniq > got # past the end of the first tar
same got want
expect 0 export -q -o paths.jsonl paths
expect 0 export --to tar -q -o joined2 --curated paths.jsonl --shard-names path tars/both.tar tars/00002.tar.gz
diff -r joined joined2 > /dev/null || fail 'names from paths'

# ---- damage: what is whole is copied; the rest is counted and named ----
# The names are among those that the whole tar gave.
only_whole() {
    equal "$(comm -23 <(sort names) <(tar -tf kept/00000.tar | sort))" '' 'other members'
}
mkdir damaged
size=$(stat -c %s tars/00000.tar)
for cut in 1 100 700 20000 $((size / 2)) $((size - 5000)); do
    head -c "$cut" tars/00000.tar > damaged/00000.tar
    expect 0 export --to tar --json -o o --curated run damaged/00000.tar
    equal "$(jq -c '[.files_written, .summary.shards_damaged,
        .samples_read - .samples_copied - .samples_not_curated - .samples_damaged]' out)" '[1,1,0]' "cut at $cut"
    tar -tf o/00000.tar > names || fail "$shown: no tar"
    only_whole
    rm -r o
    expect 1 export --to tar --strict -q -o o --curated run damaged/00000.tar
    says err 'damaged/00000.tar: '
    equal "$(ls -A o)" '' 'what --strict leaves'
done
cp tars/00000.tar damaged/00000.tar
printf 'x' | dd of=damaged/00000.tar bs=1 seek=$((512 * 101)) conv=notrunc status=none
for shift in 3 5 8 13 21 34; do # into a header or into content
    printf 'xxxx' | dd of=damaged/00000.tar bs=512 seek=$((100 + shift)) conv=notrunc status=none
done
expect 0 export --to tar --json -o o --curated run damaged/00000.tar
says out 'damaged/00000.tar: '
tar -tf o/00000.tar > names 2> err || fail "$shown: $(cat err)"
only_whole
head -c 9000 tars/00002.tar.gz > damaged/00002.tar.gz
expect 0 export --to tar --json -o o --curated run damaged/00002.tar.gz
equal "$(jq .summary.shards_damaged out)" 1 'a cut gzip'
says out 'the file ends inside it'
printf '\x1f\x8b\x08junk' > damaged/00003.tar.zst
expect 0 export --to tar --json -o o --curated run damaged/00003.tar.zst
equal "$(jq -c '[.samples_read, .summary.shards_damaged]' out)" '[0,1]' 'no beginning'
: > damaged/00001.tar
expect 0 export --to tar --json -o o --curated run damaged/00001.tar
equal "$(jq -c '[.samples_read, .summary.shards_damaged]' out)" '[0,0]' 'an empty file'

# A sample with a json that is none is not copied, though its txt was curated.
mkdir -p odd/s && printf 'a cat' > odd/s/1.txt && printf '{' > odd/s/1.json && printf 'a dog' > odd/s/2.txt
tar_of odd -cf odd.tar
expect 0 curate -q -m metadata.json -t 60 -o oddrun odd.tar
expect 0 export --to tar --json -o o --curated oddrun odd.tar
equal "$(jq -c '[.samples_damaged, .samples_copied]' out)" '[1,1]' 'a sample with damage'
says out 'odd.tar: sample s/1 at byte '
says out 'is not copied: something in it, or right behind it, is damaged'
# Names that lead elsewhere stay names; sizes that are absurd are damage.
tar -P --transform 's,^s/,../../../s/,' -C 0 -cf away.tar s/00000000.txt s/00000000.jpg
"$METACLIP" extract -q away.tar > away.jsonl 2> err || fail 'extract away.tar'
expect 0 export --to tar -q -o o --curated away.jsonl away.tar
equal "$(tar -P -tf o/away.tar | head -1)" '../../../s/00000000.txt' 'a name that leads elsewhere'
[[ ! -e ../s && ! -e ../../s ]] || fail 'a member was written'
perl=$(command -v perl) && {
    cp tars/00000.tar huge.tar
    "$perl" -e 'open F, "+<", "huge.tar"; binmode F; seek F, 512, 0; read F, $h, 512;
        substr($h, 124, 12) = "77777777777\0"; substr($h, 148, 8) = " " x 8; $s += ord for split //, $h;
        substr($h, 148, 8) = sprintf "%06o\0 ", $s; seek F, 512, 0; print F $h'
    expect 0 export --to tar --json -o o --curated kept.jsonl huge.tar
    equal "$(jq -c '[.samples_copied, .summary.shards_damaged]' out)" '[0,1]' 'an absurd size'
}
nothing_left

# ---- what is refused ----
refused() { # CODE WORDS ARG...
    local code=$1 words=$2
    shift 2
    expect "$code" export --to tar "$@"
    says err "$words"
    nothing_left
}
rm -rf o
mkdir again && cp tars/00000.tar again/
refused 2 'give the same shard name' -o o --curated kept.jsonl tars/00000.tar again/00000.tar
refused 2 'the run folder run has no shard both' -o o --curated run tars/both.tar
refused 2 'would replace what is read' -o again --curated run again/00000.tar
cmp -s again/00000.tar tars/00000.tar || fail 'an input was replaced'
refused 2 'a tar is read twice, so it must be a file' -o o --curated kept.jsonl -
mkfifo pipe.tar
refused 2 'a tar is read twice, so it must be a file' -o o --curated kept.jsonl pipe.tar
refused 2 '--curated takes one run folder, or files' -o o --curated run --curated kept.jsonl tars/00000.tar
cp kept.jsonl 00000.jsonl
refused 1 '00000.jsonl: this is no tar' -o o --curated run 00000.jsonl
refused 1 'no run folder of curate' -o o --curated tars tars/00000.tar
printf 'x\n' >> kept.jsonl
refused 1 'kept samples could be missing' -o o --curated kept.jsonl tars/00000.tar
refused 2 'names a folder' -o metadata.json --curated run tars/00000.tar
equal "$(ls -A o 2> /dev/null)" '' 'outputs of what was refused'
