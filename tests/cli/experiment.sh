# The experiment's smoke version from packages to report: what is held out is in no pair, the sets
# are what curation says, every model has its numbers, and a second start makes nothing again.
# Needs jq and Python with numpy and Pillow, and downloads the packages (EXPERIMENT_FILES names a
# folder that has them).
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

python=${PYTHON:-/usr/bin/python3}
command -v jq apt-get dpkg-deb > /dev/null || skip 'jq, apt-get or dpkg-deb is not here'
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
equal "$(sort -u heldout | wc -l)" "$(ls "$smoke/heldout/images" | wc -l)" 'images that are held out'

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
