#!/usr/bin/env bash
# metaclip classify: labels and templates, in lines and in JSON.
. "$(dirname "$0")/lib.sh"

data=$METACLIP_SOURCE/tests/data
images=$data/images
mkdir model photos
cp "$data"/tiny_clip/{config.json,model.safetensors} model
cp "$data/vocab_small.txt" model/bpe_simple_vocab_16e6.txt.gz
cp "$images/rgb.png" "$images/rgb.jpg" photos
head -c 100 "$images/rgb.jpg" > photos/damaged.jpg

expect 0 classify --model model --labels 'a dog, a cat,a red car' -k 3 photos
equal "$(wc -l < out)" 2 'lines'
says err 'photos/damaged.jpg: JPEG'
awk -F'\t' '{ if ($2 + $4 + $6 < 0.999 || $2 + $4 + $6 > 1.001 || $2 < $4 || $4 < $6) exit 1 }' out ||
    fail "probabilities: $(cat out)"
cp out lines

# The same from a file, and as JSON.
printf 'a dog\n\na cat\r\na red car\n' > labels.txt
expect 0 classify -q --model model --labels-file labels.txt -k 3 photos
same out lines
expect 0 classify -q --json --model model --labels-file labels.txt -k 2 photos
equal "$(jq -r '.input' out | xargs)" 'photos/damaged.jpg photos/rgb.jpg photos/rgb.png' inputs
equal "$(jq -r 'select(.error) | .input' out)" photos/damaged.jpg failures
equal "$(jq -r 'select(.labels) | .labels | length' out | xargs)" '2 2' 'the best two'
equal "$(jq -r 'select(.labels) | .labels[0].label' out)" "$(cut -f 3 lines)" 'the best'

# A template of the label alone changes nothing; others do; files of them too.
expect 0 classify -q --model model --labels-file labels.txt --template '{}' -k 3 photos
same out lines
printf '{}\na photo of {}.\n' > templates.txt
expect 0 classify -q --model model --labels-file labels.txt --templates templates.txt -k 3 photos
! cmp -s out lines || fail 'a template changes nothing'
cp out two
expect 0 classify -q --model model --labels-file labels.txt --template '{}' --template 'a photo of {}.' -k 3 photos
same out two

# Embedding images and texts, and multiplying, is what it does.
expect 2 classify --model model photos
says err '--labels'
expect 2 classify --model model --labels , photos
says err 'no labels'
expect 2 classify -q --model model --labels a --template 'no place' photos
says err 'has no {} for the label'
expect 1 classify -q --strict --model model --labels a,b photos
says err 'photos/damaged.jpg'

# Where not a single image could be used, the exit code says so.
expect 1 classify --json --model model --labels-file labels.txt none.jpg
says err 'classify: none of the images could be used'
says out '{"input":"none.jpg","error":"'
expect 1 embed --model model -o none.npy none.jpg
says err 'embed: none of the images could be used'
mkdir empty
expect 1 embed --json --model model -o none.npy empty
says err 'there are no images in the inputs'

rm model/bpe_simple_vocab_16e6.txt.gz
expect 1 classify -q --model model --labels a,b photos
says err '--vocab'
