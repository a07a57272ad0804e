# Published models: the table, and pulling from a server on this machine.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

export METACLIP_HOME=$work/home no_proxy='*'

# ---- the table ----
expect 0 models
golden models
expect 0 models --json
equal "$(jq -s 'length' out)" "$(($(wc -l < "$here/models.stdout.exact") - 1))" 'rows of the table'
equal "$(jq -r 'select(.name == "b32_400m") | .tags[0]' out)" metaclip_400m 'a tag'
expect 0 models ViT-B-32-quickgelu:metaclip_fullcc
says out 'b32_fullcc2.5b'
says out '885b7ec11fe07a9826e2e6812d70e5011918e32fe9b12136b49d5dded92b4386'
expect 2 models nobody
says err 'no published model is called nobody'
expect 2 models metaclip_400m
says err 'say which: b32_400m, b16_400m, l14_400m'

# ---- wrong usage, and nobody there ----
expect 2 pull
expect 2 pull nobody
says err 'no published model is called nobody'
expect 2 pull ftp://host/file
says err 'only http and https'
expect 2 pull --sha256 12 http://127.0.0.1:1/file.bin
says err '12 is no SHA-256'
expect 1 pull --retries 0 http://127.0.0.1:1/file.bin
says err 'start it again to go on where it stopped'
[[ ! -e home/.file.bin.part ]] || fail 'a download that never began left something'
(
    unset METACLIP_HOME XDG_CACHE_HOME HOME
    expect 2 pull http://127.0.0.1:1/file.bin
    says err 'name a folder with -o'
) || exit 1

# ---- from a server; the unit tests have one that misbehaves ----
command -v python3 > /dev/null || skip 'there is no python3 to serve files'
mkdir -p served/MMPT/metaclip served/owner/repo/resolve/main
seq 100000 > served/file.txt
echo weights > served/MMPT/metaclip/b32_400m.pt
echo '{}' > served/owner/repo/resolve/main/config.json
echo tensors > served/owner/repo/resolve/main/model.safetensors
python3 -u -m http.server --bind 127.0.0.1 --directory served 0 > server.log 2>&1 &
server=$!
trap 'kill $server 2> /dev/null; rm -rf "$work"' EXIT
for ((i = 0; i < 100; i++)); do
    url=$(grep -oE 'http://127.0.0.1:[0-9]+' server.log) && break
    sleep 0.1
done
[[ $url ]] || skip 'the server did not start'

sum=$(sha256sum < served/file.txt | cut -d ' ' -f 1)
expect 0 pull "$url/file.txt"
equal "$(cat out)" "$sum  $work/home/file.txt" 'what it prints'
sha256sum --quiet -c out || fail 'it is not what sha256sum checks'
says err 'of 1 nobody states a SHA-256'
same home/file.txt served/file.txt
equal "$(jq -r '.sha256, .bytes' home/file.txt.meta.json | xargs)" "$sum 588895" 'what is noted'
expect 0 pull --json "$url/file.txt"
equal "$(jq -c '[.files[0].fetched, .files[0].checked, .path]' out)" "[0,\"earlier\",\"$work/home/file.txt\"]" 'a second time'
expect 0 pull -q -o here --sha256 "${sum^^}" "$url/file.txt"
equal "$(cat err)" '' 'what --quiet says'
same here/file.txt served/file.txt
expect 1 pull -o there --sha256 "${sum//[0-4]/5}" "$url/file.txt"
says err 'nothing is kept of it'
equal "$(find there -type f)" '' 'what a wrong SHA-256 leaves'
expect 1 pull "$url/none.txt"
says err 'the server answers 404 (there is no such file)'
expect 1 pull --max-bytes 1K -o there "$url/file.txt"
says err 'more than the limit of 1024'

expect 0 pull --mirror "$url" owner/repo
says err "model: $work/home/owner--repo"
same home/owner--repo/model.safetensors served/owner/repo/resolve/main/model.safetensors
expect 1 pull --mirror "$url" b32_400m
says err '3c68642594a329afc1ec0fe489ee2b58ab19c9d0556ccf7c404a59baa0762d71'
expect 0 pull --mirror "$url" --sha256 "$(sha256sum < served/MMPT/metaclip/b32_400m.pt | cut -d ' ' -f 1)" b32_400m
says err 'its vocabulary is not where it was published'
expect 0 models b32_400m
says out "$work/home/b32_400m/b32_400m.pt"
expect 0 models
says out '* b32_400m'
