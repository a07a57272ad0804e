# What goes wrong at run time: exit code 1, a sentence with the file's name, no half-written output.
. "$(dirname "$0")/lib.sh"

printf '["photo","cat"]\n' > metadata.json
printf '["photo","dog"]\n' > other.json
printf '{"uuid":"u","url":"http://a.example/1","texts":[["alt","a photo"]]}\n' > pairs.jsonl
expect 0 match -q -m metadata.json -o matched.jsonl pairs.jsonl
expect 0 count -q -m metadata.json -o counts.npy matched.jsonl

# breaks TEXT ARG...: fails, says TEXT after its own name, and leaves nothing under the name "o"
breaks() {
    local text=$1
    shift
    expect 1 "$@"
    says err "metaclip $1: "
    says err "$text"
    [[ -z $(find . -name 'o' -o -name '.o*') ]] || fail "$shown: leaves a file"
}

breaks "missing.jsonl" match -m metadata.json -o o missing.jsonl
breaks "missing.json" match -m missing.json -o o pairs.jsonl
breaks "missing.npy" balance --counts missing.npy -o o matched.jsonl
breaks "missing" info missing
breaks "no/such" extract -o no/such/o pairs.jsonl
breaks "other" balance -m other.json --counts counts.npy -o o matched.jsonl
printf '{"a":' > bad.json
breaks "bad.json" match -m bad.json -o o pairs.jsonl

# One that fails does not keep info from telling about the others.
expect 1 info missing metadata.json
says out "metadata.json: metadata"

# A malformed line is skipped, named and counted; with --strict it is an error.
{ cat pairs.jsonl; printf '{"uuid":\n'; cat pairs.jsonl; } > odd.jsonl
expect 0 match -m metadata.json -o o odd.jsonl
equal "$(wc -l < o)" 2 "records around a malformed line"
says err "odd.jsonl"
rm o
breaks "odd.jsonl" match --strict -m metadata.json -o o odd.jsonl

# A gzip file that ends early gives what stands before.
for i in {1..2000}; do
    printf '{"uuid":"%d","url":"http://a.example/%d","texts":[["alt","photo %d"]]}\n' "$i" "$i" "$RANDOM"
done | gzip > whole.jsonl.gz
head -c 10000 whole.jsonl.gz > cut.jsonl.gz
expect 0 match -m metadata.json -o o cut.jsonl.gz
(($(wc -l < o) > 100)) || fail "little is left of a damaged file"
says err "cut.jsonl.gz"
rm o
breaks "cut.jsonl.gz" match --strict -m metadata.json -o o cut.jsonl.gz

# --check tells; only --strict takes what it finds as a failure.
printf 'photo\na,b\nphoto\n' > list.txt
expect 0 metadata --check list.txt
says out "that stand earlier in the list too                 1"
says out "that can never match"
expect 1 metadata --check --strict list.txt
says err "list.txt"
expect 0 metadata --check --json list.txt
says out '"duplicates":1,"never_match":1'

# The disk is full, or nobody reads: no success, and no noise in the second case.
if [[ -c /dev/full ]]; then
    "$METACLIP" help > /dev/full 2> err
    equal $? 1 "help on a full disk"
    says err "cannot write to standard output: No space left on device"
    "$METACLIP" match -q -m metadata.json whole.jsonl.gz > /dev/full 2> err
    equal $? 1 "match on a full disk"
    says err "No space left on device"
fi
{
    "$METACLIP" match -q -m metadata.json whole.jsonl.gz 2> err
    echo $? > code
} | true
sleep 0.2
equal "$(cat code)" 1 "match into a pipe that nobody reads"
equal "$(cat err)" "" "what it says then"
