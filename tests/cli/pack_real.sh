# Real images in img2dataset's form, unpacked and packed again: the same images, urls and texts.
# Needs the folder that METACLIP_PAIRS names, or data/pairs of the shared files, with train/*.tar.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

pairs=${METACLIP_PAIRS:-${METACLIP_SHARED-}/data/pairs}
compgen -G "$pairs/train/*.tar" > /dev/null || skip 'the real images are not here'
command -v tar > /dev/null || skip 'tar unpacks them, and is not here'

mkdir files
for file in "$pairs"/train/*.tar; do
    tar xf "$file" -C files
done
facts() { "$METACLIP" extract -q --no-dedup "$@" | jq -cS '[.url, .texts, .sha256, .width, .source]' | sort; }
facts "$pairs"/train/*.tar > want
expect 0 pack --json --samples 1000 -o tars files
equal "$(jq '.images_packed == .images_found and .images_packed > 1000 and .problems == []' out)" true 'all are packed'
facts tars/*.tar > got
same got want

# The digest that their maker gave is that of the bytes that were packed.
"$METACLIP" extract -q --no-dedup tars/*.tar > out
equal "$(jq -r 'select(has("original_sha256")) | .path' out | wc -l)" 0 'digests that differ'
