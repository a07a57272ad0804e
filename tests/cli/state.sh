# --state: what earlier runs had is left out, exactly, however the runs were started and stopped.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 8 300 5
first=(pool/shard-00[0-3]*) second=(pool/shard-00[4-7]*)
curate=(curate --quiet -m pool/metadata.json -t 30 -j 2 --dedup-memory 1M)

listing() { # FOLDER PART
    (cd "$1" && find "$2" -type f ! -path './state/*' ! -name summary.json -print0 | sort -z | xargs -0 sha256sum)
}

same_runs() {
    listing "$1" . > got
    listing "$2" . > want
    same got want
    [[ -f $1/summary.json ]] || fail "$1 is not finished"
    [[ -z $(find "$1/state/keys" "$1/state/duplicates" -type f) ]] || fail "$1 holds keys that have served"
}

# Two runs, one after the other, have what one run over all has: the names of the first one's
# shards come first.
expect 0 "${curate[@]}" -o all "${first[@]}" "${second[@]}"
expect 0 "${curate[@]}" --state state -o one "${first[@]}"
expect 0 "${curate[@]}" --state state -o two "${second[@]}"
(cd all && find matched -type f -print0 | sort -z | xargs -0 sha256sum) > want
{ listing one matched; listing two matched; } | sort -k2 > got
same got want
(($(jq .pairs_earlier two/summary.json) > 30)) || fail 'hardly a pair was there before: the test would see little'
equal "$(jq -c .earlier_runs two/datacard.json)" '["one"]' 'the earlier runs of the data card'
equal "$(jq -c .earlier_runs one/datacard.json)" null 'the earlier runs of the first data card'
sums='.pairs_read - .pairs_kept - .pairs_duplicate - .pairs_earlier - .pairs_unmatched - .pairs_not_drawn,
      .records_read - .records_kept - .records_bad_url - .records_without_text - .records_duplicate
      - .records_earlier - .records_unmatched - .records_not_drawn'
equal "$(jq -c "[$sums]" two/summary.json)" '[0,0]' 'what the sums of the summary leave'
expect 0 verify --duplicates -m pool/metadata.json two

# A run is never held against its own earlier attempts, nor against later runs.
cp -r --preserve=timestamps two before
sha256sum state/* > state_before
expect 0 "${curate[@]}" --state state -o two "${second[@]}"
same_runs two before
expect 0 "${curate[@]}" -t 10 --state state -o two "${second[@]}"
expect 0 "${curate[@]}" --state state -o two "${second[@]}"
same_runs two before
expect 0 "${curate[@]}" --state state -o one "${first[@]}"
equal "$(jq -c .earlier_runs one/datacard.json)" null 'the earlier runs of the first run, started again'
sha256sum state/* > state_after
same state_after state_before

# Killed at any moment: the state has the run's keys when it is complete, and not before.
for i in {1..4}; do
    rm -rf killed state2
    mkdir state2
    cp state/one.keys state2
    for wait in 0.0$((RANDOM % 10)) 0.$((RANDOM % 3))$((RANDOM % 10)); do
        killed_after "$wait" "${curate[@]}" --state state2 --run-id two -o killed "${second[@]}"
        [[ -f killed/summary.json || ! -f state2/two.keys || -f killed/datacard.json ]] ||
            fail 'an incomplete run is known to the state'
    done
    expect 0 "${curate[@]}" --state state2 --run-id two -o killed "${second[@]}"
    same_runs killed before
done

# Several processes.
rm -rf shared state3
mkdir state3
cp state/one.keys state3
pids=()
for i in 0 1 2; do
    "$METACLIP" "${curate[@]}" -j 1 --state state3 --run-id two -o shared --shards $i/3 "${second[@]}" > "out.$i" 2> "err.$i" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || { cat err.*; fail "a worker ended with $?"; }
done
same_runs shared before

# More inputs: the same earlier runs, and the state has the larger set.
expect 0 "${curate[@]}" --state state4 -o grown "${first[@]:0:2}"
small=$(stat -c %s state4/grown.keys)
expect 0 "${curate[@]}" --state state4 -o grown "${first[@]}"
listing grown matched > got
listing one matched > want
same got want
(($(stat -c %s state4/grown.keys) > small)) || fail 'the state did not grow with the run'

# extract does it too, and the pairs are those of one extract.
expect 0 extract -q -o all.jsonl "${first[@]}" "${second[@]}"
expect 0 extract -q --state state5 -o e1.jsonl "${first[@]}"
expect 0 extract -q --state state5 -o e2.jsonl "${second[@]}"
cat e1.jsonl e2.jsonl > both.jsonl
same both.jsonl all.jsonl
expect 0 extract -q --state state5 -o e2.jsonl "${second[@]}"
cat e1.jsonl e2.jsonl > both.jsonl
same both.jsonl all.jsonl
expect 0 extract -q --state state5 --run-id again -o e3.jsonl "${second[@]}"
equal "$(wc -c < e3.jsonl)" 0 'bytes of what was there before'

# What does not fit together is refused.
expect 1 "${curate[@]}" --state state -o elsewhere/one "${first[@]}"
says err 'give this one an id of its own'
expect 0 "${curate[@]}" --state state --run-id other -o elsewhere/one "${first[@]}"
expect 1 "${curate[@]}" -o two "${second[@]}"
says err '--state'
expect 2 "${curate[@]}" --no-dedup --state state -o three "${second[@]}"
expect 2 "${curate[@]}" --run-id x -o three "${second[@]}"
expect 2 "${curate[@]}" --state state --run-id a/b -o three "${second[@]}"
says err 'cannot be a run'
expect 2 extract -q --state state5 "${first[@]}"
says err '--run-id'
head -c 1000 state/one.keys > cut
cp cut state/cut.keys
expect 1 "${curate[@]}" --state state -o four "${second[@]}"
says err 'cut.keys'
rm state/cut.keys state/one.keys
expect 1 "${curate[@]}" -t 11 --state state -o two "${second[@]}"
says err 'one.keys'
