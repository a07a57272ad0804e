# Memory is the metadata and buffers, whatever the pool: one 20 times as large takes no more. Only
# where memory means something: not with sanitizers.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

(ulimit -v $((700 * 1024)) && "$METACLIP" --version > out 2>&1) || skip 'this build needs more address space'
command -v python3 > /dev/null || skip 'python3 reads the peak of memory, and is not here'

# Runs the command and prints the most memory it held, in KiB.
peak() {
    python3 - "$METACLIP" "$@" << 'PYTHON'
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if code == 0 else "failed")
PYTHON
}

bash "$METACLIP_SOURCE/tests/data/make_pool.sh" small 4 800 1
bash "$METACLIP_SOURCE/tests/data/make_pool.sh" large 80 800 1
curate() { # POOL T
    peak curate --quiet -j 2 --dedup-memory 1M -m small/metadata.json -t "$2" -o "$1.out" "$1"/shard-*
}
small=$(curate small 30) large=$(curate large 30)
small_draw=$(curate small 31) large_draw=$(curate large 31) # only the drawing is left
pairs() { jq .pairs_read "$1.out/summary.json"; }
(($(pairs large) > 15 * $(pairs small))) || fail 'the large pool is not large'
((large < small + small / 4 + 4096)) || fail "a pool of $(pairs small) pairs takes $small KiB, one of $(pairs large) takes $large KiB"
((large_draw < small_draw + small_draw / 4 + 4096)) || fail "drawing takes $small_draw KiB, then $large_draw KiB"
printf '%s pairs: %s KiB, drawing %s KiB; %s pairs: %s KiB, drawing %s KiB\n' \
    "$(pairs small)" "$small" "$small_draw" "$(pairs large)" "$large" "$large_draw"
