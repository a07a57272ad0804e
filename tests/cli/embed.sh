#!/usr/bin/env bash
# metaclip embed: arrays, images and texts through a small model; shards, restarts, and failures.
. "$(dirname "$0")/lib.sh"

data=$METACLIP_SOURCE/tests/data
images=$data/images
mkdir model
cp "$data"/tiny_clip/{config.json,model.safetensors} model
cp "$data/vocab_small.txt" model/bpe_simple_vocab_16e6.txt.gz

header() { head -c 128 "$1" | tail -c +11 | tr -d '\0' | sed 's/ *$//' | tr -d '\n'; }
shape_is() { header "$1" | grep -qF "'shape': ($2)" || fail "$1: $(header "$1"), want $2"; }

# ---- prepared inputs ----
expect 0 embed --model model --pixels -o p.npy "$data/tiny_clip/pixels.npy"
says err 'rows                      3'
shape_is p.npy '3, 10'
expect 0 embed -q --model model --tokens -o k.npy "$data/tiny_clip/tokens.npy"
shape_is k.npy '4, 10'
expect 1 embed -q --model model --tokens -o bad.npy "$data/tiny_clip/pixels.npy"
says err 'pixels.npy: want i32 [*, 12], got f32 [3, 3, 16, 16]'
[[ ! -e bad.npy ]] || fail 'an output of a failed run'
expect 0 embed -q --model model --type f16 --pixels -o h.npy "$data/tiny_clip/pixels.npy"
equal "$(stat -c %s h.npy)" $((128 + 3 * 10 * 2)) 'bytes of f16'

# ---- images: one row each but for those that fail ----
mkdir photos
cp "$images/rgb.png" photos/b.png
cp "$images/rgb.jpg" photos/a.jpg
cp "$images/grey.png" photos/c.png
head -c 100 "$images/rgb.jpg" > photos/bb.jpg
expect 0 embed --model model -o f.npy photos
says err 'photos/bb.jpg'
shape_is f.npy '3, 10'
equal "$(jq -r '.row // "none"' f.npy.inputs.jsonl | xargs)" '0 1 none 2' 'the list'
expect 1 embed -q --strict --model model -o s.npy photos
says err 'photos/bb.jpg'
[[ ! -e s.npy ]] || fail 'an output of a strict run that failed'

# Preparing them first gives the same.
expect 0 preprocess -q --size 16 -o x.npy photos
expect 0 embed -q --model model --pixels -o g.npy x.npy
same g.npy f.npy
for options in '-j 1' '-j 3 --batch 2' '--batch 1'; do
    expect 0 embed -q --model model $options -o g.npy photos # shellcheck disable=SC2086
    same g.npy f.npy
done

# ---- texts: a row a line ----
printf 'a red car\n\na dog on a road\n' > texts.txt
printf '"a red car"\n""\n17\n"a dog on a road"\n' > texts.jsonl
expect 0 embed -q --model model --texts -o t.npy texts.txt
shape_is t.npy '3, 10'
expect 0 embed --json -q --model model --texts -o u.npy texts.jsonl
equal "$(jq -c '[.inputs, .rows, .failed]' out)" '[4,4,1]' 'the summary'
tail -c +129 t.npy | head -c 80 > first2
tail -c +129 u.npy | head -c 80 | cmp -s - first2 || fail 'lines and JSON differ'
expect 0 tokenize -q --vocab model --context 12 -o k.npy texts.txt
expect 0 embed -q --model model --tokens -o g.npy k.npy
same g.npy t.npy
rm model/bpe_simple_vocab_16e6.txt.gz
expect 1 embed -q --model model --texts -o n.npy texts.txt
says err '--vocab'
expect 0 embed -q --model model --vocab "$data/vocab_small.txt" --texts -o g.npy texts.txt
same g.npy t.npy

# ---- shards: the same rows in pieces; restarts; several processes ----
tar --sort=name -cf all.tar photos
expect 0 embed -q --model model -o rows --shard-rows 2 photos all.tar
equal "$(ls rows | xargs)" "$(for i in 0 1 2 3; do echo 0000$i.inputs.jsonl 0000$i.npy; done | xargs) embed.json" files
values() { for f; do tail -c +129 "$f"; done; }
values rows/00000.npy rows/00001.npy | cmp -s - <(values f.npy) || fail 'shards hold other rows'
values rows/00002.npy rows/00003.npy | cmp -s - <(values f.npy) || fail 'the tar gives other rows'
cp -r rows whole
rm rows/00001.npy rows/00003.npy rows/00003.inputs.jsonl
expect 0 embed --model model -o rows --shard-rows 2 photos all.tar
says err '2 files made, 2 were there'
diff -r rows whole || fail 'a restart gives another folder'
for i in 2 0 1; do
    expect 0 embed -q --model model -o parts --shard-rows 2 --part $i/3 photos all.tar
done
diff -r parts whole || fail 'parts give another folder'
expect 1 embed -q --model model -o rows --shard-rows 3 photos all.tar
says err 'another model, other inputs or other options'

# ---- searching what was embedded, by text and by image ----
expect 0 search -q --json --features f.npy --model model --image photos/b.png -k 1
equal "$(jq -c '[.neighbours[0].row, (.neighbours[0].score > 0.99999)]' out)" '[1,true]' 'an image finds itself'
expect 0 search -q --json --features t.npy --model model --vocab "$data/vocab_small.txt" --text 'a dog on a road' -k 1
equal "$(jq -c '[.neighbours[0].row, (.neighbours[0].score > 0.99999)]' out)" '[2,true]' 'a text finds itself'
expect 2 search --features f.npy --text 'a dog'
says err 'need the model'
expect 2 search --features f.npy --model model --text a --image b
says err 'one of them'

# ---- wrong usage ----
expect 2 embed --model model -o f.npy --texts --tokens x
says err 'exclude each other'
expect 2 embed --model nothing -o f.npy x
says err 'nothing'
expect 2 embed --model model -o - x
expect 2 embed --model model --part 0/2 -o f.npy x
says err '--shard-rows'
