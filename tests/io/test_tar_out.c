#include "io/tar_out.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "io/tar.h"
#include "scratch.h"

/* What the project's own reader finds: "name=bytes;" for each member. */
static void read_back(const char *path, mci_buf *out)
{
    mci_stream *stream;
    mci_tar *tar;
    mci_tar_member member;
    mci_buf bytes = { 0 };
    mc_error err = { 0 };
    mc_status status;
    mci_buf_clear(out);
    assert_ok(mci_stream_open(path, &stream, &err), err);
    assert_ok(mci_tar_open(stream, &tar, &err), err);
    while ((status = mci_tar_next(tar, &member, &err)) == MC_OK) {
        assert_true(member.is_file);
        assert_int_equal(mci_buf_add(out, member.name, NULL), MC_OK);
        assert_int_equal(mci_buf_byte(out, '=', NULL), MC_OK);
        assert_ok(mci_tar_read(tar, 1 << 24, &bytes, &err), err);
        assert_int_equal(mci_buf_add(out, mci_buf_str(&bytes), NULL), MC_OK);
        assert_int_equal(mci_buf_byte(out, ';', NULL), MC_OK);
    }
    assert_int_equal(status, MC_END);
    mci_buf_release(&bytes);
    mci_tar_close(tar);
    mci_stream_close(stream);
}

static void members_are_read_back(void **state)
{
    scratch *s = *state;
    mci_tar_out *tar;
    mci_buf got = { 0 };
    mc_error err = { 0 };
    uint64_t n_bytes = 0;
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(s, "a.tar"));
    assert_ok(mci_tar_out_open(path, &tar, &err), err);
    assert_ok(mci_tar_out_add(tar, "000000000.txt", mc_str_of("a red car"), &err), err);
    assert_ok(mci_tar_out_add(tar, "empty", mc_str_of(""), &err), err);
    assert_ok(mci_tar_out_begin(tar, "000000000.json", 4, &err), err);
    assert_ok(mci_tar_out_write(tar, mc_str_of("{"), &err), err);
    assert_ok(mci_tar_out_write(tar, mc_str_of("  }"), &err), err);
    assert_false(scratch_has(s, "a.tar"));
    assert_ok(mci_tar_out_commit(tar, &n_bytes, &err), err);
    read_back(path, &got);
    assert_str(mci_buf_str(&got), "000000000.txt=a red car;empty=;000000000.json={  };");
    size_t len;
    char *bytes = test_read_file(path, &len);
    assert_int_equal(len, n_bytes);
    assert_int_equal(len, 512 * (2 + 1 + 2 + 2)); /* headers, two blocks of bytes, the end */
    free(bytes);
    mci_buf_release(&got);
}

static void a_tar_without_members_is_one(void **state)
{
    scratch *s = *state;
    mci_tar_out *tar;
    mci_buf got = { 0 };
    mc_error err = { 0 };
    char path[512];
    snprintf(path, sizeof path, "%s", scratch_path(s, "none.tar"));
    assert_ok(mci_tar_out_open(path, &tar, &err), err);
    assert_ok(mci_tar_out_commit(tar, NULL, &err), err);
    read_back(path, &got);
    assert_int_equal(got.len, 0);
    mci_buf_release(&got);
}

static void write_random(const char *path, uint64_t seed, size_t piece)
{
    enum { N = 20 };
    mci_tar_out *tar;
    mc_error err = { 0 };
    test_random random = { seed };
    assert_ok(mci_tar_out_open(path, &tar, &err), err);
    for (int i = 0; i < N; i++) {
        char name[32], *bytes = malloc(300000);
        size_t n = test_below(&random, i % 2 ? 2000 : 300000);
        for (size_t j = 0; j < n; j++)
            bytes[j] = (char)test_next(&random);
        snprintf(name, sizeof name, "%d.bin", i);
        assert_ok(mci_tar_out_begin(tar, name, n, &err), err);
        for (size_t at = 0; at < n; at += piece)
            assert_ok(mci_tar_out_write(
                          tar, (mc_str){ bytes + at, n - at < piece ? n - at : piece }, &err),
                      err);
        free(bytes);
    }
    assert_ok(mci_tar_out_commit(tar, NULL, &err), err);
}

static void equal_members_give_equal_bytes_whatever_the_pieces(void **state)
{
    scratch *s = *state;
    size_t n_a, n_b;
    write_random(scratch_path(s, "x.tar"), 1, 1000000);
    write_random(scratch_path(s, "y.tar"), 1, 777);
    char *a = test_read_file(scratch_path(s, "x.tar"), &n_a);
    char *b = test_read_file(scratch_path(s, "y.tar"), &n_b);
    assert_int_equal(n_a, n_b);
    assert_memory_equal(a, b, n_a);
    free(a);
    free(b);
}

static void the_header_is_the_same_for_everybody(void **state)
{
    scratch *s = *state;
    mci_tar_out *tar;
    mc_error err = { 0 };
    size_t len;
    assert_ok(mci_tar_out_open(scratch_path(s, "h.tar"), &tar, &err), err);
    assert_ok(mci_tar_out_add(tar, "000000000.jpg", mc_str_of("x"), &err), err);
    assert_ok(mci_tar_out_commit(tar, NULL, &err), err);
    char *bytes = test_read_file(scratch_path(s, "h.tar"), &len);
    assert_string_equal(bytes, "000000000.jpg");
    assert_memory_equal(bytes + 100, "000644 \0", 8);             /* mode */
    assert_memory_equal(bytes + 108, "000000 \000000000 \0", 16); /* user, group */
    assert_memory_equal(bytes + 136, "07033241600 ", 12);         /* 2000-01-01 */
    assert_memory_equal(bytes + 156, "0", 1);
    assert_memory_equal(bytes + 257,
                        "ustar\0"
                        "00",
                        8);
    for (int i = 265; i < 329; i++)
        assert_int_equal(bytes[i], 0); /* no names of users and groups */
    free(bytes);
}

static void an_abort_leaves_nothing(void **state)
{
    scratch *s = *state;
    mci_tar_out *tar;
    mc_error err = { 0 };
    assert_ok(mci_tar_out_open(scratch_path(s, "b.tar"), &tar, &err), err);
    assert_ok(mci_tar_out_add(tar, "x", mc_str_of("x"), &err), err);
    assert_ok(mci_tar_out_begin(tar, "y", 100, &err), err);
    assert_ok(mci_tar_out_write(tar, mc_str_of("half"), &err), err);
    mci_tar_out_abort(tar);
    mci_tar_out_abort(NULL);
    assert_false(scratch_has(s, "b.tar"));
    assert_false(scratch_has(s, ".b.tar.tmp"));
}

static void what_cannot_be_written_is_told_and_leaves_nothing(void **state)
{
    scratch *s = *state;
    mc_error err = { 0 };
    mci_tar_out *tar;
    assert_int_equal(mci_tar_out_open(scratch_path(s, "no/such.tar"), &tar, &err), MC_E_IO);
    assert_says(err.text, "no/such.tar");
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = { 100000, 100000 };
        char *bytes = calloc(1, 1 << 20);
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        mc_status status = mci_tar_out_open(scratch_path(s, "full.tar"), &tar, &err);
        if (status >= 0)
            status = mci_tar_out_add(tar, "x", (mc_str){ bytes, 1 << 20 }, &err);
        bool is_told = status == MC_E_IO && strstr(err.text, "full.tar: cannot write");
        mci_tar_out_abort(tar);
        free(bytes);
        _exit(is_told && !scratch_has(s, "full.tar") && !scratch_has(s, ".full.tar.tmp") ? 0 : 1);
    }
    int code = -1;
    waitpid(child, &code, 0);
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_are_read_back, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(a_tar_without_members_is_one, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(equal_members_give_equal_bytes_whatever_the_pieces,
                                        scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(the_header_is_the_same_for_everybody, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(an_abort_leaves_nothing, scratch_open, scratch_close),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_told_and_leaves_nothing,
                                        scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
