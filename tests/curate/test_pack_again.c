/* Packing that does not go straight on: started again, with images that fail or change under its
 * hands, with wrong arguments. */
#include <errno.h>

#include "curate/pack_fixture.h"

/* ---- reading that fails on demand ---- */

static const char *cut_at_rewind; /* a file that is cut when somebody goes back in one */
static long fail_read_at;         /* 1: the next read of a descriptor fails; 0: none does */

off_t __real_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek(int fd, off_t offset, int whence);
ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n);

off_t __wrap_lseek(int fd, off_t offset, int whence)
{
    if (cut_at_rewind && whence == SEEK_SET && offset == 0)
        assert_int_equal(truncate(cut_at_rewind, 1000), 0);
    return __real_lseek(fd, offset, whence);
}

ssize_t __wrap_read(int fd, void *bytes, size_t n)
{
    if (fail_read_at > 0 && --fail_read_at == 0) {
        errno = EIO;
        return -1;
    }
    return __real_read(fd, bytes, n);
}

/* ---- starting again ---- */

static void make_three_shards(fixture *f)
{
    for (int i = 0; i < 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "in/%d.jpg", i);
        IMAGE(f, name, JPEG);
        snprintf(name, sizeof name, "in/%d.txt", i);
        put_text(f, name, name);
    }
    put_text(f, "in/3.jpg", "spoiled");
    f->job.samples = 2;
    assert_packs(f, "out");
}

static void set_time(fixture *f, const char *name, time_t seconds)
{
    struct timespec times[2] = { { seconds, 0 }, { seconds, 0 } };
    assert_int_equal(utimensat(AT_FDCWD, in_dir(f, name), times, 0), 0);
}

static time_t time_of(fixture *f, const char *name)
{
    struct stat info;
    assert_int_equal(stat(in_dir(f, name), &info), 0);
    return info.st_mtim.tv_sec;
}

static void only_what_is_missing_is_made_again(void **state)
{
    fixture *f = *state;
    static const char *const tars[] = { "out/00000.tar", "out/00001.tar", "out/00002.tar" };
    make_three_shards(f);
    uint64_t want = hash_of(f, "out");
    mc_pack_summary first = f->summary;
    for (int i = 0; i < 3; i++)
        set_time(f, tars[i], 1000);
    put_text(f, "out/.00002.tar.tmp", "of a killed run");
    put_text(f, "out/.stats.csv.tmp", "of a killed run");
    put_text(f, "out/state/.00000.json.tmp", "of a killed run");
    assert_int_equal(truncate(in_dir(f, tars[1]), 1024), 0);
    unlink(in_dir(f, "out/state/00002.json"));
    assert_packs(f, "out");
    assert_int_equal(hash_of(f, "out"), want); /* which also sees left-over temporaries */
    assert_false(is_there(f, "out/state/.00000.json.tmp"));
    assert_int_equal(time_of(f, tars[0]), 1000);
    assert_true(time_of(f, tars[1]) > 1000 && time_of(f, tars[2]) > 1000);
    f->summary.seconds = first.seconds;
    assert_memory_equal(&f->summary.n, &first.n, sizeof first.n);
    assert_int_equal(f->summary.n_problems, 1);
    assert_string_equal(f->summary.problems[0], first.problems[0]);
}

static void what_would_mix_two_packings_is_refused(void **state)
{
    fixture *f = *state;
    make_three_shards(f);
    uint64_t want = hash_of(f, "out");
    f->job.samples = 3;
    assert_int_equal(pack(f, "out"), MC_E_MISMATCH);
    assert_says(f->err.text, "--samples");
    f->job.samples = 2;
    f->job.max_image_bytes = 5000;
    assert_int_equal(pack(f, "out"), MC_E_MISMATCH);
    assert_says(f->err.text, "--max-image-bytes");
    f->job.max_image_bytes = 0;
    IMAGE(f, "in/9.jpg", JPEG);
    put_text(f, "in/9.txt", "nine");
    assert_int_equal(pack(f, "out"), MC_E_MISMATCH);
    assert_says(f->err.text, "other images (5 then, 6 now)");
    unlink(in_dir(f, "in/9.txt"));
    unlink(in_dir(f, "in/9.jpg"));
    put_text(f, "in/2.txt", "another text");
    assert_int_equal(pack(f, "out"), MC_E_MISMATCH);
    assert_says(f->err.text, "texts of 00001.tar (2.jpg to 3.jpg) have changed");
    assert_int_equal(hash_of(f, "out"), want);
    unlink(in_dir(f, "out/state/00001.json")); /* as the sentence says */
    assert_packs(f, "out");
    put_text(f, "other/file", "");
    assert_int_equal(pack(f, "other"), MC_E_MISMATCH);
    assert_says(f->err.text, "it has no pack.json");
    assert_int_equal(pack(f, "other/file"), MC_E_IO);
    put_text(f, "broken/pack.json", "{");
    assert_int_equal(pack(f, "broken"), MC_E_MISMATCH);
}

/* ---- large images ---- */

enum { LARGE = 3 << 20 };

static void make_large(fixture *f)
{
    char *bytes = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i++)
        bytes[i] = (char)(i * 7 >> 3);
    memcpy(bytes, JPEG, 4);
    put(f, "in/large.jpg", bytes, LARGE);
    put_text(f, "in/large.txt", "large");
    IMAGE(f, "in/small.jpg", JPEG);
    put_text(f, "in/small.txt", "small");
    free(bytes);
}

static void large_images_go_through_in_pieces(void **state)
{
    fixture *f = *state;
    size_t n_image, n_tar;
    char digits[MC_SHA256_DIGITS + 1], sha[128];
    make_large(f);
    assert_packs(f, "out");
    char *image = test_read_file(in_dir(f, "in/large.jpg"), &n_image);
    char *tar = test_read_file(in_dir(f, "out/00000.tar"), &n_tar);
    assert_memory_equal(tar + 512, image, n_image);
    mci_sha256_of((mc_str){ image, n_image }, digits, NULL);
    snprintf(sha, sizeof sha, "\"sha256\":\"%s\"", digits);
    assert_says(rows_of(f, "out/00000.tar"), sha);
    free(image);
    free(tar);
}

static void one_that_cannot_be_read_to_its_end_is_skipped(void **state)
{
    fixture *f = *state;
    make_large(f);
    f->job.pool.n_threads = 1;
    fail_read_at = 5;
    assert_packs(f, "out");
    assert_int_equal(fail_read_at, 0);
    assert_int_equal(f->summary.n.images_unreadable, 1);
    assert_int_equal(f->summary.n.images_packed, 1);
    assert_says(f->summary.problems[0], "large.jpg: cannot read it: Input/output error");
}

static void one_that_changes_under_our_hands_ends_the_shard(void **state)
{
    fixture *f = *state;
    char path[600];
    make_large(f);
    snprintf(path, sizeof path, "%s", in_dir(f, "in/large.jpg"));
    cut_at_rewind = path;
    assert_int_equal(pack(f, "out"), MC_E_IO);
    cut_at_rewind = NULL;
    assert_says(f->err.text, "large.jpg: it changes while it is packed; start again");
    assert_false(is_there(f, "out/00000.tar"));
    assert_false(is_there(f, "out/.00000.tar.tmp"));
    assert_packs(f, "out"); /* what is there now is a small image */
    assert_int_equal(f->summary.n.images_packed, 2);
}

/* ---- arguments ---- */

static void wrong_arguments_are_named(void **state)
{
    fixture *f = *state;
    assert_int_equal(pack(f, "out"), MC_E_FORMAT);
    assert_says(f->err.text, "nothing to pack");
    assert_false(is_there(f, "out"));
    f->inputs[0] = "-";
    f->job.pool.inputs = f->inputs;
    f->job.pool.n_inputs = 1;
    assert_int_equal(pack(f, "out"), MC_E_ARG);
    f->inputs[0] = "/dev/null";
    assert_int_equal(pack(f, "out"), MC_E_ARG);
    f->inputs[0] = in_dir(f, "none");
    assert_int_equal(pack(f, "out"), MC_E_IO);
    assert_says(f->err.text, "none: cannot open it");
    mc_pack_job job = { .out_dir = in_dir(f, "out") };
    assert_int_equal(mc_pack_run(&job, &f->summary, &f->err), MC_E_ARG);
    job.table_path = "t.csv";
    job.max_image_bytes = UINT64_MAX;
    assert_int_equal(mc_pack_run(&job, &f->summary, &f->err), MC_E_ARG);
    assert_false(is_there(f, "out"));
}

static void the_summary_is_told_as_json(void **state)
{
    fixture *f = *state;
    char *json = NULL;
    f->summary.n.images_found = 7;
    f->summary.n_problems = 1;
    strcpy(f->summary.problems[0], "a \"b\" \xFF");
    assert_ok(mc_pack_summary_json(&f->summary, &json, &f->err), f->err);
    assert_says(json, "{\"tool\":\"metaclip ");
    assert_says(json, ",\"images_found\":7,");
    assert_says(json, ",\"problems\":[\"a \\\"b\\\" \xEF\xBF\xBD\"],\"seconds\":0.000}");
    mc_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_what_is_missing_is_made_again),
        TEST(what_would_mix_two_packings_is_refused),
        TEST(large_images_go_through_in_pieces),
        TEST(one_that_cannot_be_read_to_its_end_is_skipped),
        TEST(one_that_changes_under_our_hands_ends_the_shard),
        TEST(wrong_arguments_are_named),
        TEST(the_summary_is_told_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
