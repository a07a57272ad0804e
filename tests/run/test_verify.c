/* Verifying from inside: how lines find together again, and what a report holds. What users see,
 * tampering for tampering, is in tests/cli/verify.sh. */
#include "base/buf.h"
#include "metaclip/metaclip.h"
#include "run/verify_lines.h"

#include "scratch.h"

/* ---- lines ---- */

typedef struct {
    mc_verification report;
    mci_findings findings;
} collected;

/* How many findings there are when `want` should be in the file, which holds `is`. */
static uint64_t differences(scratch *s, const mci_buf *want, const mci_buf *is, uint64_t max_bytes,
                            mc_verification *report)
{
    const char *path = scratch_file(s, "lines", is->data ? is->data : "", is->len);
    collected *c = calloc(1, sizeof *c);
    mci_line_check *check = NULL;
    mc_error err = { 0 };
    mci_findings_init(&c->findings, &c->report);
    assert_ok(mci_line_check_open(path, "lines", max_bytes, 0, &c->findings, &check, &err), err);
    for (size_t at = 0; at < want->len;) {
        const char *end = memchr(want->data + at, '\n', want->len - at);
        mc_str line = { want->data + at, (size_t)(end - want->data) + 1 - at };
        assert_ok(mci_line_check_expect(check, line, &err), err);
        at += line.len;
    }
    assert_ok(mci_line_check_end(check, &err), err);
    mci_line_check_close(check);
    mci_findings_release(&c->findings);
    uint64_t n = c->report.n_findings;
    assert_int_equal(n, c->report.checks[MC_CHECK_draws].n_findings);
    if (report)
        *report = c->report;
    free(c);
    return n;
}

static void add_line(mci_buf *out, size_t id, const char *text)
{
    mci_buf_printf(out, NULL, "{\"uuid\":\"%zu\",\"text\":\"%s\"}\n", id, text);
}

/* Lines taken out, put in and changed are counted exactly, as long as few stand together. */
static void every_edit_is_one_finding(void **state)
{
    scratch *s = *state;
    test_random random = { 3 };
    for (int round = 0; round < 200; round++) {
        mci_buf want = { 0 }, is = { 0 };
        size_t n = test_below(&random, 3000), every = 1 + test_below(&random, 40);
        uint64_t n_edits = 0;
        for (size_t i = 0; i < n; i++) {
            size_t edit = test_below(&random, 4 * every);
            n_edits += edit < 3;
            if (edit == 0) {
                add_line(&is, n + i, "more");
            } else if (edit == 1) {
                add_line(&want, i, "less");
                continue;
            }
            add_line(&want, i, "same");
            add_line(&is, i, edit == 2 ? "other" : "same");
        }
        assert_int_equal(differences(s, &want, &is, 1 << 20, NULL), n_edits);
        mci_buf_release(&want);
        mci_buf_release(&is);
    }
}

/* Two files without a line in common take bounded memory, and nothing is missed. */
static void strangers_are_counted_line_by_line(void **state)
{
    scratch *s = *state;
    static const size_t sizes[][2] = { { 0, 5 }, { 5, 0 }, { 5000, 3000 }, { 3000, 5000 } };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        mci_buf want = { 0 }, is = { 0 };
        for (size_t j = 0; j < sizes[i][0]; j++)
            add_line(&want, j, "wanted");
        for (size_t j = 0; j < sizes[i][1]; j++)
            add_line(&is, 10000 + j, "there");
        assert_int_equal(differences(s, &want, &is, 1 << 20, NULL), sizes[i][0] + sizes[i][1]);
        mci_buf_release(&want);
        mci_buf_release(&is);
    }
}

static void a_long_line_is_passed_over(void **state)
{
    scratch *s = *state;
    mci_buf want = { 0 }, is = { 0 };
    mc_verification *report = calloc(1, sizeof *report);
    add_line(&want, 1, "a");
    add_line(&want, 2, "b");
    add_line(&is, 1, "a");
    for (size_t i = 0; i < 300000; i++)
        mci_buf_byte(&is, 'x', NULL);
    mci_buf_byte(&is, '\n', NULL);
    add_line(&is, 2, "b");
    assert_int_equal(differences(s, &want, &is, 1000, report), 1);
    assert_says(report->checks[MC_CHECK_draws].first[0], "lines, line 2: it is longer than 1000");
    is.len -= 1; /* an end without a line end */
    assert_int_equal(differences(s, &want, &is, 1000, report), 2);
    assert_says(report->checks[MC_CHECK_draws].first[1], "lines, line 3: record 2 is not what");
    mci_buf_release(&want);
    mci_buf_release(&is);
    free(report);
}

/* ---- findings ---- */

static void the_first_findings_are_those_of_the_first_places(void **state)
{
    (void)state;
    collected *c = calloc(1, sizeof *c);
    static const uint64_t places[] = { 9, 3, 3, 7, 1, 8, 2, 9, 4 };
    static const char *const want[] = { "1 4", "2 6", "3 1", "3 2", "4 8" };
    mci_findings_init(&c->findings, &c->report);
    for (size_t i = 0; i < COUNT_OF(places); i++)
        mci_found(&c->findings, MC_CHECK_sums, places[i], "%d %zu", (int)places[i], i);
    for (size_t i = 0; i < MC_MAX_FINDINGS; i++)
        assert_string_equal(c->report.checks[MC_CHECK_sums].first[i], want[i]);
    assert_int_equal(c->report.n_findings, COUNT_OF(places));
    mci_findings_release(&c->findings);
    free(c);
}

/* ---- a run folder ---- */

static int close_run(void **state)
{
    scratch *s = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s/out'", s->dir);
    return system(command) != 0 ? -1 : scratch_close(state);
}

/* Makes OUT of two small inputs, of which one has a name that is not UTF-8. */
static const char *make_run(scratch *s, const char **metadata)
{
    mci_buf lines = { 0 };
    for (int i = 0; i < 200; i++)
        mci_buf_printf(&lines, NULL, "{\"uuid\":\"u%d\",\"texts\":[[\"alt\",\"cat %d\"]]}\n", i, i);
    const char *inputs[2];
    inputs[0] = scratch_file(s, "a\xFF.jsonl", lines.data, lines.len);
    inputs[1] = scratch_text(s, "b.jsonl", "{\"uuid\":\"v\",\"texts\":[[\"alt\",\"dog\"]]}\n");
    *metadata = scratch_text(s, "m.json", "[\"cat\", \"dog\"]");
    mc_curate_job job = { .pool = { .inputs = inputs, .n_inputs = 2, .n_threads = 2 },
                          .metadata_path = *metadata,
                          .out_dir = scratch_path(s, "out"),
                          .t = 50,
                          .tail_ratio = -1 };
    mc_summary summary = { 0 };
    mc_error err = { 0 };
    assert_ok(mc_curate_run(&job, &summary, &err), err);
    mci_buf_release(&lines);
    return job.out_dir;
}

static void a_report_says_what_was_checked(void **state)
{
    scratch *s = *state;
    mc_verification *report = calloc(1, sizeof *report);
    mc_error err = { 0 };
    mc_verify_job job = { .duplicates = true, .n_threads = 3 };
    job.dir = make_run(s, &job.metadata_path);
    assert_ok(mc_verify_run(&job, report, &err), err);
    for (int i = 0; i < MC_N_CHECKS; i++)
        assert_string_equal(report->checks[i].first[0], "");
    assert_int_equal(report->n_findings, 0);
    assert_int_equal(report->n_shards, 2);
    assert_int_equal(report->matched_pairs, 201);
    assert_int_equal(report->t, 50);
    assert_int_equal(report->checks[MC_CHECK_files].n_checked, 4);
    assert_int_equal(report->checks[MC_CHECK_duplicates].n_checked, 201);
    assert_int_equal(report->checks[MC_CHECK_counts].n_checked, 6);
    assert_false(report->checks[MC_CHECK_list].is_done);
    free(report);
}

static void a_list_is_of_its_own_t(void **state)
{
    scratch *s = *state;
    mc_verification *report = calloc(1, sizeof *report);
    mc_error err = { 0 };
    mc_verify_job job = { .n_threads = 1, .list_t = 1000 };
    job.dir = make_run(s, &job.metadata_path);
    mci_buf list = { 0 };
    for (int i = 199; i >= 0; i--)
        mci_buf_printf(&list, NULL, "u%d\r\n\n", i);
    mci_buf_printf(&list, NULL, "u7\nw");
    job.list_path = scratch_file(s, "list", list.data, list.len);
    assert_ok(mc_verify_run(&job, report, &err), err);
    assert_int_equal(report->list.t, 1000);
    assert_int_equal(report->t, 50);
    assert_int_equal(report->list.n_listed, 201);
    assert_int_equal(report->list.n_repeated, 1);
    assert_int_equal(report->list.n_both, 200);
    assert_int_equal(report->list.n_only_listed, 1);
    assert_int_equal(report->list.n_only_drawn, 1);
    assert_int_equal(report->n_findings, 2);
    assert_says(report->checks[MC_CHECK_list].first[1], "record v is in the set");
    mci_buf_release(&list);
    free(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_edit_is_one_finding, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(strangers_are_counted_line_by_line, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(a_long_line_is_passed_over, scratch_open, scratch_close),
        cmocka_unit_test(the_first_findings_are_those_of_the_first_places),
        cmocka_unit_test_setup_teardown(a_report_says_what_was_checked, scratch_open, close_run),
        cmocka_unit_test_setup_teardown(a_list_is_of_its_own_t, scratch_open, close_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
