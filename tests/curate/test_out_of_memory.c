/* Whichever allocation fails: the job says so, leaks nothing, and leaves nothing half-written under
 * a name that matters; the next run gives what an undisturbed one gives. */
#include <ftw.h>
#include <sys/stat.h>

#include "curate/failing_jobs.h"
#include "failing_heap.h"

/* ---- what they leave ---- */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* Those of the earlier run stay. */
static void forget_own_run(const fixture *f)
{
    char keys[160];
    snprintf(keys, sizeof keys, "%s/out.keys", f->state);
    unlink(keys);
}

static void remove_outputs(const fixture *f)
{
    char sidecar[160];
    snprintf(sidecar, sizeof sidecar, "%s.meta.json", f->out);
    nftw(f->out, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    unlink(sidecar);
    unlink(f->out_card);
    unlink(f->out_gz);
    forget_own_run(f);
}

/* A file by its name and bytes. */
typedef struct {
    uint64_t name, bytes;
} output_file;

typedef struct {
    output_file files[64];
    size_t n, n_temporary;
} output_list;

static output_list *listing; /* nftw has no parameter of ours */
static size_t listed_folder;

static int list_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    size_t len;
    const char *name = path + ftw->base;
    if (type != FTW_F)
        return 0;
    listing->n_temporary += name[0] == '.' || strstr(path, ".tmp.pairs");
    if (name[0] == '.' || strstr(path, "/state") || strstr(path, "summary.json") ||
        !(strstr(path, "/out")))
        return 0;
    char *text = test_read_file(path, &len);
    assert_non_null(text);
    assert_true(listing->n < COUNT_OF(listing->files));
    listing->files[listing->n++] = (output_file){ mci_hash64(mc_str_of(path + listed_folder), 0),
                                                  mci_hash64((mc_str){ text, len }, 0) };
    free(text);
    return 0;
}

/* All that a job published. */
static void list_outputs(const fixture *f, output_list *out)
{
    *out = (output_list){ 0 };
    listing = out;
    listed_folder = strlen(f->s->dir);
    assert_int_equal(nftw(f->s->dir, list_one, 16, FTW_PHYS), 0);
}

/* Whether every file of `some` is one of `all`. */
static bool are_among(const output_list *some, const output_list *all)
{
    for (size_t i = 0; i < some->n; i++) {
        size_t j = 0;
        while (j < all->n && memcmp(&some->files[i], &all->files[j], sizeof all->files[j]) != 0)
            j++;
        if (j == all->n)
            return false;
    }
    return true;
}

/* In memory where that can be had: some ten thousand files come and go. */
static int open_scratch(void **state)
{
    scratch *s = calloc(1, sizeof *s);
    if (!s)
        return -1;
    strcpy(s->dir, "/dev/shm/metaclip-test-XXXXXX");
    *state = s;
    if (mkdtemp(s->dir))
        return 0;
    free(s);
    return scratch_open(state);
}

/* A failed test leaves more than files behind. */
static int close_scratch(void **state)
{
    const scratch *s = *state;
    char dir[sizeof s->dir];
    memcpy(dir, s->dir, sizeof dir);
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    mkdir(dir, 0777);
    return scratch_close(state);
}

/* ---- the n-th fails, for every n ---- */

typedef enum { ONLY_ONE, FROM_THEN_ON } failure_kind;

static mc_status run_failing(run_job *run, const fixture *f, long n, failure_kind kind,
                             mc_error *err)
{
    heap_fail(n, kind == FROM_THEN_ON);
    mc_status status = run(f, err);
    heap_mend();
    return status;
}

/* False when the job has fewer allocations than n. */
static bool check_one(run_job *run, const fixture *f, long n, failure_kind kind,
                      const output_list *whole)
{
    mc_error err = { 0 };
    output_list left;
    long live = heap.n_live;
    mc_status status = run_failing(run, f, n, kind, &err);
    bool failed = heap.has_failed;
    if (heap.n_live != live)
        fail_msg("allocation %ld: %ld blocks leak", n, heap.n_live - live);
    if (status != MC_OK && !(failed && status == MC_E_NOMEM))
        fail_msg("allocation %ld: status %d (%s)", n, status, err.text);
    if (status != MC_OK)
        assert_says(err.text, "out of memory");
    list_outputs(f, &left);
    if (left.n_temporary || !are_among(&left, whole) || (status == MC_OK && left.n != whole->n))
        fail_msg("allocation %ld: something half-written is left", n);
    /* On top of what is left there. */
    assert_ok(run(f, &err), err);
    list_outputs(f, &left);
    if (left.n != whole->n || !are_among(&left, whole))
        fail_msg("allocation %ld: the next run gives something else", n);
    remove_outputs(f);
    return failed;
}

/* Every `step`-th of them. */
static void check_all(const char *name, run_job *run, fixture *f, unsigned n_threads,
                      failure_kind kind, long step)
{
    mc_error err = { 0 };
    output_list whole;
    f->n_threads = n_threads;
    assert_ok(run(f, &err), err);
    list_outputs(f, &whole);
    remove_outputs(f);
    long n = 1;
    for (; check_one(run, f, n, kind, &whole); n += step)
        ;
    print_message("  %s: fails in %ld ways\n", name, (n - 1) / step);
}

static const struct {
    const char *name;
    run_job *run;
    bool has_threads;
} jobs[] = {
    { "metadata, JSON", load_json_list, false },
    { "metadata, text", load_text_list, false },
    { "metadata, built", build_list, false },
    { "extract", extract, true },
    { "extract from tables and tars", extract_rows, true },
    { "extract in little memory", extract_spilling, true },
    { "extract by a model of languages", extract_by_model, true },
    { "extract what is not known yet", extract_the_rest, true },
    { "match", match, true },
    { "match with block lists", match_blocked, true },
    { "count", count, true },
    { "balance", balance, true },
    { "balance of one text an image", balance_one_text, true },
    { "plan", plan, true },
    { "card", make_card, true },
    { "card, compared", compare_cards, false },
    { "info", tell, false },
    { "curate", curate, true },
    { "curate what is not known yet", curate_the_rest, true },
    { "curate by language", curate_by_language, true },
    { "pack", pack, true },
    { "export of uuids", export_uuids, true },
    { "export of uids", export_uids, true },
    { "export of pairs", export_pairs, true },
    { "export of an index", export_index, true },
    { "export of a subset", export_subset, true },
    { "export of a tar", export_tar, true },
};

static void set_path(scratch *s, char *place, const char *name)
{
    snprintf(place, 128, "%s", scratch_path(s, name));
}

/* Of one of the inputs, and its output goes: the state knows it. */
static void make_earlier_run(const fixture *f)
{
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    mc_extract_job job = { .pool = pool_of(f, f->inputs, 1),
                           .out_path = f->out,
                           .state_dir = f->state };
    assert_ok(mc_extract_run(&job, &summary, &err), err);
    unlink(f->out);
}

/* A run folder of the tar and some pairs, and more uids than are sorted at once. */
static void make_exports(fixture *f)
{
    mc_error err = { 0 };
    mc_summary summary = { 0 };
    mci_buf lines = { 0 };
    const char *inputs[] = { f->rows[2], f->inputs[0] };
    for (int i = 0; i < 600; i++)
        mci_buf_printf(&lines, NULL, "{\"uuid\":\"%032x\",\"texts\":[[\"alt\",\"a\"]]}\n",
                       i * 7919 % 599);
    scratch_file(f->s, "uids.jsonl", lines.data, lines.len);
    mci_buf_release(&lines);
    mc_curate_job job = { .pool = pool_of(f, inputs, 2),
                          .metadata_path = f->list,
                          .out_dir = f->run,
                          .t = 100,
                          .tail_ratio = -1 };
    assert_ok(mc_curate_run(&job, &summary, &err), err);
}

static void open_fixture(scratch *s, fixture *f)
{
    mc_error err = { 0 };
    *f = (fixture){ .s = s, .n_threads = 1 };
    static const char *const inputs[] = { "a.jsonl", "b.wat.gz", "c.warc.zst" };
    static const char *const rows[] = { "d.csv", "e.txt", "f.tar" };
    make_pool(s);
    for (size_t i = 0; i < 3; i++) {
        set_path(s, f->in[i], inputs[i]);
        set_path(s, f->rows[i], rows[i]);
        f->inputs[i] = f->in[i];
    }
    set_path(s, f->list, "list.json");
    set_path(s, f->text_list, "list.txt");
    set_path(s, f->matched, "matched.jsonl");
    set_path(s, f->counts, "counts.npy");
    set_path(s, f->card, "card.json");
    set_path(s, f->out_card, "out_card.json");
    set_path(s, f->out_gz, "out.jsonl.gz");
    set_path(s, f->block[0], "block.txt");
    set_path(s, f->block[1], "hosts.txt.gz");
    set_path(s, f->images, "images");
    set_path(s, f->run, "run");
    set_path(s, f->uids, "uids.jsonl");
    set_path(s, f->lists, "lists");
    assert_int_equal(mkdir(f->lists, 0777), 0);
    scratch_text(s, "lists/en.json", "[\"cat\",\"dog\",\"red cat\"]");
    scratch_text(s, "lists/fr.json", "[]");
    scratch_text(s, "lists/other.json", "[\"cat\",\"photo\"]");
    snprintf(f->out, sizeof f->out, "%s", f->matched);
    mc_summary summary = { 0 };
    mc_match_job job = { .pool = pool_of(f, f->inputs, 3),
                         .metadata_path = f->list,
                         .out_path = f->out };
    assert_ok(mc_match_run(&job, &summary, &err), err);
    assert_int_equal(summary.n.pairs_read, 11); /* of all three kinds of input */
    snprintf(f->out, sizeof f->out, "%s", f->counts);
    assert_ok(count(f, &err), err);
    snprintf(f->out, sizeof f->out, "%s", f->card);
    assert_ok(make_card(f, &err), err);
    set_path(s, f->state, "state");
    set_path(s, f->out, "earlier");
    make_earlier_run(f);
    set_path(s, f->out, "out");
    make_exports(f);
}

/* Sanitizers make all of this slow: with them only every so many of a job's allocations fails, and
 * the thread sanitizer need not see what has one thread. */
#ifdef __SANITIZE_THREAD__
enum { SHARE = 19, IS_FOR_THREADS = true };
#elif defined __SANITIZE_ADDRESS__
enum { SHARE = 17, IS_FOR_THREADS = false };
#else
enum { SHARE = 1, IS_FOR_THREADS = false };
#endif

/* A run of curate makes a folder full of files: every way it may fail is tried once, and a share of
 * them in the other settings. */
static long step_of(size_t job, long step)
{
    bool is_long = jobs[job].run == curate || jobs[job].run == curate_the_rest ||
                   jobs[job].run == curate_by_language;
    return is_long ? step * SHARE : SHARE > 1 ? 5 : 1;
}

static void any_allocation_may_fail(void **state)
{
    fixture f;
    open_fixture(*state, &f);
    for (size_t i = 0; i < COUNT_OF(jobs) && !IS_FOR_THREADS; i++)
        check_all(jobs[i].name, jobs[i].run, &f, 1, ONLY_ONE, step_of(i, 1));
}

static void all_may_fail_from_one_on(void **state)
{
    fixture f;
    open_fixture(*state, &f);
    for (size_t i = 0; i < COUNT_OF(jobs) && !IS_FOR_THREADS; i++)
        check_all(jobs[i].name, jobs[i].run, &f, 1, FROM_THEN_ON, step_of(i, 11));
}

static void any_allocation_of_any_thread_may_fail(void **state)
{
    fixture f;
    open_fixture(*state, &f);
    for (size_t i = 0; i < COUNT_OF(jobs); i++)
        if (jobs[i].has_threads)
            check_all(jobs[i].name, jobs[i].run, &f, 2, ONLY_ONE, step_of(i, 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_allocation_may_fail, open_scratch, close_scratch),
        cmocka_unit_test_setup_teardown(all_may_fail_from_one_on, open_scratch, close_scratch),
        cmocka_unit_test_setup_teardown(any_allocation_of_any_thread_may_fail, open_scratch,
                                        close_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
