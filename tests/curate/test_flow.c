/* Records flowing through threads: whatever the number of threads, the same bytes and the same
 * counters; and every text is accounted for. */
#include "base/buf.h"
#include "metaclip/metaclip.h"

#include "scratch.h"

/* Lines of all kinds: good ones, repeated ones, without texts, broken ones. */
static void make_lines(test_random *random, size_t n, mci_buf *out, size_t *n_broken)
{
    *n_broken = 0;
    for (size_t i = 0; i < n; i++) {
        size_t kind = test_below(random, 10), u = test_below(random, n / 2);
        if (kind == 0) {
            mci_buf_printf(out, NULL, "{\"uuid\": \"x\", \"texts\": [\n");
            ++*n_broken;
            continue;
        }
        mci_buf_printf(out, NULL, "{\"uuid\":\"u%zu\",\"url\":\"http://a/%zu\",\"texts\":[", u, u);
        size_t n_texts = kind == 1 ? 0 : test_below(random, 3) + 1;
        for (size_t t = 0; t < n_texts; t++)
            mci_buf_printf(out, NULL, "%s[\"alt\",\"word%zu of %zu\"]", t ? "," : "",
                           test_below(random, 20), test_below(random, 5));
        mci_buf_printf(out, NULL, "]}\n");
    }
}

static void assert_closes(const mc_counters *n)
{
    assert_int_equal(n->items_read, n->items_used + n->items_passed_over + n->items_skipped);
    assert_int_equal(n->texts_read, n->texts_empty + n->texts_bad_url + n->pairs_read);
    assert_int_equal(n->records_read, n->records_bad_url + n->records_without_text +
                                          n->records_duplicate + n->records_earlier +
                                          n->records_blocked + n->records_unmatched +
                                          n->records_not_drawn + n->records_kept);
    assert_int_equal(n->pairs_read, n->pairs_duplicate + n->pairs_earlier + n->pairs_blocked +
                                        n->pairs_unmatched + n->pairs_not_drawn + n->pairs_kept);
}

static void assert_same_file(const char *a, const char *b)
{
    size_t n_a = 0, n_b = 0;
    char *x = test_read_file(a, &n_a), *y = test_read_file(b, &n_b);
    assert_true(x && y);
    assert_int_equal(n_a, n_b);
    assert_memory_equal(x, y, n_a);
    free(x);
    free(y);
}

enum { EXTRACT, EXTRACT_SPILLING, EXTRACT_ALL, MATCH };

static void run(int what, const char *const *inputs, size_t n_inputs, unsigned n_threads,
                const char *metadata, const char *out, mc_summary *summary)
{
    mc_error err = { 0 };
    mc_pool pool = { .inputs = inputs, .n_inputs = n_inputs, .n_threads = n_threads };
    *summary = (mc_summary){ 0 };
    if (what == MATCH) {
        mc_match_job job = { .pool = pool, .metadata_path = metadata, .out_path = out };
        assert_ok(mc_match_run(&job, summary, &err), err);
    } else {
        mc_extract_job job = { .pool = pool,
                               .out_path = out,
                               .dedup_memory = what == EXTRACT_SPILLING ? 300000 : 0,
                               .keep_duplicates = what == EXTRACT_ALL };
        assert_ok(mc_extract_run(&job, summary, &err), err);
    }
    assert_closes(&summary->n);
}

static void threads_change_nothing(void **state)
{
    scratch *s = *state;
    test_random random = { 11 };
    mci_buf lines = { 0 };
    size_t n_broken, n_more;
    make_lines(&random, 30000, &lines, &n_broken);
    char *inputs[2];
    inputs[0] = strdup(scratch_file(s, "b.jsonl", lines.data, lines.len));
    mci_buf_clear(&lines);
    make_lines(&random, 500, &lines, &n_more);
    inputs[1] = strdup(scratch_file(s, "a.jsonl", lines.data, lines.len));
    mci_buf_release(&lines);
    char *metadata = strdup(scratch_text(s, "m.json", "[\"word1\", \"word2 of\", \"of 3\"]"));
    const char *const *in = (const char *const *)inputs;
    mc_summary in_memory = { 0 };
    for (int what = EXTRACT; what <= MATCH; what++) {
        mc_summary one, many;
        run(what, in, 2, 1, metadata, scratch_path(s, "one"), &one);
        assert_int_equal(one.n.items_skipped, n_broken + n_more);
        assert_int_equal(one.n_problems, MC_MAX_PROBLEMS);
        if (what == EXTRACT) {
            assert_true(one.n.pairs_duplicate > 1000);
            run(what, in, 2, 1, metadata, scratch_path(s, "whole"), &in_memory);
        } else if (what == EXTRACT_SPILLING) {
            assert_same_file(scratch_path(s, "one"), scratch_path(s, "whole"));
            assert_memory_equal(&one.n, &in_memory.n, sizeof one.n);
        }
        assert_false(scratch_has(s, ".one.tmp.pairs"));
        for (unsigned n_threads = 2; n_threads <= 5; n_threads++) {
            run(what, in, 2, n_threads, metadata, scratch_path(s, "many"), &many);
            assert_same_file(scratch_path(s, "one"), scratch_path(s, "many"));
            assert_memory_equal(&one.n, &many.n, sizeof one.n);
            for (size_t i = 0; i < one.n_problems; i++)
                assert_string_equal(one.problems[i], many.problems[i]);
        }
    }
    free(inputs[0]);
    free(inputs[1]);
    free(metadata);
}

static void the_order_of_arguments_does_not_choose_the_duplicate(void **state)
{
    scratch *s = *state;
    const char *line = "{\"uuid\":\"u\",\"url\":\"http://a/1\",\"texts\":[[\"%s\",\"same\"]]}\n";
    char text[256];
    snprintf(text, sizeof text, line, "alt");
    char *a = strdup(scratch_text(s, "x-1.jsonl", text));
    snprintf(text, sizeof text, line, "title");
    char *b = strdup(scratch_text(s, "x-2.jsonl", text));
    const char *forward[] = { a, b }, *backward[] = { b, a };
    mc_summary summary;
    run(EXTRACT, forward, 2, 2, NULL, scratch_path(s, "one"), &summary);
    run(EXTRACT, backward, 2, 2, NULL, scratch_path(s, "two"), &summary);
    assert_same_file(scratch_path(s, "one"), scratch_path(s, "two"));
    assert_same_file(scratch_path(s, "one"), a);
    free(a);
    free(b);
}

static void strict_makes_the_first_problem_an_error(void **state)
{
    scratch *s = *state;
    const char *input = scratch_text(s, "broken.jsonl", "{\"uuid\":\"u\",\"texts\":[]}\n{oops\n");
    mc_extract_job job = { .pool = { .inputs = &input, .n_inputs = 1, .strict = true },
                           .out_path = scratch_path(s, "never") };
    mc_summary summary = { 0 };
    mc_error err = { 0 };
    assert_int_equal(mc_extract_run(&job, &summary, &err), MC_E_FORMAT);
    assert_says(err.text, "broken.jsonl");
    assert_says(err.text, "byte 24");
    assert_false(scratch_has(s, "never"));
}

static void a_record_without_uuid_gets_one(void **state)
{
    scratch *s = *state;
    const char *input = scratch_text(s, "pool.jsonl",
                                     "{\"url\":\"http://a/b c\",\"texts\":[[\"alt\",\"x\"]]}\n"
                                     "{\"texts\":[[\"alt\",\"y\"]]}\n");
    mc_summary summary;
    run(EXTRACT, &input, 1, 1, NULL, scratch_path(s, "out"), &summary);
    size_t len;
    char *got = test_read_file(scratch_path(s, "out"), &len);
    /* printf %s 'http://a/bc' | sha224sum; printf %s pool:1 | sha224sum */
    assert_says(got, "47a2ae8478e0fad11b238fe7");
    assert_says(got, "e788124757c9c9fea1dadc2e");
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_change_nothing, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(the_order_of_arguments_does_not_choose_the_duplicate,
                                        scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(strict_makes_the_first_problem_an_error, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(a_record_without_uuid_gets_one, scratch_open,
                                        scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
