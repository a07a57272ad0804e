#include "image/image_stream.h"

#include <sys/stat.h>

#include "io/tar_out.h"
#include "scratch.h"

static const char *const sources[] = { "rgb.png", "rgb.jpg", "lossless.webp", "grey.png" };

static void put(scratch *s, const char *name, const char *source)
{
    char path[128];
    size_t n;
    snprintf(path, sizeof path, "images/%s", source);
    char *file = test_read_file(test_path("METACLIP_TEST_DATA", path), &n);
    assert_non_null(file);
    scratch_file(s, name, file, n);
    free(file);
}

static mci_image_stream_job job_of(const char *const *inputs, size_t n)
{
    mci_image_stream_job job = { .inputs = inputs, .n_inputs = n, .as_bytes = true };
    job.options = mc_image_options_clip(16);
    return job;
}

/* 40 inputs, every seventh of which is none: what comes is the same for any threads and batches. */
static void rows_and_failures_are_all_inputs_in_order(void **state)
{
    scratch *s = *state;
    enum { N = 40, ROW = 16 * 16 * 3 };
    static char names[N][160];
    const char *inputs[N];
    uint8_t *want = malloc((size_t)N * ROW);
    mc_image_scratch *alone = NULL;
    mc_error err = { 0 };
    assert_ok(mc_image_scratch_new(&alone, &err), err);
    for (int i = 0; i < N; i++) {
        char name[32];
        size_t n;
        snprintf(name, sizeof name, "%02d.img", i);
        snprintf(names[i], sizeof names[i], "%s", scratch_path(s, name));
        inputs[i] = names[i];
        if (i % 7 == 3) {
            scratch_text(s, name, "no image at all");
            continue;
        }
        put(s, name, sources[i % 4]);
        char *file = test_read_file(names[i], &n);
        mc_image_options o = mc_image_options_clip(16);
        assert_ok(mc_image_prepare_u8(alone, &o, (mc_str){ file, n }, want + i * ROW, &err), err);
        free(file);
    }
    for (unsigned n_threads = 1; n_threads <= 4; n_threads++)
        for (unsigned batch = 1; batch <= 50; batch = batch * 3 + 1) {
            mci_image_stream_job job = job_of(inputs, N);
            mci_image_stream *stream = NULL;
            mci_image_batch got;
            uint64_t at = 0;
            job.n_threads = n_threads;
            job.batch = batch;
            assert_ok(mci_image_stream_open(&job, &stream, &err), err);
            mc_status status;
            while ((status = mci_image_stream_next(stream, &got, &err)) == MC_OK) {
                size_t row = 0, failure = 0;
                for (; row + failure < got.n + got.n_failures; at++) {
                    if (at % 7 == 3) {
                        assert_int_equal(got.failures[failure].position, at);
                        assert_str(got.failures[failure].name, inputs[at]);
                        assert_says(got.failures[failure++].why.text, "no image but text");
                        continue;
                    }
                    assert_int_equal(got.rows[row].position, at);
                    assert_str(got.rows[row].name, inputs[at]);
                    assert_memory_equal(got.bytes + row * ROW, want + at * ROW, ROW);
                    row++;
                }
                assert_null(got.pixels);
            }
            assert_int_equal(status, MC_END);
            assert_int_equal(at, N);
            assert_int_equal(mci_image_stream_next(stream, &got, &err), MC_END);
            mci_image_stream_close(stream);
        }
    mc_image_scratch_free(alone);
    free(want);
}

static void it_can_be_closed_in_the_middle(void **state)
{
    scratch *s = *state;
    static char path[160];
    const char *inputs[200];
    put(s, "a.jpg", "rgb.jpg");
    snprintf(path, sizeof path, "%s", scratch_path(s, "a.jpg"));
    for (size_t i = 0; i < COUNT_OF(inputs); i++)
        inputs[i] = path;
    for (unsigned n = 0; n < 12; n++) {
        mci_image_stream_job job = job_of(inputs, COUNT_OF(inputs));
        mci_image_stream *stream = NULL;
        mci_image_batch got;
        mc_error err = { 0 };
        job.batch = 5;
        job.n_threads = 3;
        assert_ok(mci_image_stream_open(&job, &stream, &err), err);
        for (unsigned i = 0; i < n; i++)
            assert_ok(mci_image_stream_next(stream, &got, &err), err);
        mci_image_stream_close(stream);
    }
    mci_image_stream_close(NULL);
}

static void tars_give_their_images_and_what_is_damaged_is_named(void **state)
{
    scratch *s = *state;
    mci_tar_out *tar = NULL;
    mc_error err = { 0 };
    size_t n;
    char *png = test_read_file(test_path("METACLIP_TEST_DATA", "images/rgb.png"), &n);
    static char path[160];
    assert_non_null(png);
    snprintf(path, sizeof path, "%s", scratch_path(s, "0.tar"));
    assert_ok(mci_tar_out_open(path, &tar, &err), err);
    assert_ok(mci_tar_out_add(tar, "a.png", (mc_str){ png, n }, &err), err);
    assert_ok(mci_tar_out_add(tar, "a.txt", mc_str_of("a caption"), &err), err);
    assert_ok(mci_tar_out_add(tar, "b.jpg", (mc_str){ png, n }, &err), err);
    assert_ok(mci_tar_out_add(tar, "c.png", (mc_str){ png, n / 2 }, &err), err);
    assert_ok(mci_tar_out_commit(tar, NULL, &err), err);

    const char *inputs[] = { path };
    mci_image_stream_job job = job_of(inputs, 1);
    mci_image_stream *stream = NULL;
    mci_image_batch got;
    char want[200];
    assert_ok(mci_image_stream_open(&job, &stream, &err), err);
    assert_ok(mci_image_stream_next(stream, &got, &err), err);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.n_failures, 1);
    snprintf(want, sizeof want, "%s/b.jpg", path);
    assert_str(got.rows[1].name, want);
    snprintf(want, sizeof want, "%s/c.png", path);
    assert_str(got.failures[0].name, want);
    assert_says(got.failures[0].why.text, "PNG: cut short");
    assert_int_equal(mci_image_stream_next(stream, &got, &err), MC_END);
    assert_int_equal(mci_image_stream_passed_over(stream), 1);
    mci_image_stream_close(stream);
    free(png);
}

static void what_is_not_there_is_a_failure_too(void **state)
{
    scratch *s = *state;
    static char path[160];
    snprintf(path, sizeof path, "%s", scratch_path(s, "missing"));
    const char *inputs[] = { path };
    mci_image_stream_job job = job_of(inputs, 1);
    mci_image_stream *stream = NULL;
    mci_image_batch got;
    mc_error err = { 0 };
    assert_ok(mci_image_stream_open(&job, &stream, &err), err);
    assert_ok(mci_image_stream_next(stream, &got, &err), err);
    assert_int_equal(got.n, 0);
    assert_int_equal(got.n_failures, 1);
    assert_says(got.failures[0].why.text, "cannot open it: No such file");
    mci_image_stream_close(stream);

    put(s, "long.png", "rgb.png");
    snprintf(path, sizeof path, "%s", scratch_path(s, "long.png"));
    job.max_image_bytes = 100;
    assert_ok(mci_image_stream_open(&job, &stream, &err), err);
    assert_ok(mci_image_stream_next(stream, &got, &err), err);
    assert_int_equal(got.n_failures, 1);
    assert_says(got.failures[0].why.text, "more than the limit of 100");
    mci_image_stream_close(stream);
    job.options.std[0] = 0;
    assert_int_equal(mci_image_stream_open(&job, &stream, &err), MC_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_and_failures_are_all_inputs_in_order, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(it_can_be_closed_in_the_middle, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(tars_give_their_images_and_what_is_damaged_is_named,
                                        scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_a_failure_too, scratch_open,
                                        scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
