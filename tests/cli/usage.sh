# Wrong usage: exit code 2, a sentence that says what is wrong, nothing on standard output.
. "$(dirname "$0")/lib.sh"

# bad SENTENCE ARG...
bad() {
    local sentence=$1
    shift
    expect 2 "$@"
    says err "$sentence"
    [[ ! -s out ]] || fail "$shown: prints on standard output"
}

# ---- commands ----
expect 2
says err "Usage:"
bad "there is no command 'extrcat'; did you mean 'extract'?" extrcat x
bad "there is no command 'cur'; did you mean 'curate'?" cur
bad "there is no command 'zzz'" zzz
bad "there is no command ''" ""
bad "there is no option '--versoin'" --versoin
bad "there is no command 'nothing'" help nothing
bad "did you mean 'match'" help mtach
bad "takes at most 1 COMMAND" help match count
bad "--completion stands alone" help --completion bash match

# ---- options ----
bad "there is no option --no-dedpu; did you mean --no-dedup?" extract --no-dedpu x
bad "there is no option --stric; did you mean --strict?" extract --stric x
bad "there is no option --bogus" extract --bogus x
bad "there is no option -x" extract -x
bad "there is no option -x in -qx" extract -qx in
bad "--quiet takes no value, but \"yes\" follows" extract --quiet=yes x
bad "-o needs a value: -o FILE" extract x -o
bad "-o needs a value, but --json follows" extract -o --json x
bad "--output: the value is empty" extract --output= x
bad "-o: the value is empty" extract -o "" x
bad "--format: \"xml\" is not one of jsonl|jsonl.gz|jsonl.zst|parquet" curate --format xml
bad "--format: \"json\" is not one of" curate --format=json
bad "--shard-names: \"y\" is not one of base|path" curate --shard-names base --shard-names=y
bad "--keep: \"url\" is not one of page_url,source" extract --keep page_url,url x
bad "--keep: \"\" is not one of page_url,source" match --keep ,source x

# ---- numbers ----
bad "-t: \"abc\" is not a whole number" balance -t abc
bad "-t: \"12x\" is not a whole number" balance -t12x
bad "-t: \"1.5\" is not a whole number" balance -t 1.5
bad "-t: \"0x10\" is not a whole number" balance -t 0x10
bad "-t: \" 7\" is not a whole number" balance -t " 7"
bad "-t: \"+7\" is not a whole number" balance -t +7
bad "-t: 0 is too small: at least 1" balance -t 0
bad "-t: -5 is too small: at least 1" balance -t -5
bad "-t: -99999999999999999999 is too small: at least 1" balance -t -99999999999999999999
bad "--seed: 18446744073709551616 is too large: at most 18446744073709551615" \
    balance --seed 18446744073709551616
bad "--seed: 99999999999999999999999 is too large" balance --seed=99999999999999999999999
bad "-j: 0 is too small: at least 1" extract -j0 x
bad "-j: 1025 is too large: at most 1024" extract -j 1025 x
bad "-j: \"\" is not a whole number" extract -j "" x
bad "--max-record-bytes: \"64Q\" is not a size" extract --max-record-bytes 64Q x
bad "--max-record-bytes: \"M\" is not a size" extract --max-record-bytes M x
bad "--max-record-bytes: \"64Mx\" is not a size" extract --max-record-bytes 64Mx x
bad "--max-record-bytes: 1 is too small: at least 1K" extract --max-record-bytes 1 x
bad "--max-record-bytes: -1 is too small: at least 1K" extract --max-record-bytes=-1 x
bad "--max-record-bytes: 2T is too large: at most 1T" extract --max-record-bytes 2T x
bad "--max-record-bytes: 18446744073709551615T is too large" \
    extract --max-record-bytes 18446744073709551615T x
bad "--max-record-bytes: 36893488147419103232 is too large" \
    extract --max-record-bytes 36893488147419103232 x
bad "--tail-ratio: 2 is not in the range 0 to 1" balance --tail-ratio 2
bad "--tail-ratio: -0.1 is not in the range 0 to 1" balance --tail-ratio -0.1
bad "--tail-ratio: \"nan\" is not a number" balance --tail-ratio nan
bad "--tail-ratio: \"0x1p-2\" is not a number" balance --tail-ratio 0x1p-2
bad "--tail-ratio: \"6%\" is not a number" balance --tail-ratio 6%

# ---- what is missing, too much, or does not go together ----
for command in extract match count balance curate info; do
    run "$command"
    equal "$code" 2 "metaclip $command without anything"
done
bad "no INPUT was given: name WAT or WARC files" extract
bad "no INPUT was given" extract --
bad "the name of an input is empty" extract ""
bad "-m FILE is missing: the list of entries" match x
bad "-o FILE is missing" count -m m.json x
bad "--counts FILE is missing" balance x
bad "-o DIR is missing" curate -m m.json x
bad "-t and --tail-ratio both set t" balance --counts c.npy -t 5 --tail-ratio 0.1 x
bad "-t and --tail-ratio both set t" curate -m m -o o --limit=5 --tail-ratio=0.1 x
bad "-t and --target both set t" balance --counts c.npy -t 5 --target 9 x
bad "--target and --tail-ratio both set t" curate -m m -o o --tail-ratio 0.1 --target 9 x
bad "--target: 0 is too small" balance --target 0
bad "--plan writes no pairs: leave out --output" balance --plan --counts c -o x y
bad "--plan writes no pairs: leave out --card" balance --plan --counts c -m m --card x y
bad "--card needs -m FILE" balance --counts c.npy --card d.json x
bad "--card and --no-card contradict" balance -m m --counts c --card d --no-card x
bad "it cannot be standard output" curate -m m.json -o - x
bad "--json needs -o FILE" extract --json x
bad "--json needs -o FILE" match -m m.json -o - --json x
bad "--json needs -o FILE" balance --counts c.npy --json x
bad "-o FILE is missing" metadata --wordnet
bad "-o FILE is missing: where the array goes" tokenize --vocab v x
bad "-o FILE is missing: where the vocabulary goes" tokenize --train 600 x
bad "no source was given" metadata -o m.json
bad "--check only reads" metadata --check -o m.json x
bad "--check wants FILE" metadata --check
bad "--strict goes with --check" metadata --strict -o m.json x
bad "is a folder, not a list" metadata --wordnet "$work" -o m.json
bad "-m FILE is missing: the metadata of the pairs (to look at a card: --top 10)" card x
bad "no input was given" card -m m.json
bad "--compare wants two data cards" card --compare a
bad "--top wants one data card" card -m m.json --top 3 a b
bad "--top: 0 is too small" card -m m.json --top 0 a
bad "--compare only reads cards: leave out --counts" card --compare --counts c a b
bad "--top only reads cards: leave out -t" card --top 3 -m m -t 7 a
bad "two commands; give one" card --top 3 --compare -m m a

# Nothing was written by any of these.
equal "$(ls)" "$(printf 'err\nout')" "files left over"
