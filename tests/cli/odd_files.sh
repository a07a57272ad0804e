# Inputs and outputs that do not go together, and paths that are no plain files.
. "$(dirname "$0")/lib.sh"

printf '["photo","cat"]\n' > m.json
printf '["photo","dog"]\n' > other.json
printf '{"uuid":"u","url":"http://a.example/1","texts":[["alt","a photo"]]}\n' > pairs.jsonl
expect 0 match -q -m m.json -o matched.jsonl pairs.jsonl
expect 0 count -q -m m.json -o counts.npy matched.jsonl

# refused CODE TEXT ARG...: fails with TEXT, and leaves all files as they are
refused() {
    local want=$1 text=$2
    find . -type f ! -name out ! -name err -exec sha256sum {} + | sort > before
    shift 2
    expect "$want" "$@"
    says err "$text"
    find . -type f ! -name out ! -name err -exec sha256sum {} + | sort > after
    sed -i '/before$/d; /after$/d' before after
    same after before
}

# An output never replaces what is read, under whichever name.
ln -s matched.jsonl link.jsonl
ln m.json hard.json
refused 2 "matched.jsonl: the output would replace what is read" \
    count -m m.json -o matched.jsonl matched.jsonl
refused 2 "link.jsonl: the output" match -m m.json -o link.jsonl matched.jsonl
refused 2 "hard.json: the output" count -m m.json -o hard.json matched.jsonl
refused 2 "pairs.jsonl: the output" extract -o pairs.jsonl pairs.jsonl
refused 2 "counts.npy: the output" \
    balance -m m.json --counts counts.npy -o curated.jsonl --card counts.npy matched.jsonl
refused 2 "two outputs" \
    balance -m m.json --counts counts.npy -o curated.jsonl --card curated.jsonl matched.jsonl
refused 2 "counts.npy: the output" card -m m.json --counts counts.npy -o counts.npy

# Standard input is there once.
refused 2 "named 2 times" match -m - -o o -
refused 2 "named 2 times" extract -o o - -

# An output that cannot be made is found before the work, not after it.
refused 1 "no/such/card" \
    balance -m m.json --counts counts.npy -o curated.jsonl --card no/such/card matched.jsonl
refused 1 "no/such/o" count -m m.json -o no/such/o missing-or-not.jsonl

# Pipes: where one pass is enough they are as good as files.
"$METACLIP" match -q -m <(cat m.json) <(cat pairs.jsonl) > o || fail "match of pipes"
same o matched.jsonl
"$METACLIP" match -q -m m.json -o /dev/stdout - < pairs.jsonl > o || fail "match to /dev/stdout"
same o matched.jsonl
"$METACLIP" count -q -m m.json -o o - < matched.jsonl 2> err || fail "count of standard input"
same o counts.npy
says err "standard input does not say which metadata"
mkfifo pipe
(cat pipe > got) &
expect 0 match -q -m m.json -o pipe pairs.jsonl
wait
same got matched.jsonl
[[ -p pipe ]] || fail "the pipe was replaced by a file"
refused 2 "reads files, not pipes" info -
refused 1 "pipe: info looks more than once" info pipe
rm pipe o got

# A record that does not belong is named with its file.
refused 1 "pairs.jsonl: record u has a text without entry ids" \
    balance -q --counts counts.npy -o o pairs.jsonl

# A file that is written through a link loses the sidecar that spoke of the old one.
cp matched.jsonl real.jsonl
cp matched.jsonl.meta.json real.jsonl.meta.json
ln -s real.jsonl through.jsonl
expect 0 match -q -m other.json -o through.jsonl pairs.jsonl
[[ -L through.jsonl ]] || fail "the link was replaced by a file"
refused 1 "another metadata list" count -m m.json -o o real.jsonl
refused 1 "another metadata list" count -m m.json -o o through.jsonl
expect 0 count -q -m other.json -o o real.jsonl
equal "$(cat err)" "" "what is said of a file with a sidecar"

# Files of a run folder say whose ids they hold, from wherever they are named.
expect 0 curate -q -m m.json -o run pairs.jsonl
cd "$(dirname run/matched/*/pairs.jsonl)" || fail "no run folder"
expect 0 count -q -m ../../../m.json -o ../../../o pairs.jsonl
equal "$(cat err)" "" "what is said of a file of a run"
expect 1 count -q -m ../../../other.json -o ../../../o pairs.jsonl
says err "another metadata list"
"$METACLIP" count -q -m ../../../other.json -o ../../../o - < pairs.jsonl 2> err ||
    fail "standard input was taken for a file of the run around it"
cd "$work" || exit 1

# curate reads its inputs again when it is started again.
mkfifo pipe
refused 2 "pipe: curate must be able to start again" curate -m m.json -o new pipe
refused 2 "standard input: curate must" curate -m m.json -o new -
[[ ! -e new ]] || fail "a refused run made its folder"

# What was let pass once is an error once --strict is asked for.
{ printf '{"uuid":\n'; cat pairs.jsonl; } > odd.jsonl
expect 0 curate -q -m m.json -o passed odd.jsonl
expect 1 curate -q --strict -m m.json -o passed odd.jsonl
says err "odd.jsonl: at byte 0"
says err "--strict was asked for"
expect 0 curate -q -m m.json -o passed odd.jsonl

# Of two that write one name, the first fails, the second's file is whole.
mkfifo slow
"$METACLIP" extract -q -o shared.jsonl slow 2> first &
exec 3> slow
for ((i = 0; i < 100; i++)); do
    [[ ! -e .shared.jsonl.tmp ]] || break
    sleep 0.1
done
expect 1 extract -q -o shared.jsonl missing.jsonl
[[ -e .shared.jsonl.tmp ]] || fail "one that failed took another's file away"
expect 0 extract -q -o shared.jsonl pairs.jsonl
cp shared.jsonl whole.jsonl
cat pairs.jsonl pairs.jsonl >&3
exec 3>&-
wait $! && fail "two wrote one file, and nobody was told"
says first "another process has begun to write it"
same shared.jsonl whole.jsonl

# A list without entries is a mistake, not a pool without matches.
echo '[]' > none.json
printf '%s\n' '{"uuid":"u","url":"http://a/b.jpg","texts":[["alt","a red car"]]}' > one.jsonl
expect 2 match -m none.json -o never.jsonl one.jsonl
says err 'the metadata list is empty'
expect 2 curate -m none.json -o never.out one.jsonl
says err 'the metadata list is empty'

# Other people's hidden files in the run folder stay.
mkdir -p home
touch home/.theirs.tmp home/.run.json.tmp
echo '["red"]' > red.json
expect 0 curate --quiet -m red.json -o home one.jsonl
[[ -e home/.theirs.tmp && ! -e home/.run.json.tmp ]] || fail 'the wrong temporaries were removed'
