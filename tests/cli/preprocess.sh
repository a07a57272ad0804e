#!/usr/bin/env bash
# metaclip preprocess: what it takes, what it writes, and what it says of what it cannot take.
. "$(dirname "$0")/lib.sh"

images=$METACLIP_SOURCE/tests/data/images

# The header of an .npy file.
header() { head -c 128 "$1" | tail -c +11 | tr -d '\0' | sed 's/ *$//' | tr -d '\n'; }

mkdir -p photos/sub photos/.hidden
cp "$images/rgb.png" photos/b.png
cp "$images/rgb.jpg" photos/a.jpg
cp "$images/cmyk.jpg" photos/sub/z.JPG
cp "$images/grey.png" photos/.hidden/no.png
printf 'GIF89a....' > photos/c.gif
printf 'a note\n' > photos/readme.txt

expect 0 preprocess --size 16 -o x.npy photos
says err 'photos/c.gif: GIF: only JPEG, PNG and WebP are decoded'
grep -qE 'failed +1$' err && grep -qE 'passed over +1$' err || fail "the summary: $(cat err)"
header x.npy | grep -qF "'descr': '<f4', 'fortran_order': False, 'shape': (3, 3, 16, 16)" ||
    fail "x.npy: $(header x.npy)"
equal "$(stat -c %s x.npy)" $((128 + 3 * 3 * 16 * 16 * 4)) 'bytes of x.npy'
cat > want <<'END'
{"row":0,"input":"photos/a.jpg"}
{"row":1,"input":"photos/b.png"}
{"row":null,"input":"photos/c.gif","error":"GIF: only JPEG, PNG and WebP are decoded; convert it"}
{"row":2,"input":"photos/sub/z.JPG"}
END
same x.npy.inputs.jsonl want

# The same bytes whatever the threads, and however the inputs come.
expect 0 preprocess -q --size 16 -o y.npy -j 3 photos
same y.npy x.npy
printf 'photos/a.jpg\nphotos/b.png\nphotos/c.gif\nphotos/sub/z.JPG\n' > list
expect 0 preprocess -q --size 16 -o y.npy --names y.txt --files-from list
same y.npy x.npy
same y.txt want
[[ ! -e y.npy.inputs.jsonl.tmp ]] || fail 'a temporary file is left'
tar cf all.tar photos/a.jpg photos/b.png photos/readme.txt photos/sub/z.JPG
expect 0 preprocess -q --size 16 -o y.npy all.tar
same y.npy x.npy
says y.npy.inputs.jsonl '{"row":2,"input":"all.tar/photos/sub/z.JPG"}'
"$METACLIP" preprocess -q --size 16 -o y.npy - < all.tar || fail 'a tar from a pipe'
same y.npy x.npy

# Bytes, and other options; the summary as JSON.
expect 0 preprocess --json -q --u8 --size 16 -o u.npy photos
equal "$(jq -c '[.inputs, .prepared, .failed, .passed_over, .width]' out)" '[4,3,1,1,16]' 'the summary'
says out '"problems":["photos/c.gif: GIF'
header u.npy | grep -qF "'descr': '|u1', 'fortran_order': False, 'shape': (3, 16, 16, 3)" ||
    fail "u.npy: $(header u.npy)"
expect 0 preprocess -q --u8 --size 16 --rgb-last -o v.npy photos
cmp -s u.npy v.npy && fail '--rgb-last changes nothing of a CMYK image'
expect 0 preprocess -q --u8 --size 16 -o turned.npy "$images/turned6.png"
expect 0 preprocess -q --u8 --size 16 --exif -o upright.npy "$images/turned6.png"
expect 0 preprocess -q --u8 --size 16 -o first.npy "$images/turned1.png"
same upright.npy first.npy
cmp -s turned.npy first.npy && fail '--exif changes nothing'
expect 0 preprocess -q --u8 --size 4 --shrink -o shrunk.npy photos/a.jpg

# What fails.
rm -f s.npy
expect 1 preprocess --size 16 --strict -o s.npy photos
says err 'photos/c.gif: GIF: only'
[[ ! -e s.npy && ! -e s.npy.inputs.jsonl ]] || fail '--strict left something'
expect 1 preprocess --size 16 --max-pixels 10 -o s.npy photos/a.jpg
says err 'more than the limit of 10'
says err 'preprocess: none of the images could be used'
header s.npy | grep -qF "'shape': (0, 3, 16, 16)" || fail "s.npy: $(header s.npy)"
expect 1 preprocess --size 16 -o s.npy photos/none.png
says err 'photos/none.png: cannot open it: No such file or directory'
mkdir empty
expect 1 preprocess --json --size 16 -o s.npy empty
says err 'there are no images in the inputs'
equal "$(jq .inputs out)" 0 'the summary comes all the same'
expect 2 preprocess --size 0 -o s.npy photos
expect 2 preprocess -o - photos
says err 'cannot go to standard output'
expect 2 preprocess -o s.npy
expect 1 preprocess -o none/s.npy photos
says err 'none/s.npy'
