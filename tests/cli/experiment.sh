# The experiment's smoke version from packages to report: what is held out is in no pair, the sets
# are what curation says, every model has its numbers, and a second start makes nothing again.
# Needs jq and Python with numpy and Pillow, and downloads the packages (EXPERIMENT_FILES names a
# folder that has them).
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

[[ -z ${ASAN_OPTIONS-}${TSAN_OPTIONS-} ]] || skip 'its parts are tested under sanitizers one by one'
python=${PYTHON:-/usr/bin/python3}
for tool in jq apt-get dpkg-deb; do
    command -v "$tool" > /dev/null || skip "$tool is not here"
done
"$python" -c 'import numpy; from PIL import features; assert features.check("raqm")' 2> /dev/null ||
    skip 'Python with numpy, Pillow and Raqm is not here'
[[ -e /usr/share/wordnet/index.noun ]] || skip 'WordNet is not here'

export EXPERIMENT_OUT=$work/experiment EXPERIMENT_SEEDS=1
smoke=$EXPERIMENT_OUT/smoke
experiment() {
    shown="scripts/experiment $*"
    bash "$METACLIP_SOURCE/scripts/experiment" "$@" > out 2>&1 < /dev/null
    code=$?
    cp out err
}

experiment --smoke --until files
((code == 0)) || skip "the packages cannot be had: $(tail -n 1 out)"

experiment --smoke --until plan
equal "$code" 0 'exit code'
says out 'Stated before training'

# A drawing is in the pool or held out, never both.
for tar in "$smoke"/pool/*.tar; do tar -xOf "$tar" --wildcards '*.json'; done | jq -r .image |
    sort -u > trained
jq -r .image "$smoke/heldout/images.jsonl" | sort > heldout
[[ -s trained && -s heldout ]] || fail 'no images'
equal "$(comm -12 trained heldout | wc -l)" 0 'images on both sides'
equal "$(sort -u heldout | wc -l)" "$(find "$smoke/heldout/images" -name '*.png' | wc -l)" 'images that are held out'

# Each set is a part of the one before it, and as large as curation says.
for set in raw matched balanced; do
    folder=$smoke/sets/$set
    [[ $set != raw ]] || folder=$smoke/pool
    for tar in "$folder"/*.tar; do tar -tf "$tar"; done | grep '\.jpg$' | sort > "$set"
    equal "$(wc -l < "$set")" "$(jq ".$set" "$smoke/sets.json")" "pairs of $set"
done
equal "$(wc -l < raw)" "$(wc -l < "$smoke/pool/texts.txt")" 'pairs of the pool'
equal "$(comm -13 raw matched | wc -l) $(comm -13 matched balanced | wc -l)" '0 0' 'pairs from nowhere'
(($(wc -l < balanced) < $(wc -l < matched) && $(wc -l < matched) < $(wc -l < raw))) ||
    fail 'curation left out nothing'
equal "$(cat "$smoke"/curated/curated/*/*.jsonl | wc -l)" "$(wc -l < balanced)" 'balanced pairs'

# Features with known answers: of a model that is always right, and of one that sees no difference.
cat > features.py << 'PYTHON'
import json, sys
import numpy
out, folder, kind = sys.argv[1:]
classes = [c['name'] for c in json.load(open(out + '/heldout/classes.json'))]
images = [json.loads(line) for line in open(out + '/heldout/images.jsonl')]
n_prompts = len(open(out + '/heldout/prompts.txt').readlines())
own, of_class = numpy.eye(len(images)), numpy.eye(len(classes))
features = [numpy.r_[of_class[classes.index(i['class'])] if i['class'] else 0 * of_class[0], own[k]]
            for k, i in enumerate(images)]
captions = [features[k] for k, i in enumerate(images) if i['caption']]
prompts = [numpy.r_[of_class[k % len(classes)], 0 * own[0]] for k in range(n_prompts)]
for name, rows in ('images', features), ('captions', captions), ('prompts', prompts):
    rows = numpy.array(rows, numpy.float32)
    numpy.save(f'{folder}/{name}.npy', rows if kind == 'right' else numpy.ones_like(rows))
PYTHON
for kind in right blind; do
    mkdir -p "$smoke/runs/$kind-0"
    "$python" features.py "$smoke" "$smoke/runs/$kind-0" $kind || fail "features of a $kind model"
    "$python" "$METACLIP_SOURCE/scripts/experiment_report.py" judge "$smoke" $kind 0 > out 2> err ||
        fail "judging a $kind model"
done
jq -e 'all(.macro, .head, .tail, .image_to_text_1, .text_to_image_5; . == 1)' \
    "$smoke/runs/right-0/result.json" > /dev/null || fail 'who is always right is not told so'
jq -e '.macro * (.by_class | length) == 1 and .image_to_text_5 == 0 and .text_to_image_1 == 0' \
    "$smoke/runs/blind-0/result.json" > /dev/null || fail 'who sees no difference is told of some'

experiment --smoke
equal "$code" 0 'exit code'
equal "$(jq -r '"\(.set) \(.seed)"' "$smoke/results.jsonl" | tr '\n' ' ')" \
    'raw 1 matched 1 balanced 1 ' 'results'
jq -e 'all(.macro, .head, .tail, .image_to_text_1, .text_to_image_5; . >= 0 and . <= 1)' \
    "$smoke/results.jsonl" > /dev/null || fail 'a result is no share'
# The numbers are what the answers give.
jq -es 'all(.[]; (.by_class | add / length) as $mean | ($mean - .macro) * ($mean - .macro) < 1e-12)' \
    "$smoke/results.jsonl" > /dev/null || fail 'macro accuracy is no mean over classes'
says "$smoke/report.md" '| accuracy, tail classes |'
says "$smoke/report.svg" '</svg>'

# Started again, it makes the report alone; with another setting it says so.
cp "$smoke/report.md" before.md
experiment --smoke
equal "$code" 0 'exit code'
says out 'balanced, seed 1: taken from the last run'
same "$smoke/report.md" before.md
EXPERIMENT_PAIRS=128 experiment --smoke
equal "$code" 1 'exit code with another setting'
says out 'another setting'
