/* Downloading from a server that misbehaves: what arrives is right, or nothing does. */
#include "scratch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>

#include "base/hash.h"
#include "metaclip/metaclip.h"
#include "pull/http_server.h"

enum { LEN = 100000 };

typedef struct {
    scratch *dir;
    server *server;
    char data[LEN];
    char sha256[MC_SHA256_DIGITS + 1];
    char warnings[4096];
    char base[64], url[128];
    served_file *file;
} world;

static int open_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    void *dir = NULL;
    test_random random = { 1 };
    if (!w || scratch_open(&dir) != 0)
        return -1;
    w->dir = dir;
    setenv("no_proxy", "*", 1);
    for (size_t i = 0; i < LEN; i++)
        w->data[i] = (char)test_next(&random);
    mci_sha256_of((mc_str){ w->data, LEN }, w->sha256, NULL);
    w->server = server_start();
    w->file = server_add(w->server, "/models/file.bin", w->data, LEN, "\"one\"");
    snprintf(w->base, sizeof w->base, "http://127.0.0.1:%d", w->server->port);
    snprintf(w->url, sizeof w->url, "%s/models/file.bin?download=true", w->base);
    snprintf(w->file->path, sizeof w->file->path, "/models/file.bin?download=true");
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    world *w = *state;
    void *dir = w->dir;
    server_stop(w->server);
    free(w);
    return scratch_close(&dir);
}

static void on_warning(void *user, const char *text)
{
    world *w = user;
    size_t n = strlen(w->warnings);
    snprintf(w->warnings + n, sizeof w->warnings - n, "%s\n", text);
}

static mc_pull_job job_of(world *w)
{
    w->warnings[0] = '\0';
    return (mc_pull_job){ .what = w->url,
                          .models_dir = w->dir->dir,
                          .n_retries = 3,
                          .pause_ms = 1,
                          .hooks = { .warn = on_warning, .user = w } };
}

static void assert_content(world *w, const char *name, const char *want, size_t n)
{
    size_t len;
    char *got = test_read_file(scratch_path(w->dir, name), &len);
    assert_non_null(got);
    assert_int_equal(len, n);
    assert_memory_equal(got, want, n);
    free(got);
}

/* It is there, right, noted, and nothing else is left of the download. */
static void assert_arrived(world *w)
{
    assert_content(w, "file.bin", w->data, LEN);
    assert_true(scratch_has(w->dir, "file.bin.meta.json"));
    assert_false(scratch_has(w->dir, ".file.bin.part"));
    assert_false(scratch_has(w->dir, ".file.bin.part.json"));
}

static void forget(world *w)
{
    static const char *const names[] = { "file.bin", "file.bin.meta.json", ".file.bin.part",
                                         ".file.bin.part.json" };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unlink(scratch_path(w->dir, names[i]));
}

static void pull_ok(const mc_pull_job *job, mc_pulled *pulled)
{
    mc_error err = { 0 };
    assert_ok(mc_pull_run(job, pulled, &err), err);
}

/* ---- the straight way ---- */

static void a_file_comes_with_its_hash_and_a_note(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    pull_ok(&job, &pulled);
    assert_int_equal(pulled.n_files, 1);
    assert_string_equal(pulled.files[0].sha256, w->sha256);
    assert_string_equal(pulled.files[0].checked, "");
    assert_int_equal(pulled.files[0].bytes, LEN);
    assert_int_equal(pulled.files[0].fetched, LEN);
    assert_string_equal(pulled.path, scratch_path(w->dir, "file.bin"));
    assert_arrived(w);
    size_t len;
    char *note = test_read_file(scratch_path(w->dir, "file.bin.meta.json"), &len);
    assert_says(note, w->sha256);
    assert_says(note, w->url);
    free(note);
    mc_pulled_release(&pulled);
}

static void what_is_there_is_checked_and_not_fetched_again(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    pull_ok(&job, &pulled);
    mc_pulled_release(&pulled);
    unsigned n_requests = w->server->n_requests;
    pull_ok(&job, &pulled);
    assert_int_equal(w->server->n_requests, n_requests);
    assert_int_equal(pulled.files[0].fetched, 0);
    assert_string_equal(pulled.files[0].checked, "earlier");
    assert_string_equal(pulled.files[0].sha256, w->sha256);
    mc_pulled_release(&pulled);

    scratch_text(w->dir, "file.bin", "spoiled"); /* what came from there may be fetched again */
    pull_ok(&job, &pulled);
    assert_int_equal(pulled.files[0].fetched, LEN);
    assert_says(w->warnings, "has changed since it came");
    assert_arrived(w);
    mc_pulled_release(&pulled);
}

static void the_file_of_somebody_else_is_left_alone(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    scratch_text(w->dir, "file.bin", "mine");
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_MISMATCH);
    assert_says(err.text, "there is a file of this name already");
    assert_content(w, "file.bin", "mine", 4);
    /* If it is what was asked for, it is welcome. */
    scratch_file(w->dir, "file.bin", w->data, LEN);
    job.sha256 = w->sha256;
    pull_ok(&job, &pulled);
    assert_int_equal(pulled.files[0].fetched, 0);
    assert_true(scratch_has(w->dir, "file.bin.meta.json"));
    mc_pulled_release(&pulled);
}

static void an_empty_file_is_a_file(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    w->file->len = 0;
    pull_ok(&job, &pulled);
    assert_content(w, "file.bin", "", 0);
    mc_pulled_release(&pulled);
}

/* ---- broken connections ---- */

static void whatever_breaks_the_bytes_are_right_in_the_end(void **state)
{
    world *w = *state;
    test_random random = { 3 };
    for (size_t round = 0; round < 60; round++) {
        mc_pull_job job = job_of(w);
        mc_pulled pulled = { 0 };
        w->server->seed = test_next(&random);
        w->server->cut_below = 1 + test_below(&random, test_below(&random, 2) ? LEN : 5000);
        w->server->cut_share = (unsigned)test_below(&random, 4);
        w->server->no_ranges = test_below(&random, 4) == 0;
        w->server->shifts_ranges = test_below(&random, 8) == 0;
        w->server->trusts_ranges = test_below(&random, 2);
        snprintf(w->file->etag, sizeof w->file->etag, "%s",
                 test_below(&random, 5)   ? "\"one\""
                 : test_below(&random, 2) ? "W/\"weak\""
                                          : "");
        snprintf(w->server->last_modified, sizeof w->server->last_modified, "%s",
                 test_below(&random, 2) ? "Sat, 01 Jan 2022 00:00:00 GMT" : "");
        job.n_retries = 60; /* a quarter of the answers is whole at least */
        if (test_below(&random, 2))
            job.sha256 = w->sha256;
        forget(w);
        pull_ok(&job, &pulled);
        assert_string_equal(pulled.files[0].sha256, w->sha256);
        assert_arrived(w);
        mc_pulled_release(&pulled);
    }
}

/* Each call stands for a process that was killed: it has no second try. */
static void calls_that_break_off_add_up(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    unsigned n_calls = 1;
    w->server->seed = 7;
    w->server->cut_below = 20000;
    w->server->cut_share = 4;
    job.n_retries = 0;
    for (mc_error err = { 0 }; mc_pull_run(&job, &pulled, &err) < 0; n_calls++) {
        assert_int_equal(err.status, MC_E_IO);
        assert_says(err.text, "start it again to go on where it stopped");
        assert_false(scratch_has(w->dir, "file.bin"));
        assert_true(n_calls < 1000);
    }
    assert_true(n_calls > 3);
    assert_arrived(w);
    assert_int_equal(w->server->n_sent, LEN); /* no byte came twice */
    assert_true(strncmp(w->server->last_range, "bytes=", 6) == 0);
    mc_pulled_release(&pulled);
}

static void start_part(world *w, size_t n)
{
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    forget(w);
    job.n_retries = 0;
    w->server->seed = 1;
    w->server->cut_below = 1;
    w->server->cut_share = 4;
    while (w->server->cut_below && mc_pull_run(&job, &pulled, &err) < 0) { /* facts, no bytes */
        size_t len;
        char *part = test_read_file(scratch_path(w->dir, ".file.bin.part"), &len);
        free(part);
        w->server->cut_below = len < n ? 2 * n : 0;
    }
    mc_pulled_release(&pulled);
    w->server->cut_below = 0;
    w->server->n_sent = 0;
}

static void a_file_that_changed_begins_anew(void **state)
{
    world *w = *state;
    /* A server that trusts ranges sends the rest of the other one; the last, under an ETag that is
     * none. */
    static const char *const others[] = { "\"two\"", "\"three\"", "\"no etag\"" };
    for (unsigned i = 0; i < COUNT_OF(others); i++) {
        mc_pulled pulled = { 0 };
        snprintf(w->file->etag, sizeof w->file->etag, "\"one\"");
        start_part(w, 1000);
        mc_pull_job job = job_of(w);
        assert_true(scratch_has(w->dir, ".file.bin.part"));
        for (size_t j = 0; j < LEN; j++)
            w->data[j] ^= 0x55;
        memcpy(w->server->bytes + w->file->at, w->data, LEN);
        snprintf(w->file->etag, sizeof w->file->etag, "%s", others[i]);
        w->server->trusts_ranges = i > 0;
        pull_ok(&job, &pulled);
        assert_arrived(w);
        mc_pulled_release(&pulled);
    }
}

static void a_file_that_became_shorter_begins_anew(void **state)
{
    world *w = *state;
    mc_pulled pulled = { 0 };
    start_part(w, 5000);
    mc_pull_job job = job_of(w);
    w->file->len = 100;
    w->server->trusts_ranges = true; /* so that it answers 416 */
    pull_ok(&job, &pulled);
    assert_content(w, "file.bin", w->data, 100);
    mc_pulled_release(&pulled);
}

static void another_address_of_the_same_name_begins_anew(void **state)
{
    world *w = *state;
    mc_pulled pulled = { 0 };
    char url[160];
    start_part(w, 5000);
    mc_pull_job job = job_of(w);
    server_add(w->server, "/other/file.bin", "other", 5, "\"one\"");
    snprintf(url, sizeof url, "%s/other/file.bin", w->base);
    job.what = url;
    pull_ok(&job, &pulled);
    assert_content(w, "file.bin", "other", 5);
    mc_pulled_release(&pulled);
}

static void a_damaged_part_is_found_out_by_the_hash(void **state)
{
    world *w = *state;
    mc_pulled pulled = { 0 };
    start_part(w, 1000);
    mc_pull_job job = job_of(w);
    int fd = open(scratch_path(w->dir, ".file.bin.part"), O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "damage", 6, 0), 6);
    close(fd);
    job.sha256 = w->sha256;
    pull_ok(&job, &pulled);
    assert_says(w->warnings, "is damaged; from the start");
    assert_arrived(w);
    assert_string_equal(pulled.files[0].checked, "given");
    mc_pulled_release(&pulled);
}

static void one_process_has_a_part_at_a_time(void **state)
{
    world *w = *state;
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    start_part(w, 1000);
    mc_pull_job job = job_of(w);
    int fd = open(scratch_path(w->dir, ".file.bin.part"), O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_IO);
    assert_says(err.text, "another process is downloading it");
    close(fd);
    pull_ok(&job, &pulled);
    assert_arrived(w);
    mc_pulled_release(&pulled);
}

/* ---- hashes ---- */

static void a_wrong_hash_leaves_nothing(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    char other[MC_SHA256_DIGITS + 1];
    memset(other, 'a', MC_SHA256_DIGITS);
    other[MC_SHA256_DIGITS] = '\0';
    job.sha256 = other;
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_MISMATCH);
    assert_says(err.text, w->sha256);
    assert_says(err.text, other);
    assert_false(scratch_has(w->dir, "file.bin"));
    assert_false(scratch_has(w->dir, ".file.bin.part"));
    assert_false(scratch_has(w->dir, ".file.bin.part.json"));
    job.sha256 = "12ab";
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_ARG);
    assert_says(err.text, "64 hex digits");
}

static void what_the_host_states_is_checked(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    char url[160];
    server_redirect(w->server, "/hub/file.bin",
                    w->url); /* the host states it, the store does not */
    snprintf(url, sizeof url, "%s/hub/file.bin", w->base);
    snprintf(w->server->linked, sizeof w->server->linked, "\"%s\"", w->sha256);
    job.what = url;
    pull_ok(&job, &pulled);
    assert_string_equal(pulled.files[0].checked, "host");
    mc_pulled_release(&pulled);
    forget(w);
    w->server->linked[1] ^= 1;
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_MISMATCH);
    assert_false(scratch_has(w->dir, "file.bin"));
}

/* ---- servers that say no ---- */

static void a_server_that_is_busy_is_asked_again(void **state)
{
    world *w = *state;
    static const int busy[] = { 408, 429, 500, 502, 503, 504 };
    for (size_t i = 0; i < COUNT_OF(busy); i++) {
        mc_pull_job job = job_of(w);
        mc_pulled pulled = { 0 };
        forget(w);
        w->server->refusal = busy[i];
        w->server->n_refusals = 3;
        pull_ok(&job, &pulled);
        assert_arrived(w);
        assert_says(w->warnings, "trying again in");
        mc_pulled_release(&pulled);
    }
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    forget(w);
    w->server->n_refusals = 4;
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_IO);
    assert_says(err.text, "the server answers 504; start it again");
}

static void a_servers_last_word_is_taken(void **state)
{
    world *w = *state;
    static const int last[] = { 400, 401, 403, 404, 410, 451 };
    for (size_t i = 0; i < COUNT_OF(last); i++) {
        mc_pull_job job = job_of(w);
        mc_pulled pulled = { 0 };
        mc_error err = { 0 };
        char want[32];
        snprintf(want, sizeof want, "the server answers %d", last[i]);
        w->server->refusal = last[i];
        w->server->n_refusals = 1;
        unsigned n_requests = w->server->n_requests;
        assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_IO);
        assert_says(err.text, want);
        assert_int_equal(w->server->n_requests, n_requests + 1);
        assert_false(scratch_has(w->dir, ".file.bin.part"));
    }
}

static void nobody_there_is_an_error_that_says_so(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    job.what = "http://127.0.0.1:1/file.bin"; /* nobody may listen there */
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_IO);
    assert_says(err.text, "127.0.0.1:1/file.bin");
    assert_says(err.text, "start it again");
}

static void redirects_are_followed_but_not_out_of_the_web(void **state)
{
    world *w = *state;
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    char url[160];
    server_redirect(w->server, "/first", "/second");
    server_redirect(w->server, "/second", w->url);
    server_redirect(w->server, "/loop", "/loop");
    server_redirect(w->server, "/disk", "file:///etc/passwd");
    server_redirect(w->server, "/ftp", "ftp://127.0.0.1/file.bin");
    mc_pull_job job = job_of(w);
    job.what = url;
    snprintf(url, sizeof url, "%s/first", w->base);
    pull_ok(&job, &pulled);
    assert_content(w, "first", w->data, LEN);
    mc_pulled_release(&pulled);
    static const char *const refused[] = { "loop", "disk", "ftp" };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        snprintf(url, sizeof url, "%s/%s", w->base, refused[i]);
        assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_IO);
        assert_false(scratch_has(w->dir, refused[i]));
    }
}

/* ---- limits ---- */

static void a_file_beyond_the_limit_is_not_taken(void **state)
{
    world *w = *state;
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    for (unsigned unknown = 0; unknown < 2; unknown++) {
        mc_pull_job job = job_of(w);
        w->server->no_length = unknown;
        job.max_bytes = LEN - 1;
        assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_LIMIT);
        assert_false(scratch_has(w->dir, "file.bin"));
        forget(w);
    }
}

static void a_file_of_unknown_length_comes_with_a_warning(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    w->server->no_length = true;
    pull_ok(&job, &pulled);
    assert_says(w->warnings, "did not say how long the file is");
    assert_arrived(w);
    mc_pulled_release(&pulled);
}

/* A limit on the size of files stands for a full disk. */
static void a_full_disk_is_named_and_gone_on_from(void **state)
{
    world *w = *state;
    mc_pull_job job = job_of(w);
    mc_pulled pulled = { 0 };
    mc_error err = { 0 };
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){ LEN / 2, before.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    mc_status status = mc_pull_run(&job, &pulled, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(status, MC_E_IO);
    assert_says(err.text, "file.bin: cannot write: ");
    pull_ok(&job, &pulled);
    assert_arrived(w);
    assert_true(pulled.files[0].fetched < LEN);
    mc_pulled_release(&pulled);
}

static void what_is_no_address_is_refused(void **state)
{
    world *w = *state;
    static const struct {
        const char *what, *says;
    } cases[] = {
        { "file:///etc/passwd", "only http and https" },
        { "ftp://host/file", "only http and https" },
        { "http://host/", "does not end in the name of a file" },
        { "http://host", "does not end in the name of a file" },
        { "http://host/..", "does not end in the name of a file" },
        { "http://host/.hidden", "does not end in the name of a file" },
        { "http://host/a b", "percent-encode" },
        { "no such model", "no published model is called no such model" },
        { "metaclip_400m", "3 models are called; say which: b32_400m, b16_400m, l14_400m" },
        { "../x", "no published model" },
        { "a/b/c", "no published model" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mc_pull_job job = job_of(w);
        mc_pulled pulled = { 0 };
        mc_error err = { 0 };
        print_message("  case: %s\n", cases[i].what);
        job.what = cases[i].what;
        assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_ARG);
        assert_says(err.text, cases[i].says);
    }
    assert_int_equal(w->server->n_requests, 0);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_file_comes_with_its_hash_and_a_note),
        IN_A_WORLD(what_is_there_is_checked_and_not_fetched_again),
        IN_A_WORLD(the_file_of_somebody_else_is_left_alone),
        IN_A_WORLD(an_empty_file_is_a_file),
        IN_A_WORLD(whatever_breaks_the_bytes_are_right_in_the_end),
        IN_A_WORLD(calls_that_break_off_add_up),
        IN_A_WORLD(a_file_that_changed_begins_anew),
        IN_A_WORLD(a_file_that_became_shorter_begins_anew),
        IN_A_WORLD(another_address_of_the_same_name_begins_anew),
        IN_A_WORLD(a_damaged_part_is_found_out_by_the_hash),
        IN_A_WORLD(one_process_has_a_part_at_a_time),
        IN_A_WORLD(a_wrong_hash_leaves_nothing),
        IN_A_WORLD(what_the_host_states_is_checked),
        IN_A_WORLD(a_server_that_is_busy_is_asked_again),
        IN_A_WORLD(a_servers_last_word_is_taken),
        IN_A_WORLD(nobody_there_is_an_error_that_says_so),
        IN_A_WORLD(redirects_are_followed_but_not_out_of_the_web),
        IN_A_WORLD(a_file_beyond_the_limit_is_not_taken),
        IN_A_WORLD(a_file_of_unknown_length_comes_with_a_warning),
        IN_A_WORLD(a_full_disk_is_named_and_gone_on_from),
        IN_A_WORLD(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
