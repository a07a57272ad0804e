# More inputs than a command line holds come from a file of names.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 4 20
expect 0 extract --quiet -o want.jsonl pool/shard-*
printf '%s\r\n\n%s\n' pool/shard-001.warc.gz pool/shard-003.warc.gz > names
expect 0 extract --quiet -o got.jsonl -T names pool/shard-000.warc.wat.gz pool/shard-002.warc.wat.gz
same got.jsonl want.jsonl
printf '%s\n' pool/shard-* > names
truncate -s -1 names # the last line without its end
expect 0 extract --quiet -o got.jsonl --files-from names
same got.jsonl want.jsonl
"$METACLIP" extract --quiet -o got.jsonl --files-from=- < names 2> err || fail 'names from standard input'
same got.jsonl want.jsonl

expect 1 extract -o never.jsonl -T no/such/file
says err 'no/such/file'
: > names
expect 2 extract -o never.jsonl -T names
says err 'no INPUT was given'
printf 'gone.warc.gz\n' > names
expect 1 extract -o never.jsonl -T names
says err 'gone.warc.gz'
[[ ! -e never.jsonl ]] || fail 'a failure left an output'
