# Searching features: what is found, in what form, and what cannot be.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

data=$METACLIP_SOURCE/tests/data
printf 'one\ntwo\n"three"\nnothing\nfive\nsix\n' > names.txt
both=(--features "$data/search_a.npy" --features "$data/search_b.npy")
queries=(--query-features "$data/search_queries.npy")

# ---- what is found: rows 0 and 5 are the same, and row 3 is no row of numbers ----
expect 0 search "${both[@]}" "${queries[@]}" --names names.txt -k 3
golden search
says err 'left out, as they are no numbers or too large: 1 rows of features'
expect 0 search "${both[@]}" "${queries[@]}" -k 2 --score product --json
equal "$(cat out)" '{"query":0,"neighbours":[{"row":2,"score":6},{"row":0,"score":2}]}
{"query":1,"neighbours":[{"row":2,"score":2},{"row":4,"score":1}]}' 'products'

# One query may be one row; there are no more neighbours than rows.
expect 0 search "${both[@]}" --query-features "$data/search_one.npy" --names names.txt --json -k 10
equal "$(jq -c '[.neighbours[] | [.row, .score, .name]]' out)" \
    '[[4,1,"five"],[0,0,"one"],[1,0,"two"],[2,0,"\"three\""],[5,0,"six"]]' 'all neighbours'

# Threads do not matter; the order of files does, as rows are numbered along it.
expect 0 search "${both[@]}" "${queries[@]}" -j 3 --json
cp out want
expect 0 search "${both[@]}" "${queries[@]}" -j 1 --json
same out want
expect 0 search --features "$data/search_b.npy" --features "$data/search_a.npy" "${queries[@]}" -k 1 --json
equal "$(jq -c '[.neighbours[0].row]' out | xargs)" '[1] [0]' 'rows, the other way round'

# ---- files ----
expect 0 search "${both[@]}" "${queries[@]}" -k 2 -o rows.npy --scores scores.npy
[[ ! -s out ]] || fail 'it printed what it wrote'
equal "$(tail -c 32 rows.npy | od -An -tu8 -v | xargs)" '0 5 1 4' 'rows.npy'
equal "$(tail -c 16 scores.npy | od -An -tf4 -v | xargs | cut -d ' ' -f 1,2)" '1 1' 'scores.npy'
says rows.npy "'descr': '<u8', 'fortran_order': False, 'shape': (2, 2)"

# ---- what rows are called, where embed has said it ----
mkdir folder
cp "$data/search_a.npy" folder/00000.npy
cp "$data/search_b.npy" folder/00001.npy
for ((i = 0; i < 6; i++)); do
    ((i < 4)) && list=00000 || list=00001
    printf '{"row":%d,"input":"image %d"}\n' $((i % 4)) "$i" >> "folder/$list.inputs.jsonl"
done
expect 0 search --features folder --query-features "$data/search_one.npy" -k 2
equal "$(sed 1d out | awk '{ print $4, $5, $6 }' | xargs)" '4 image 4 0 image 0' 'names of a folder'
expect 0 search --features folder --query-features "$data/search_one.npy" -k 1 --json --names names.txt
equal "$(jq -r '.neighbours[].name' out)" five 'names that were given'
echo '{"row":7,"input":"x"}' >> folder/00001.inputs.jsonl
expect 1 search --features folder "${queries[@]}"
says err 'folder/00001.inputs.jsonl: line 3 is not what embed writes of row 2'
expect 0 search --features folder "${queries[@]}" -o rows.npy # which needs no names
mv folder/00000.npy folder/00002.npy
expect 1 search --features folder "${queries[@]}"
says err 'folder: 00002.npy is there, but only 2 files in all'
mkdir none
expect 1 search --features none "${queries[@]}"
says err 'none: no features lie in this folder'

# ---- what cannot be ----
expect 1 search "${both[@]}" --query-features scores.npy
says err 'scores.npy: rows of 2 numbers; those of the features have 3'
expect 1 search --features scores.npy --features "$data/search_a.npy" "${queries[@]}"
says err 'where those of the files before it have 2'
expect 1 search --features "$data/npy_u8_rank3.npy" "${queries[@]}"
says err 'features are f32 or f16 [n, D]; this is u8 of rank 3'
expect 1 search "${both[@]}" --query-features "$data/search_a.npy"
says err 'search_a.npy: query 3: number 0 of it is not finite'
head -5 names.txt > few.txt
expect 1 search "${both[@]}" "${queries[@]}" --names few.txt
says err 'few.txt: 5 lines for 6 rows of features'
expect 1 search --features nowhere.npy "${queries[@]}"
says err 'nowhere.npy: cannot open it'
expect 2 search "${queries[@]}"
says err '--features FILE is missing'
expect 2 search "${both[@]}"
says err 'say what to search for'
expect 2 search "${both[@]}" "${queries[@]}" -k 0
expect 2 search "${both[@]}" "${queries[@]}" --score angle
