# Several processes on one folder give what one gives, also if some of them die.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

bash "$METACLIP_SOURCE/tests/data/make_pool.sh" pool 12 250 3
shards=(pool/shard-*)
curate=(curate --quiet -m pool/metadata.json -t 30 --seed 5 -j 1)

listing() {
    (cd "$1" && find . -type f ! -path './state/*' ! -name summary.json -print0 | sort -z | xargs -0 sha256sum)
}

same_run() {
    listing "$1" > got
    listing one > want
    same got want
    [[ -f $1/summary.json ]] || fail "$1 is not finished"
    [[ -z $(find "$1" -name '.*.tmp') ]] || fail "$1 holds left-over temporaries"
    [[ -z $(find "$1/state/workers" "$1/state/claims" ! -type d) ]] || fail "$1 holds left-over claims"
}

# start FOLDER I N: one of N workers in the background
start() {
    "$METACLIP" "${curate[@]}" -o "$1" --shards "$2/$3" "${shards[@]}" > "out.$2" 2> "err.$2" &
    pids+=($!)
}

all_well() {
    local pid
    for pid in "${pids[@]}"; do
        wait "$pid" || { cat err.*; fail "worker $pid ended with $?"; }
    done
}

expect 0 "${curate[@]}" -o one "${shards[@]}"

# Four at once.
pids=()
for i in 0 1 2 3; do start four $i 4; done
all_well
same_run four

# Four, of which two are killed; the others take up their shards.
for round in 1 2 3; do
    rm -rf killed
    pids=()
    for i in 0 1 2 3; do start killed $i 4; done
    sleep "0.0$((RANDOM % 9))"
    kill -KILL "${pids[1]}" "${pids[3]}" 2> /dev/null
    wait "${pids[1]}" "${pids[3]}" 2> /dev/null
    pids=("${pids[0]}" "${pids[2]}")
    all_well
    expect 0 "${curate[@]}" -o killed "${shards[@]}" # sweeps, if a killed one was the last
    same_run killed
done

# All are killed; the next start goes on.
rm -rf killed
pids=()
for i in 0 1 2 3; do start killed $i 4; done
sleep 0.05
kill -KILL "${pids[@]}" 2> /dev/null
wait "${pids[@]}" 2> /dev/null
expect 0 "${curate[@]}" -o killed "${shards[@]}"
same_run killed

# What a dead worker with this very process id had claimed is no claim of this one.
rm -rf again
mkdir -p again/state/claims again/state/workers
bash -c 'id=$(uname -n)-$$
    for name in match-shard-003 count-shard-004 publish-run begin-run duplicates-part0; do
        ln -s "$id" "again/state/claims/$name"
    done
    ln -s 0123456789abcdef "again/state/workers/$id"
    exec "$@"' - "$METACLIP" "${curate[@]}" -o again "${shards[@]}" > out 2> err || fail 'a worker waited for itself'
same_run again

# Rank and size come from the launcher's environment.
for names in 'SLURM_PROCID SLURM_NTASKS' 'OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE' 'PMI_RANK PMI_SIZE'; do
    read -r rank size <<< "$names"
    rm -rf launched
    pids=()
    for i in 0 1 2; do
        env "$rank=$i" "$size=3" "$METACLIP" "${curate[@]}" -o launched "${shards[@]}" > "out.$i" 2> "err.$i" &
        pids+=($!)
    done
    all_well
    same_run launched
done
if command -v mpirun > /dev/null; then
    rm -rf launched
    mpirun --allow-run-as-root --oversubscribe -n 4 "$METACLIP" "${curate[@]}" -o launched "${shards[@]}" \
        > out 2> err < /dev/null || fail 'mpirun failed'
    same_run launched
fi

# While one works, another with other options is refused.
expect 2 "${curate[@]}" -o one --shards 4/4 "${shards[@]}"
expect 2 "${curate[@]}" -o one --shards 1of4 "${shards[@]}"
rm -rf busy
pids=()
start busy 0 1
for ((i = 0; i < 100; i++)); do
    [[ -z $(find busy/state/workers -type l 2> /dev/null) ]] || break
    sleep 0.005
done
if "$METACLIP" "${curate[@]}" -t 31 -o busy "${shards[@]}" > out 2> err; then
    : # the first was done already
else
    says err 'another run with other options'
fi
all_well
