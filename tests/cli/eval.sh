#!/usr/bin/env bash
# metaclip eval: data sets of every kind, the table and JSON, results that are kept, catalogs.
. "$(dirname "$0")/lib.sh"

data=$METACLIP_SOURCE/tests/data
images=$data/images
mkdir model
cp "$data"/tiny_clip/{config.json,model.safetensors} model
cp "$data/vocab_small.txt" model/bpe_simple_vocab_16e6.txt.gz

# ---- a folder a class ----
mkdir -p birds/test/{red_bird,blue_bird}
cp "$images/rgb.png" birds/test/red_bird/a.png
cp "$images/rgb.jpg" birds/test/blue_bird/b.jpg
cp "$images/grey.jpg" birds/test/blue_bird/c.jpg
head -c 100 "$images/rgb.jpg" > birds/test/blue_bird/damaged.jpg
expect 0 eval --model model birds
says err 'warning: birds: birds/test/blue_bird/damaged.jpg: JPEG: cut short'
equal "$(sed -n 2p out | awk '{ print $1, $2, $3, $5 }')" 'birds 3 1 acc1' 'the table'
expect 0 eval -q --json --model model birds
equal "$(jq -c '[.dataset,.model,.task,.language,.split,.metric,.n_images,.n_failed,.n_classes]' out)" \
    '["birds","model","zeroshot_classification","en","test","acc1",3,1,2]' 'JSON'
equal "$(jq -c '.metrics | keys' out)" '["acc1","acc5","mean_per_class_recall","roc_auc"]' 'metrics'
equal "$(jq '.metrics.acc5' out)" null 'acc5 of two classes'
expect 1 eval -q --strict --model model birds
says err 'damaged.jpg: JPEG'

# What it says is what classify finds.
printf '{}\na photo of {}.\n' > templates.txt
expect 0 classify -q --json --model model --labels 'blue bird,red bird' --templates templates.txt \
    birds/test/blue_bird/b.jpg birds/test/blue_bird/c.jpg birds/test/red_bird/a.png
right=$(jq -s '[.[0].labels[0].label == "blue bird", .[1].labels[0].label == "blue bird",
    .[2].labels[0].label == "red bird"] | map(select(.)) | length / 3 * 1e6 | round' out)
expect 0 eval -q --json --model model --templates templates.txt birds
equal "$(jq '.metrics.acc1 * 1e6 | round' out)" "$right" 'accuracy'
cp out want
for options in '-j 1' '-j 3'; do
    expect 0 eval -q --json --model model --templates templates.txt $options birds # shellcheck disable=SC2086
    same out want
done

# ---- class names ----
printf 'a\nb\nc\n' > three.txt
expect 1 eval --model model --classnames three.txt birds
says err 'this set failed: birds: birds/test: folders of 2 classes, but 3 class names'
printf '["azure", ["scarlet", "crimson"]]' > names.json
expect 0 eval -q --json --model model --classnames names.json --templates photo birds
equal "$(jq -c '[.n_classes,.n_prompts]' out)" '[2,3]' 'a class of two names'

# ---- binary sets: pixels of zeros, labels 0 to 3 ----
bytes() { printf "$1" > "$2"; } # shellcheck disable=SC2059
zeros() { head -c "$1" /dev/zero; }
mkdir cifar mnist stl
for label in '\0' '\1' '\2' '\3'; do
    printf "$label" # shellcheck disable=SC2059
    zeros 3072
done > cifar/test_batch.bin
printf 'airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n' > cifar/batches.meta.txt
{ bytes '\0\0\010\003\0\0\0\004\0\0\0\034\0\0\0\034' /dev/stdout && zeros 3136; } |
    gzip > mnist/t10k-images-idx3-ubyte.gz
bytes '\0\0\010\001\0\0\0\004\0\001\002\003' mnist/t10k-labels-idx1-ubyte
zeros $((3 * 96 * 96 * 4)) > stl/test_X.bin
bytes '\001\002\003\004' stl/test_y.bin
printf 'airplane\nbird\ncar\ncat\ndeer\ndog\nhorse\nmonkey\nship\ntruck\n' > stl/class_names.txt
# All images of a set are equal, so just one of the four labels can be right.
expect 0 eval -q --json --model model cifar mnist stl
equal "$(jq -c '[.dataset,.n_images,.n_classes]' out | xargs)" '[cifar,4,10] [mnist,4,10] [stl,4,10]' sets
jq -e '.metrics.acc1 == 0 or .metrics.acc1 == 0.25' out > /dev/null || fail "accuracies: $(cat out)"
expect 1 eval --model model --split val cifar
says err 'its splits are test and train'
head -c 5000 cifar/test_batch.bin > short && mv short cifar/test_batch.bin
expect 1 eval --model model cifar mnist
says err 'this set failed: cifar: cifar: the pixels end inside of image 1'
says out mnist

# ---- webdataset ----
mkdir -p wds/test part
cp "$images/rgb.png" part/s0.png
cp "$images/lossy.webp" part/s1.webp
cp "$images/rgb.jpg" part/s2.jpg
printf 0 > part/s0.cls
printf 1 > part/s1.cls
printf 5 > part/s2.cls
tar -cf wds/test/0.tar -C part s0.png s0.cls s1.cls s1.webp s2.jpg s2.cls
printf 1 > wds/test/nshards.txt
printf 'cat\ndog\n' > wds/classnames.txt
printf 'a photo of a {c}.\n' > wds/zeroshot_classification_templates.txt
expect 0 eval --json --model model wds
says err 'wds/test/0.tar/s2: its label is 5, but there are 2 class names'
equal "$(jq -c '[.n_images,.n_failed,.n_prompts]' out)" '[2,1,2]' wds

# ---- retrieval ----
cat > pairs.csv <<END
filepath,title
birds/test/red_bird/a.png,a red bird
birds/test/red_bird/a.png,"a bird, red"
birds/test/blue_bird/b.jpg,a blue bird
END
expect 0 eval --model model pairs.csv
says out 'text to image: R@1'
says out 'image_retrieval_recall@5'
expect 0 eval -q --json --model model pairs.csv
equal "$(jq -c '[.task,.n_images,.n_texts,.metrics["image_retrieval_recall@5"]]' out)" \
    '["zeroshot_retrieval",2,3,1]' retrieval

# ---- results that are kept ----
expect 0 eval -q --json --model model birds wds -o r.jsonl
same out r.jsonl
cp r.jsonl first
expect 0 eval --model model birds wds -o r.jsonl
says err '2 of 2 sets were in r.jsonl already'
same r.jsonl first
expect 0 eval -q --model model --templates photo birds -o r.jsonl
equal "$(jq -c '.n_prompts' r.jsonl | xargs)" '2 2' 'another setup takes the place'
printf 'my diary\n' > diary
expect 1 eval -q --model model birds -o diary
says err 'diary: line 1 is no result'
equal "$(cat diary)" 'my diary' 'a file of another kind'

# ---- a catalog ----
cat > catalog.json <<END
{"templates": "photo", "sets": [
  {"name": "pets", "path": "birds"},
  {"path": "pairs.csv", "metric": "text_retrieval_recall@5"},
  {"name": "hateful_memes", "path": "wds"}]}
END
expect 0 eval -q --json --model model --catalog catalog.json
equal "$(jq -c '[.dataset,.metric]' out | xargs)" \
    '[pets,mean_per_class_recall] [pairs,text_retrieval_recall@5] [hateful_memes,roc_auc]' catalog
expect 0 eval -q --model model --catalog catalog.json
says out 'mean'
printf '{"sets":[{"name":"a","tempates":"x"}]}' > bad.json
expect 1 eval -q --model model --catalog bad.json
says err 'bad.json: set 1: "tempates" is not known here'

# ---- what cannot be ----
expect 2 eval --model model
says err 'name a DATASET, or a --catalog'
expect 1 eval -q --model model nowhere
says err 'this set failed: nowhere: nowhere: there is no such folder or file'
expect 2 eval -q --model model --kind zip birds
mkdir empty
expect 1 eval -q --model model empty
says err 'neither folders of classes'
rm model/bpe_simple_vocab_16e6.txt.gz
expect 1 eval -q --model model birds
says err '--vocab'

# A word that names no templates is told which there are.
expect 1 eval -q --model model --templates phtoo birds
says err 'phtoo: neither a file of templates nor one of the built-in sets '
says err ', photo'
