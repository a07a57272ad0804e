/* Exporting from inside: limits, what a report holds, and the parts of run folders that a shell
 * cannot make. Forms and messages are in tests/cli/export.sh and export_tar.sh. */
#include <ftw.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "io/npy.h"
#include "metaclip/metaclip.h"
#include "run/export_positions.h"

#include "io/tar_making.h"
#include "scratch.h"

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int close_all(void **state)
{
    scratch *s = *state;
    nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(s);
    return 0;
}

static mc_export_job job_of(mc_export_form form, const char *const *inputs, size_t n,
                            const char *output)
{
    return (mc_export_job){ .pool = { .inputs = inputs, .n_inputs = n, .n_threads = 1 },
                            .form = form,
                            .out_path = output };
}

static void curate(const char *const *inputs, size_t n, const char *list, const char *out,
                   bool keep_duplicates, uint64_t t)
{
    mc_curate_job job = { .pool = { .inputs = inputs, .n_inputs = n, .n_threads = 2 },
                          .metadata_path = list,
                          .out_dir = out,
                          .t = t,
                          .tail_ratio = -1,
                          .keep_duplicates = keep_duplicates };
    mc_summary summary = { 0 };
    mc_error err = { 0 };
    assert_ok(mc_curate_run(&job, &summary, &err), err);
}

/* ---- limits ---- */

static const struct {
    const char *name;
    uint64_t first, n;
    mc_status want;
} positions[] = {
    { "nothing", 0, 0, MC_OK },
    { "all that there may be", 0, UINT32_MAX, MC_OK },
    { "one more", 0, (uint64_t)UINT32_MAX + 1, MC_E_LIMIT },
    { "the last one", UINT32_MAX - 1, 1, MC_OK },
    { "one behind the last", UINT32_MAX, 1, MC_E_LIMIT },
    { "nothing behind the last", UINT32_MAX, 0, MC_OK },
    { "far beyond", UINT64_MAX, 1, MC_E_LIMIT },
    { "a sum that wraps around", UINT32_MAX, UINT64_MAX, MC_E_LIMIT },
};

static void positions_end_at_32_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(positions); i++) {
        mc_error err = { 0 };
        print_message("  case: %s\n", positions[i].name);
        assert_int_equal(mci_positions_check(positions[i].first, positions[i].n, &err),
                         positions[i].want);
        if (positions[i].want != MC_OK)
            assert_says(err.text, "more than 4,294,967,295 texts");
    }
}

static void forms_have_the_names_of_the_option(void **state)
{
    (void)state;
    static const char *const names[] = {
        "uuids", "datacomp", "inverted", "subset", "pairs", "tar"
    };
    for (int i = 0; i < MC_N_EXPORT_FORMS; i++)
        assert_string_equal(mc_export_form_name(i), names[i]);
    assert_string_equal(mc_export_form_name(MC_N_EXPORT_FORMS), "unknown");
}

static void wrong_jobs_are_refused(void **state)
{
    scratch *s = *state;
    mc_export *done = calloc(1, sizeof *done);
    mc_error err = { 0 };
    const char *input = scratch_text(s, "a.jsonl", "");
    mc_export_job job = job_of(MC_N_EXPORT_FORMS, &input, 1, scratch_path(s, "out"));
    assert_int_equal(mc_export_run(&job, done, &err), MC_E_ARG);
    job = job_of(MC_EXPORT_UUIDS, NULL, 0, scratch_path(s, "out"));
    assert_int_equal(mc_export_run(&job, done, &err), MC_E_ARG);
    assert_says(err.text, "no input");
    job = job_of(MC_EXPORT_TAR, &input, 1, scratch_path(s, "out"));
    assert_int_equal(mc_export_run(&job, done, &err), MC_E_ARG);
    assert_says(err.text, "--curated");
    assert_false(scratch_has(s, "out"));
    free(done);
}

/* ---- subsets, against a plain reading ---- */

enum { MOST_PAIRS = 4000 };

/* The pairs of a file that curate wrote: what stands in quotes, as far as this pool goes. */
static size_t read_pairs(const char *path, char (*out)[64])
{
    size_t len, n = 0;
    char *text = test_read_file(path, &len);
    assert_non_null(text);
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        char uuid[24], key[16], words[24];
        char *end = strchr(line, '\n');
        assert_int_equal(sscanf(line, "{\"uuid\":\"%23[^\"]", uuid), 1);
        for (char *at = strstr(line, "texts\":["); at && at < end; at = strstr(at + 1, ",[\"")) {
            at = strchr(at, '[') + (at[0] == 't');
            if (sscanf(at, "[\"%15[^\"]\",\"%23[^\"]", key, words) == 2 && at < end)
                snprintf(out[n++], 64, "%s/%s/%s", uuid, key, words);
        }
    }
    free(text);
    return n;
}

static void find_file(const char *out, const char *part, const char *name, char path[256])
{
    char command[512];
    snprintf(command, sizeof command, "ls '%s/%s'/*/'%s' 2>&1", out, part, name);
    FILE *pipe = popen(command, "r");
    assert_non_null(fgets(path, 256, pipe));
    path[strcspn(path, "\n")] = '\0';
    pclose(pipe);
}

/* Records of one uuid, pairs that stand twice, texts that are left in the middle of a record. */
static const char *make_pairs(scratch *s, test_random *random)
{
    static const char *const words[] = { "cat", "dog", "cat dog", "bird" };
    mci_buf lines = { 0 };
    for (int i = 0; i < 700; i++) {
        mci_buf_printf(&lines, NULL, "{\"uuid\":\"u%zu\",\"texts\":[", test_below(random, 300));
        size_t n = 1 + test_below(random, 4);
        for (size_t j = 0; j < n; j++)
            mci_buf_printf(&lines, NULL, "%s[\"%s\",\"%s %zu\"]", j ? "," : "",
                           test_below(random, 2) ? "alt" : "title", words[test_below(random, 4)],
                           test_below(random, 3));
        mci_buf_printf(&lines, NULL, "]}\n");
    }
    const char *path = scratch_file(s, "pool.jsonl", lines.data, lines.len);
    mci_buf_release(&lines);
    return path;
}

static void check_subset(scratch *s, const char *out, const char *dir)
{
    char matched[256], curated[256];
    char(*pairs)[64] = calloc(MOST_PAIRS, 64), (*kept)[64] = calloc(MOST_PAIRS, 64);
    void *data = NULL;
    size_t n_read = 0;
    mc_error err = { 0 };
    find_file(out, "matched", "pool.jsonl", matched);
    find_file(out, "curated", "pool.jsonl", curated);
    size_t n_pairs = read_pairs(matched, pairs), n_kept = read_pairs(curated, kept);
    assert_true(n_kept > 20 && n_kept < n_pairs);
    assert_ok(mci_npy_load(scratch_path(s, dir), MCI_NPY_U32, &data, &n_read, &err), err);
    const uint32_t *at = data;
    assert_int_equal(n_read, n_kept);
    for (size_t i = 0; i < n_kept; i++) {
        assert_true(at[i] < n_pairs && (i == 0 || at[i] > at[i - 1]));
        assert_string_equal(pairs[at[i]], kept[i]);
    }
    mci_free(data);
    free(pairs);
    free(kept);
}

static void subsets_hold_the_positions_of_the_kept_pairs(void **state)
{
    scratch *s = *state;
    test_random random = { 5 };
    const char *list = strdup(scratch_text(s, "m.json", "[\"cat\", \"dog\"]"));
    for (int keep_duplicates = 0; keep_duplicates < 2; keep_duplicates++) {
        char out[16], to[16], file[32];
        mc_export *done = calloc(1, sizeof *done);
        mc_error err = { 0 };
        snprintf(out, sizeof out, "run%d", keep_duplicates);
        snprintf(to, sizeof to, "subset%d", keep_duplicates);
        snprintf(file, sizeof file, "%s/pool.npy", to);
        char *pool = strdup(make_pairs(s, &random)), *dir = strdup(scratch_path(s, out));
        curate((const char *const *)&pool, 1, list, dir, keep_duplicates, 40);
        mc_export_job job =
            job_of(MC_EXPORT_SUBSET, (const char *const *)&dir, 1, scratch_path(s, to));
        assert_ok(mc_export_run(&job, done, &err), err);
        assert_int_equal(done->n.files_written, 1);
        check_subset(s, dir, file);
        free(pool);
        free(dir);
        free(done);
    }
    free((char *)list);
}

/* ---- names that are not UTF-8 ---- */

static void names_of_any_bytes_are_found(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mc_export *done = calloc(1, sizeof *done);
    static const char *const names[] = { "a\xFF.jsonl", "a\xFE.jsonl", "b.jsonl" };
    char *inputs[3];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char line[64];
        snprintf(line, sizeof line, "{\"uuid\":\"%zu\",\"texts\":[[\"alt\",\"cat\"]]}\n", i);
        inputs[i] = strdup(scratch_text(s, names[i], line));
    }
    char *list = strdup(scratch_text(s, "m.json", "[\"cat\"]"));
    char *dir = strdup(scratch_path(s, "run")), *out = strdup(scratch_path(s, "kept"));
    curate((const char *const *)inputs, 3, list, dir, false, 10);
    mc_export_job job = job_of(MC_EXPORT_UUIDS, (const char *const *)&dir, 1, out);
    assert_ok(mc_export_run(&job, done, &err), err);
    size_t len;
    char *got = test_read_file(out, &len);
    assert_string_equal(got, "1\n0\n2\n"); /* by the names' bytes */
    job = job_of(MC_EXPORT_INVERTED, (const char *const *)&dir, 1, scratch_path(s, "index"));
    assert_ok(mc_export_run(&job, done, &err), err);
    assert_true(scratch_has(s, "index/a\xFE_inverted.npy"));
    assert_true(scratch_has(s, "index/a\xFF_inverted.npy.meta.json"));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        free(inputs[i]);
    free(got);
    free(list);
    free(dir);
    free(out);
    free(done);
}

/* ---- what is named ---- */

/* Twelve damaged tars, done in any order: the first eight problems are those of the first tars. */
static void the_first_problems_are_those_of_the_first_shards(void **state)
{
    scratch *s = *state;
    char *inputs[12];
    mc_error err = { 0 };
    for (int i = 0; i < 12; i++) {
        mci_buf tar = { 0 };
        char name[16];
        for (int j = 0; j < (i % 4 == 0 ? 600 : 3); j++)
            add_text(&tar, "1.txt", "a cat");
        add_header(&tar, "2.txt", '0', "00000010000"); /* cut */
        snprintf(name, sizeof name, "%02d.tar", i);
        inputs[11 - i] = strdup(scratch_file(s, name, tar.data, tar.len));
        mci_buf_release(&tar);
    }
    char *kept =
        strdup(scratch_text(s, "kept.jsonl", "{\"uuid\":\"u\",\"texts\":[[\"a\",\"b\"]]}\n"));
    char *out = strdup(scratch_path(s, "out"));
    for (unsigned n_threads = 1; n_threads < 5; n_threads++) {
        mc_export *done = calloc(1, sizeof *done);
        mc_export_job job = job_of(MC_EXPORT_TAR, (const char *const *)inputs, 12, out);
        job.pool.n_threads = n_threads;
        job.curated_inputs = (const char *const *)&kept;
        job.n_curated_inputs = 1;
        assert_ok(mc_export_run(&job, done, &err), err);
        assert_int_equal(done->n.files_written, 12);
        assert_int_equal(done->n.samples_read, done->n.samples_not_curated);
        assert_int_equal(done->summary.n.shards_damaged, 12);
        assert_int_equal(done->summary.n_problems, MC_MAX_PROBLEMS);
        for (int i = 0; i < MC_MAX_PROBLEMS; i++) {
            char name[16];
            snprintf(name, sizeof name, "/%02d.tar: ", i);
            assert_says(done->summary.problems[i], name);
        }
        free(done);
    }
    for (int i = 0; i < 12; i++)
        free(inputs[i]);
    free(kept);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_end_at_32_bits),
        cmocka_unit_test(forms_have_the_names_of_the_option),
        cmocka_unit_test_setup_teardown(wrong_jobs_are_refused, scratch_open, close_all),
        cmocka_unit_test_setup_teardown(subsets_hold_the_positions_of_the_kept_pairs, scratch_open,
                                        close_all),
        cmocka_unit_test_setup_teardown(names_of_any_bytes_are_found, scratch_open, close_all),
        cmocka_unit_test_setup_teardown(the_first_problems_are_those_of_the_first_shards,
                                        scratch_open, close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
