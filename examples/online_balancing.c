/* Balancing inside a data loader, instead of into files beforehand.
 *
 *     online_balancing METADATA COUNTS T EPOCH < captions.tsv
 *
 * COUNTS is the entry_count.npy of a run; a line of input is an image's uuid (its url does as well,
 * as long as it is always the same), a tab, and a caption. Four threads share one matcher and one
 * balancer, as the workers of a loader would, and ask for every caption whether it is seen in this
 * epoch. Epoch 0 keeps exactly what `metaclip balance` keeps; each later epoch draws afresh. */
#include <metaclip/metaclip.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_WORKERS = 4 };

/* Immutable once built: every worker reads it, nobody locks it. */
typedef struct {
    const mc_matcher *matcher;
    const mc_balancer *balancer;
    uint64_t epoch;
    char **lines;
    size_t n_lines;
} loader;

typedef struct {
    const loader *shared;
    size_t first; /* this worker sees lines first, first + N_WORKERS, ... */
    uint64_t n_matched, n_kept;
    mc_error err;
    pthread_t thread;
} worker;

/* Is this pair seen in this epoch? *kept and *matched are added to. */
static mc_status look_at(worker *w, mc_match_scratch *scratch, const char *line)
{
    const char *tab = strchr(line, '\t');
    if (!tab)
        return mc_fail(&w->err, MC_E_FORMAT, "a line without a tab: %.40s", line);
    mc_str uuid = { line, (size_t)(tab - line) };
    mc_str text = mc_str_of(tab + 1);

    const uint32_t *ids;
    size_t n_ids;
    bool keeps = false;
    mc_status status = mc_match(w->shared->matcher, scratch, text, &ids, &n_ids, &w->err);
    if (status < 0)
        return status;
    status = mc_balancer_keeps(w->shared->balancer, uuid, text, ids, n_ids, w->shared->epoch,
                               &keeps, &w->err);
    if (status < 0)
        return status;
    w->n_matched += n_ids > 0;
    w->n_kept += keeps;
    return MC_OK;
}

static void *work(void *user)
{
    worker *w = user;
    mc_match_scratch *scratch = NULL; /* the one thing that each thread has for itself */
    mc_status status = mc_match_scratch_new(&scratch, &w->err);
    for (size_t i = w->first; status >= 0 && i < w->shared->n_lines; i += N_WORKERS)
        status = look_at(w, scratch, w->shared->lines[i]);
    mc_match_scratch_free(scratch);
    return NULL;
}

static int run_workers(const loader *shared)
{
    worker workers[N_WORKERS] = { 0 };
    uint64_t n_matched = 0, n_kept = 0;
    int code = 0;
    for (size_t i = 0; i < N_WORKERS; i++) {
        workers[i].shared = shared;
        workers[i].first = i;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fprintf(stderr, "online_balancing: cannot start a thread\n");
            exit(1);
        }
    }
    for (size_t i = 0; i < N_WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        n_matched += workers[i].n_matched;
        n_kept += workers[i].n_kept;
        if (workers[i].err.status < 0)
            code = fprintf(stderr, "online_balancing: %s\n", workers[i].err.text) > 0;
    }
    if (code == 0)
        printf("captions %zu  matched %llu  kept %llu (%.1f %% of the matched)\n", shared->n_lines,
               (unsigned long long)n_matched, (unsigned long long)n_kept,
               n_matched ? 100.0 * (double)n_kept / (double)n_matched : 0.0);
    return code;
}

/* All lines of standard input without their ends; false if memory is out. */
static bool read_lines(loader *l)
{
    char *line = NULL;
    size_t cap = 0, cap_lines = 0;
    for (ssize_t len; (len = getline(&line, &cap, stdin)) >= 0; line = NULL, cap = 0) {
        if (len > 0 && line[len - 1] == '\n')
            line[len - 1] = '\0';
        if (l->n_lines == cap_lines) {
            cap_lines = cap_lines ? 2 * cap_lines : 1024;
            char **grown = realloc(l->lines, cap_lines * sizeof *grown);
            if (!grown)
                return free(line), false;
            l->lines = grown;
        }
        l->lines[l->n_lines++] = line;
    }
    free(line);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return fprintf(stderr, "usage: online_balancing METADATA COUNTS T EPOCH < captions.tsv\n"),
               2;
    mc_error err = { 0 };
    mc_metadata *metadata = NULL;
    mc_counts counts = { 0 };
    mc_matcher *matcher = NULL;
    mc_balancer *balancer = NULL;
    loader shared = { .epoch = strtoull(argv[4], NULL, 10) };

    mc_status status = mc_metadata_load(argv[1], &metadata, &err);
    if (status >= 0)
        status = mc_counts_load(argv[2], metadata, NULL, &counts, &err);
    if (status >= 0)
        status = mc_matcher_new(mc_metadata_entries(metadata), mc_metadata_len(metadata), &matcher,
                                &err);
    if (status >= 0)
        status = mc_balancer_new(counts.counts, counts.n, strtoull(argv[3], NULL, 10), 0, &balancer,
                                 &err);
    if (status >= 0 && !read_lines(&shared))
        status = mc_fail(&err, MC_E_NOMEM, "out of memory");
    shared.matcher = matcher;
    shared.balancer = balancer;
    int code = status < 0 ? fprintf(stderr, "online_balancing: %s\n", err.text),
        1                 : run_workers(&shared);

    for (size_t i = 0; i < shared.n_lines; i++)
        free(shared.lines[i]);
    free(shared.lines);
    mc_balancer_free(balancer);
    mc_matcher_free(matcher);
    mc_counts_release(&counts);
    mc_metadata_free(metadata);
    return code;
}
