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
# Beyond --dedup-memory, pairs wait on disk; earlier runs are looked up there.
extract() { # POOL
    peak extract --quiet -j 2 --dedup-memory 1M --state "$1.state" -o "$1.jsonl.zst" "$1"/shard-*
}
small_extract=$(extract small) large_extract=$(extract large)
mv large.state/large.keys large.state/before.keys
large_again=$(extract large)
pairs() { jq .pairs_read "$1.out/summary.json"; }
(($(pairs large) > 15 * $(pairs small))) || fail 'the large pool is not large'
((large < small + small / 4 + 4096)) || fail "a pool of $(pairs small) pairs takes $small KiB, one of $(pairs large) takes $large KiB"
((large_draw < small_draw + small_draw / 4 + 4096)) || fail "drawing takes $small_draw KiB, then $large_draw KiB"
((large_extract < small_extract + small_extract / 4 + 4096)) || fail "extract takes $small_extract KiB, then $large_extract KiB"
((large_again < small_extract + small_extract / 4 + 8192)) || fail "with an earlier run extract takes $large_again KiB"
printf 'extract: %s KiB; %s KiB, with an earlier run %s KiB\n' "$small_extract" "$large_extract" "$large_again"
printf '%s pairs: %s KiB, drawing %s KiB; %s pairs: %s KiB, drawing %s KiB\n' \
    "$(pairs small)" "$small" "$small_draw" "$(pairs large)" "$large" "$large_draw"
