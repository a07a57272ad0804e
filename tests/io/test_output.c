#include "io/output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/stream.h"

#include "test.h"

static char folder[] = "/tmp/metaclip-output-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool exists(const char *name)
{
    struct stat info;
    return lstat(in_folder(name), &info) == 0;
}

static void assert_content(const char *name, const char *want)
{
    size_t len;
    char *got = test_read_file(in_folder(name), &len);
    assert_non_null(got);
    assert_str(((mc_str){ got, len }), want);
    free(got);
}

static void a_file_appears_when_it_is_whole(void **state)
{
    (void)state;
    mci_output *output;
    mc_error err = { 0 };
    assert_ok(mci_output_open(in_folder("a.txt"), MCI_PLAIN, &output, &err), err);
    assert_ok(mci_output_write(output, mc_str_of("one\n"), &err), err);
    assert_false(exists("a.txt"));
    assert_true(exists(".a.txt.tmp"));
    assert_ok(mci_output_commit(output, &err), err);
    assert_content("a.txt", "one\n");
    assert_false(exists(".a.txt.tmp"));
}

static void an_abort_leaves_what_was_there(void **state)
{
    (void)state;
    mci_output *output;
    mc_error err = { 0 };
    assert_ok(mci_output_file(in_folder("b.txt"), mc_str_of("old"), &err), err);
    assert_ok(mci_output_open(in_folder("b.txt"), MCI_PLAIN, &output, &err), err);
    assert_ok(mci_output_write(output, mc_str_of("new"), &err), err);
    mci_output_abort(output);
    assert_content("b.txt", "old");
    assert_false(exists(".b.txt.tmp"));
}

static void left_overs_of_a_killed_run_are_replaced(void **state)
{
    (void)state;
    mc_error err = { 0 };
    FILE *stale = fopen(in_folder(".c.txt.tmp"), "w");
    fputs("much longer than what comes now", stale);
    fclose(stale);
    assert_ok(mci_output_file(in_folder("c.txt"), mc_str_of("new"), &err), err);
    assert_content("c.txt", "new");
    assert_false(exists(".c.txt.tmp"));
}

static void a_pipe_is_written_directly_and_stays(void **state)
{
    (void)state;
    mc_error err = { 0 };
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    int reader = open(in_folder("pipe"), O_RDONLY | O_NONBLOCK);
    assert_ok(mci_output_file(in_folder("pipe"), mc_str_of("through"), &err), err);
    char got[16] = { 0 };
    assert_int_equal(read(reader, got, sizeof got), 7);
    assert_string_equal(got, "through");
    close(reader);
    struct stat info;
    assert_int_equal(stat(in_folder("pipe"), &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_ok(mci_output_file("/dev/null", mc_str_of("gone"), &err), err);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
}

static void a_link_is_followed(void **state)
{
    (void)state;
    mc_error err = { 0 };
    struct stat info;
    assert_ok(mci_output_file(in_folder("target"), mc_str_of("old"), &err), err);
    assert_int_equal(symlink("target", in_folder("link")), 0);
    assert_ok(mci_output_file(in_folder("link"), mc_str_of("new"), &err), err);
    assert_int_equal(lstat(in_folder("link"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_content("target", "new");
}

static void what_cannot_be_written_is_named(void **state)
{
    (void)state;
    mci_output *output;
    mc_error err = { 0 };
    assert_int_equal(mci_output_open(in_folder("no/such/x"), MCI_PLAIN, &output, &err), MC_E_IO);
    assert_says(err.text, "no/such/x");
    assert_says(err.text, "No such file");
    assert_int_equal(mci_output_open(folder, MCI_PLAIN, &output, &err), MC_E_IO);
    assert_says(err.text, "folder");
}

/* /dev/full fails every write with ENOSPC; a file limit cuts a regular one the same way. */
static void a_full_disk_leaves_nothing_half_written(void **state)
{
    (void)state;
    mc_error err = { 0 };
    assert_int_equal(mci_output_file("/dev/full", mc_str_of("x"), &err), MC_E_IO);
    assert_says(err.text, "No space left");
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = { 100000, 100000 };
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        char *bytes = calloc(1, 1 << 20);
        mc_status status = mci_output_file(in_folder("full"), (mc_str){ bytes, 1 << 20 }, &err);
        free(bytes);
        _exit(status == MC_E_IO && strstr(err.text, "full") && !exists("full") &&
                      !exists(".full.tmp")
                  ? 0
                  : 1);
    }
    int code = -1;
    waitpid(child, &code, 0);
    assert_int_equal(code, 0);
}

static void compressed_files_read_back_whole(void **state)
{
    (void)state;
    static const char *const names[] = { "x.jsonl.gz", "x.jsonl.zst", "x.jsonl" };
    enum { N = 3 << 20 };
    char *bytes = malloc(N);
    test_random random = { 7 };
    for (size_t i = 0; i < N; i++)
        bytes[i] = (char)('a' + test_below(&random, 4));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        mc_error err = { 0 };
        mci_stream *stream;
        mc_str window;
        assert_ok(mci_output_file(in_folder(names[i]), (mc_str){ bytes, N }, &err), err);
        assert_ok(mci_stream_open(in_folder(names[i]), &stream, &err), err);
        assert_ok(mci_stream_peek(stream, N + 1, &window, &err), err);
        assert_int_equal(window.len, N);
        assert_memory_equal(window.data, bytes, N);
        mci_stream_skip(stream, N);
        assert_int_equal(mci_stream_peek(stream, 1, &window, &err), MC_END);
        mci_stream_close(stream);
    }
    assert_ok(mci_output_file(in_folder("empty.gz"), mc_str_of(""), NULL), (mc_error){ 0 });
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_appears_when_it_is_whole),
        cmocka_unit_test(an_abort_leaves_what_was_there),
        cmocka_unit_test(left_overs_of_a_killed_run_are_replaced),
        cmocka_unit_test(a_pipe_is_written_directly_and_stays),
        cmocka_unit_test(a_link_is_followed),
        cmocka_unit_test(what_cannot_be_written_is_named),
        cmocka_unit_test(a_full_disk_leaves_nothing_half_written),
        cmocka_unit_test(compressed_files_read_back_whole),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
