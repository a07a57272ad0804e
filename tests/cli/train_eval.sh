#!/usr/bin/env bash
# metaclip train with an eval_catalog: what is evaluated when, which checkpoint is the best one, and
# that stopping, killing and going on change neither.
. "$(dirname "$0")/lib.sh"

data=$METACLIP_SOURCE/tests/data
cp "$data/vocab_small.txt" vocab.txt
cp "$data/clip_small.json" clip.json
words=(red green blue white black old new big small wet dry hot)
mkdir pairs sets
images=("$data"/images/{rgb,rgba,grey,palette}*.png)
echo 'filepath,title' > sets/pairs.csv
for i in "${!words[@]}"; do
    image=${images[i % ${#images[@]}]}
    cp "$image" "pairs/$i.png"
    echo "a ${words[i]} car" > "pairs/$i.txt"
    ((i >= ${#images[@]})) || echo "$image,a ${words[i]} car" >> sets/pairs.csv
    mkdir -p "sets/cars/test/${words[i % 3]}"
    cp "$image" "sets/cars/test/${words[i % 3]}/$i.png"
done
tar -C pairs --sort=name -cf pairs.tar .
echo '{"sets": [{"path": "cars", "templates": "photo"}, {"path": "pairs.csv"}]}' > sets/all.json

common=(tiny --set model=clip.json --set vocab=vocab.txt --set batch=6 --set seen_pairs=72 --set warmup_steps=2
    --set lr=0.01 --set precision=fp32 --set backend=ref --set checkpoint_steps=3 --set keep_checkpoints=2
    --set log_steps=6 -j 1)
evaluating=(--set eval_catalog=sets/all.json)
train() { expect "$1" train "${common[@]}" "${@:2}"; }
best=checkpoints/best/open_clip_model.safetensors
values() { jq -c 'select(has("value")) | [.step, .value, .best_step, .best_value]' "$1/log.jsonl"; }

# ---- a whole run ----
train 0 --json -q --set out=whole "${evaluating[@]}" pairs.tar
equal "$(values whole | jq -c '.[0]' | xargs)" '3 6 9 12' 'where it is evaluated'
equal "$(jq -r 'select(has("eval")) | .eval.dataset' whole/log.jsonl | sort | uniq -c | xargs)" '4 cars 4 pairs' sets
first_of_the_largest='map([.[0], .[1]]) | (map(.[1]) | max) as $most | map(select(.[1] == $most))[0]'
top=$(values whole | jq -sc "$first_of_the_largest")
step=$(jq '.[0]' <<< "$top")
equal "$(jq -c '[.best_step, .best_value]' out)" "$top" 'the best of the summary'
equal "$(values whole | tail -n 1 | jq -c '[.[2], .[3]]')" "$top" 'the best of the log'
for i in 1 2 3 4; do
    equal "$(values whole | sed -n "${i}p" | jq -c '[.[2], .[3]]')" \
        "$(values whole | head -n "$i" | jq -sc "$first_of_the_largest")" "the best of the first $i"
done
equal "$(ls whole/checkpoints | xargs)" '00000009 00000012 best' 'what is kept'
equal "$(jq -c '[.step, .best_step]' whole/checkpoints/best/state.json)" "[$step,$step]" 'whose it is'

# It is a model, of which eval says what was said.
expect 0 eval -q --json --model whole/checkpoints/best --catalog sets/all.json
equal "$(jq -s '[.[].value] | add / length * 1e6 | round' out)" "$(jq '.[1] * 1e6 | round' <<< "$top")" 'its value'

# ---- one set tells, and other steps ----
train 0 -q --set out=cars "${evaluating[@]}" --set best_set=cars --set eval_steps=4 pairs.tar
equal "$(values cars | jq -c '.[0]' | xargs)" '4 8 12' 'where it is evaluated'
equal "$(values cars | jq -c '.[1] * 1e6 | round' | xargs)" \
    "$(jq -c 'select(.eval.dataset == "cars").eval.value * 1e6 | round' cars/log.jsonl | xargs)" 'the value of the set'
equal "$(jq -c 'select(has("eval")).eval.value' cars/log.jsonl | wc -l)" 6 'all are evaluated'

# ---- the same best one however it was made ----
same_best() {
    equal "$(values "$1")" "$(values whole)" "$1: values"
    same "$1/$best" "whole/$best"
    same "$1/checkpoints/best/state.json" whole/checkpoints/best/state.json
}
for n in 1 3 4 9 11; do
    train 0 -q --set out=stop$n "${evaluating[@]}" --max-steps $n pairs.tar
    train 0 -q --set out=stop$n "${evaluating[@]}" pairs.tar
    same_best stop$n
done
for ((i = 0; i < 8; i++)); do
    killed_after 0.$((RANDOM % 5 + 1)) train "${common[@]}" -q --set out=killed "${evaluating[@]}" pairs.tar
done
train 0 -q --set out=killed "${evaluating[@]}" pairs.tar
same_best killed

# Killed between a checkpoint and its becoming the best.
train 0 -q --set out=between "${evaluating[@]}" --max-steps "$step" pairs.tar
rm -r between/checkpoints/best
mkdir between/checkpoints/.best.tmp # left behind
train 0 -q --set out=between "${evaluating[@]}" pairs.tar
same_best between
equal "$(ls -A between/checkpoints | xargs)" '00000009 00000012 best' 'what is left'

# ---- several processes ----
if mpirun --version > /dev/null 2>&1 && [[ -z ${TSAN_OPTIONS-} ]]; then # MPI is not made for that
    ASAN_OPTIONS=detect_leaks=0 mpirun --allow-run-as-root --oversubscribe --mca btl_vader_single_copy_mechanism none \
        -n 2 "$METACLIP" train "${common[@]}" -q --set out=two "${evaluating[@]}" pairs.tar > mpi.out 2>&1 ||
        fail "mpirun: $(cat mpi.out)"
    equal "$(values two | jq -c '.[0]' | xargs)" '3 6 9 12' 'two processes: where it is evaluated'
    [[ -s two/$best ]] || fail 'two processes: no best checkpoint'

    # When the first one cannot go on, nobody waits for it: at the start, and in the middle.
    two() {
        ASAN_OPTIONS=detect_leaks=0 timeout 100 mpirun --allow-run-as-root --oversubscribe \
            --mca btl_vader_single_copy_mechanism none -n 2 "$METACLIP" train "${common[@]}" -q "$@" > mpi.out 2>&1
        code=$?
        ((code != 0 && code != 124)) || fail "two processes: exit code $code: $(cat mpi.out)"
    }
    two --set out=none --set eval_catalog=none.json pairs.tar
    says mpi.out 'eval_catalog: none.json'
    mkdir -p full
    touch full/checkpoints # no folder
    two --set out=full pairs.tar
    says mpi.out 'full/checkpoints'
fi

# ---- a set that fails has no value, and training goes on ----
mkdir -p sets/damaged/test/a sets/damaged/test/b
head -c 100 "$data/images/rgb.jpg" | tee sets/damaged/test/a/1.jpg > sets/damaged/test/b/2.jpg
echo '{"sets": [{"path": "cars"}, {"path": "damaged"}]}' > sets/some.json
train 0 --set out=some --set eval_catalog=sets/some.json pairs.tar
says err 'warning: evaluating after step 3: none of its 2 images can be used'
equal "$(values some | jq -c '.[1:3]' | sort -u)" '[null,0]' 'no value'
[[ ! -e some/checkpoints/best ]] || fail 'some: a best one without a value'
train 0 -q --set out=some_cars --set eval_catalog=sets/some.json --set best_set=cars pairs.tar
[[ -s some_cars/$best ]] || fail 'the set that tells did not fail'

# ---- what is wrong is said at the start ----
train 1 --set out=x --set eval_catalog=none.json pairs.tar
says err 'eval_catalog: none.json'
train 2 --set out=x "${evaluating[@]}" --set best_set=imagenet pairs.tar
says err 'no data set is called imagenet'
train 2 --set out=x --set eval_steps=5 pairs.tar
says err 'eval_steps: there is nothing to evaluate on: name an eval_catalog'
echo '{"sets": [{"path": "gone"}]}' > sets/gone.json
train 1 --set out=x --set eval_catalog=sets/gone.json pairs.tar
says err 'gone'
[[ ! -e x ]] || fail 'a folder was made for nothing'
