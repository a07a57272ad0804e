# Choosing t: the plan before drawing, and the t of a wanted number of pairs, in balance and curate.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 5 300 11
shards=(pool/shard-*)
curate=(curate --quiet -m pool/metadata.json --seed 5)
expect 0 "${curate[@]}" -t 40 -o run "${shards[@]}"
mapfile -t matched < <(find run/matched -type f | sort)
all=$(cat "${matched[@]}" | wc -l)
balance=(balance --quiet -m pool/metadata.json --counts run/entry_count.npy)
plan=("${balance[@]}" --plan)

# ---- the plan ----

# Each row is what balancing with its t says beforehand, and about what it then draws.
expect 0 "${plan[@]}" --json "${matched[@]}"
mv out plan.json
equal "$(jq .matched_pairs plan.json)" "$all" "matched pairs of the plan"
equal "$(jq .t plan.json)" null "t of a plan without one"
equal "$(jq -c '[.rows[].t] | .[:6]' plan.json)" "[1,2,5,10,20,50]" "marks of the plan"
equal "$(jq '.rows[-1].expected_pairs' plan.json)" "$all" "pairs that the largest t keeps"
for t in 1 10 50 200; do
    expect 0 balance -m pool/metadata.json --counts run/entry_count.npy --seed 5 -t $t --json \
        -o drawn.jsonl "${matched[@]}"
    jq -c --slurpfile drawn out --argjson t $t '
        (.rows[] | select(.t == $t)) as $row | $drawn[0] as $d |
        [($row.expected_pairs - $d.expected_pairs | fabs < 0.01),
         $row.entries_head == $d.entries_head, $row.tail_ratio == $d.tail_ratio,
         ($row.expected_pairs - $d.pairs_kept | fabs) <= 5 * $row.deviation]' plan.json > got
    equal "$(cat got)" "[true,true,true,true]" "the plan for t = $t against the drawing"
done
for threads in 1 2 4; do
    expect 0 "${plan[@]}" -j $threads --json "${matched[@]}"
    equal "$(jq -c 'del(.summary)' out)" "$(jq -c 'del(.summary)' plan.json)" "a plan by $threads threads"
done

# For people; no file is written, and a pipe will do.
cat "${matched[@]}" > matched.jsonl
"$METACLIP" "${plan[@]}" -t 7 - < matched.jsonl > out 2> err || fail "a plan of a pipe"
says out "$(printf "%'d" "$all" 2> /dev/null | sed -E ':a;s/^([0-9]+)([0-9]{3})/\1,\2/;ta') pairs match an entry"
grep -qE '^\* +7 ' out || fail 'the t that was asked for has no star'
equal "$(grep -c '^\*' out)" 1 'stars'
equal "$(awk 'length > 80' out)" '' 'long lines in a plan'
[[ -z $(find . -name '*.datacard.json' -newer matched.jsonl) ]] || fail 'a plan wrote something'

# ---- a target ----

target=$((all / 2))
expect 0 "${balance[@]}" --seed 5 --target $target --json -o half.jsonl "${matched[@]}"
t=$(jq .t out)
jq -e ".expected_pairs >= $target - 0.01" out > /dev/null || fail "t = $t is too small"
expect 0 "${balance[@]}" --seed 5 -t $((t - 1)) --json -o less.jsonl "${matched[@]}"
jq -e ".expected_pairs < $target" out > /dev/null || fail "t = $t is not the smallest"
expect 0 "${plan[@]}" --target $target --json "${matched[@]}"
equal "$(jq .t out)" "$t" 't in the plan of a target'
jq -e ".rows[] | select(.t == $t)" out > /dev/null || fail 'a plan without the t of its target'

# In a run: the same t, the same pairs; run.json names what was asked for.
expect 0 "${curate[@]}" --target $target -j 1 -o run2 "${shards[@]}"
equal "$(jq .t run2/summary.json)" "$t" 't of a run with a target'
equal "$(jq -c '[.target, .t]' run2/run.json)" "[$target,null]" 'run.json of a target'
cat $(find run2/matched -type f | sort | sed s/matched/curated/) > got
same got half.jsonl
expect 0 "${curate[@]}" --target $target -j 3 -o run3 "${shards[@]}"
cmp -s run2/datacard.json run3/datacard.json || fail 'threads change the data card of a target'


# Several processes: one of them searches, all draw with what it found.
for i in 0 1 2; do
    "$METACLIP" "${curate[@]}" --target $target -j 1 --shards $i/3 -o run5 "${shards[@]}" 2> err.$i &
done
wait
cmp -s run2/datacard.json run5/datacard.json || fail "several processes with a target: $(cat err.?)"
expect 0 verify run5

# Started again: nothing is searched or drawn anew. Another target: the drawing alone.
touch -d 2001-01-01 run2/curated/*/* run2/matched/*/* run2/state/target.json
expect 0 "${curate[@]}" --target $target -o run2 "${shards[@]}"
[[ -z $(find run2/curated run2/state/target.json -type f -newermt 2002-01-01) ]] ||
    fail 'a finished run was searched or drawn again'
expect 0 "${curate[@]}" --target $((target + 100)) -o run2 "${shards[@]}"
(($(jq .t run2/summary.json) > t)) || fail 'a larger target has no larger t'
[[ -z $(find run2/matched -type f -newermt 2002-01-01) ]] || fail 'another target matched anew'
expect 0 "${curate[@]}" -t 40 -o run2 "${shards[@]}"
cmp -s run2/datacard.json run/datacard.json || fail 'a target left something behind'

# What was found for fewer inputs is not taken for more of them; nor is a damaged note.
expect 0 "${curate[@]}" --target $target -o run4 "${shards[@]:0:4}"
expect 0 "${curate[@]}" --target $target -o run4 "${shards[@]}"
cmp -s run4/datacard.json run3/datacard.json || fail 'more inputs with a target'
printf '{"made_from"' > run4/state/target.json
rm run4/summary.json
expect 0 "${curate[@]}" --target $target -o run4 "${shards[@]}"
equal "$(jq .t run4/summary.json)" "$t" 't after the note was damaged'

# ---- out of reach ----

expect 0 "${balance[@]}" --target "$all" --json -o most.jsonl "${matched[@]}"
equal "$(jq .pairs_kept out)" "$all" 'pairs kept when all are asked for'
rm -f none.jsonl
expect 2 "${balance[@]}" --target $((all + 1)) -o none.jsonl "${matched[@]}"
says err "only $all match an entry"
[[ ! -e none.jsonl ]] || fail 'an output of a target out of reach'
expect 2 "${curate[@]}" --target $((all + 1)) -o run3 "${shards[@]}"
says err "only $all match an entry"
expect 0 "${curate[@]}" --target "$all" -o run3 "${shards[@]}"
expect 2 "${balance[@]}" --target 1 -o none.jsonl -
says err 'must be in files'
