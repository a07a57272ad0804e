#!/usr/bin/env bash
# metaclip train: a small model on a few pairs; stopped, killed, shared among processes, and wrong.
. "$(dirname "$0")/lib.sh"

data=$METACLIP_SOURCE/tests/data
cp "$data/vocab_small.txt" vocab.txt
cp "$data/clip_small.json" clip.json

# Two shards of twelve pairs.
words=(red green blue white black old new big small wet dry hot)
for shard in 0 1; do
    mkdir s$shard
    for i in "${!words[@]}"; do
        images=("$data"/images/{rgb,rgba,grey,palette}*.png)
        cp "${images[i % ${#images[@]}]}" "s$shard/$shard-$i.png"
        printf 'a %s car on road %s' "${words[i]}" "$shard" > "s$shard/$shard-$i.txt"
    done
    tar -C s$shard --sort=name -cf $shard.tar .
done

# Plain loops: the test is about the run, not about speed.
common=(tiny --set model=clip.json --set vocab=vocab.txt --set batch=6 --set seen_pairs=72 --set warmup_steps=2
    --set precision=fp32 --set backend=ref --set checkpoint_steps=5 --set log_steps=3 -j 1)
train() { expect "$1" train "${common[@]}" "${@:2}"; }
weights() { echo "$1/checkpoints/00000012/open_clip_model.safetensors"; }
same_run() {
    same "$(weights "$1")" "$(weights whole)"
    same "$1/checkpoints/00000012/optimizer.safetensors" whole/checkpoints/00000012/optimizer.safetensors
    equal "$(jq -c '[.step, .loss]' "$1/log.jsonl" | xargs)" "$(jq -c '[.step, .loss]' whole/log.jsonl | xargs)" "$1: the log"
}

# ---- a whole run ----
train 0 --json -q --set out=whole 0.tar 1.tar
equal "$(jq -c '[.steps, .all_steps, .complete]' out)" '[12,12,true]' 'the summary'
equal "$(ls whole | xargs)" 'checkpoints config.json log.jsonl' files
equal "$(ls whole/checkpoints | xargs)" '00000005 00000010 00000012' checkpoints
equal "$(jq -r '.batch, .out, .data[0]' whole/config.json | xargs)" '6 whole 0.tar' 'the effective config'
equal "$(jq .step whole/log.jsonl | xargs)" '3 6 9 12' 'lines of the log'
equal "$(jq -r 'keys_unsorted | join(" ")' whole/log.jsonl | uniq)" \
    'step epoch seen loss lr scale grad_norm samples_per_s data_share matmul_share' 'members of a line'
equal "$(jq '.samples_per_s > 0 and .data_share >= 0 and .data_share < 1 and .matmul_share > 0' whole/log.jsonl | uniq)" \
    true 'rates and shares'
train 0 -q --set out=whole 0.tar 1.tar # there is nothing left to do
train 0 -q --set out=again 0.tar 1.tar
same_run again

# ---- stopped anywhere, and killed ----
for n in 1 4 5 7 11; do
    train 0 -q --set out=stop$n --max-steps $n 0.tar 1.tar
    train 0 -q --set out=stop$n 0.tar 1.tar
    same_run stop$n
done
for ((i = 0; i < 6; i++)); do
    killed_after 0.$((RANDOM % 4 + 1)) train "${common[@]}" -q --set out=killed 0.tar 1.tar
done
train 0 -q --set out=killed 0.tar 1.tar
same_run killed

# ---- what comes out is a model ----
expect 0 info "whole/checkpoints/00000012"
says out QuickGELU
expect 0 embed -q --model whole/checkpoints/00000012 -o f.npy 0.tar
expect 0 convert -q --to hf -o hf whole/checkpoints/00000012
expect 0 embed -q --model hf -o g.npy 0.tar
same g.npy f.npy
train 0 -q --set out=more --set init=hf --set seen_pairs=12 0.tar 1.tar

# ---- which knows its vocabulary ----
model=whole/checkpoints/00000012
equal "$(ls $model | xargs)" \
    'merges.txt open_clip_config.json open_clip_model.safetensors optimizer.safetensors state.json tokenizer_config.json vocab.json' \
    'files of a checkpoint'
expect 0 convert -q -o openclip/m.pt $model
equal "$(ls openclip | xargs)" 'm.pt merges.txt open_clip_config.json tokenizer_config.json vocab.json' "OpenCLIP's files"
equal "$(ls hf | xargs)" 'config.json merges.txt model.safetensors preprocessor_config.json tokenizer_config.json vocab.json' \
    "Hugging Face's files"
printf 'a red car\na new road & more\n' > texts.txt
expect 0 embed -q --model $model --vocab vocab.txt --texts -o want.npy texts.txt
for form in $model hf openclip/m.pt; do
    expect 0 embed -q --model $form --texts -o got.npy texts.txt
    same got.npy want.npy
    expect 0 classify -q --json --model $form --labels 'a red car,a dry road' s0/0-0.png
    mv out "$(basename $form).labels"
    expect 0 search -q --model $form --features want.npy --text 'a red car' -k 1
    says out 0
done
same hf.labels 00000012.labels
same m.pt.labels 00000012.labels
expect 0 tokenize -q --vocab vocab.txt --context 10 -o want.npy texts.txt
expect 0 tokenize -q --vocab $model --context 10 -o got.npy texts.txt
same got.npy want.npy
train 0 -q --set out=fine --set init=$model --set vocab= --set seen_pairs=12 0.tar 1.tar # the one of init
same fine/checkpoints/00000002/vocab.json $model/vocab.json

# The rule of cleaning is part of it.
train 0 -q --set out=hugging --set rule=hf --set seen_pairs=12 0.tar 1.tar
model=hugging/checkpoints/00000002
for rule in auto openai hf; do
    expect 0 tokenize -q --vocab $model --context 10 --rule $rule -o $rule.npy texts.txt
done
same auto.npy hf.npy
cmp -s auto.npy openai.npy && fail 'the rules give the same'

# Another one is refused, also where it has the same name; older checkpoints have none.
expect 0 tokenize -q --train 700 -o vocab.txt.gz s0/*.txt
train 0 -q --set out=other --max-steps 1 0.tar 1.tar
gzip -dc vocab.txt.gz > other.txt
mv vocab.txt kept.txt
mv other.txt vocab.txt
train 1 -q --set out=other 0.tar 1.tar
says err 'other: the run began with another vocabulary (vocab.json is not what is in the last checkpoint)'
expect 1 embed -q --model other/checkpoints/00000001 --vocab vocab.txt --texts -o x.npy texts.txt
says err 'the model'
says err 'it was trained with another'
mv kept.txt vocab.txt
rm other/checkpoints/00000001/{vocab.json,merges.txt,tokenizer_config.json}
expect 1 embed -q --model other/checkpoints/00000001 --texts -o x.npy texts.txt
says err 'there is no vocabulary beside the model that can be used, so name one (--vocab)'
train 0 -q --set out=other 0.tar 1.tar
same "$(weights other)" "$(weights whole)"
train 1 -q --set out=none --set init=other/checkpoints/00000001/open_clip_model.safetensors --set vocab= 0.tar
says err 'vocab: there is none beside init'

# ---- micro-batches and recomputing make the same steps, but for rounding ----
train 0 -q --set out=micro --set micro_batch=4 --set recompute=true 0.tar 1.tar
equal "$(jq '.loss * 1000 | round' micro/log.jsonl | xargs)" "$(jq '.loss * 1000 | round' whole/log.jsonl | xargs)" losses

# ---- several processes ----
if mpirun --version > /dev/null 2>&1 && [[ -z ${TSAN_OPTIONS-} ]]; then # MPI is not made for that
    ASAN_OPTIONS=detect_leaks=0 mpirun --allow-run-as-root --oversubscribe --mca btl_vader_single_copy_mechanism none \
        -n 2 "$METACLIP" train "${common[@]}" -q --set out=two 0.tar 1.tar > mpi.out 2>&1 || fail "mpirun: $(cat mpi.out)"
    equal "$(jq '.loss * 1000 | round' two/log.jsonl | xargs)" "$(jq '.loss * 1000 | round' whole/log.jsonl | xargs)" 'losses of two processes'
fi

# ---- online balancing, subsets ----
echo '["car", "road", "red"]' > metadata.json
expect 0 match -q -m metadata.json -o matched.jsonl 0.tar 1.tar
expect 0 count -q -m metadata.json -o counts.npy matched.jsonl
train 0 -q --set out=balanced --set seen_pairs=12 --set metadata=metadata.json --set counts=counts.npy --set t=6 0.tar 1.tar
mkdir lists
echo '["car", "road", "red"]' > lists/en.json
echo '["car", "old", "dry"]' > lists/other.json
expect 0 match -q --worldwide -m lists -o routed.jsonl 0.tar 1.tar
expect 0 count -q -m lists -o routed.npy routed.jsonl
routed=(--set seen_pairs=12 --set metadata=lists --set counts=routed.npy --set tail_ratio=0.4)
train 0 -q --set out=routed "${routed[@]}" --set worldwide=true 0.tar 1.tar
train 2 -q --set out=unrouted "${routed[@]}" 0.tar 1.tar
says err 'worldwide'
train 1 -q --set out=unrouted --set seen_pairs=12 --set counts=routed.npy 0.tar 1.tar
says err 'give the folder as the metadata'
train 1 -q --set out=unrouted "${routed[@]}" --set matched=true 0.tar 1.tar
says err 'they must carry ids'
train 1 -q --set out=none --set subset=list.txt 0.tar
says err 'list.txt'
jq -r '.uuid' matched.jsonl | head -n 8 > list.txt
train 0 -q --set out=subset --set seen_pairs=12 --set subset=list.txt 0.tar 1.tar

# ---- what is wrong is said ----
train 1 --set out=whole --set lr=0.5 0.tar 1.tar
says err '"lr": 0.001, where now is  "lr": 0.5'
train 1 --set out=whole 0.tar
says err 'data'
train 2 --set out=x --set lr=fast 0.tar
says err 'lr: the highest learning rate; want a number'
train 2 --set out=x --set speed=1 0.tar
says err 'there is no field speed'
train 2 --set out=x
says err 'data: name the tars'
train 2 0.tar
says err 'out: name the folder'
tar -C s0 -cf wrong.tar ./0-0.txt ./0-1.txt
train 1 --set out=x wrong.tar
says err 'image'
expect 1 train nothing.json
says err 'nothing.json'
echo '{"preset": "tiny", "lr": "fast"}' > wrong.json
expect 1 train wrong.json
says err 'wrong.json: lr: the highest learning rate; want a number'
expect 0 train --show b32_400m
equal "$(jq -c '[.model, .batch, .lr, .beta2]' out)" '["ViT-B-32-quickgelu",32768,0.0005,0.98]' 'a preset'
cp out mine.json
expect 0 train --show mine.json
same out mine.json
for file in "$METACLIP_SOURCE"/share/configs/*.json; do
    expect 0 train --show "$(basename "$file" .json)"
    same out "$file"
done
expect 0 train --fields
says out 'seen_pairs'
