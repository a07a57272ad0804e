/* Copying samples: what is copied reads back as the rows that were chosen, whatever form of tar it
 * came from and whatever stood around it. */
#include "io/tar_copy.h"

#include "base/hash.h"
#include "scratch.h"
#include "tar_making.h"

enum { MAX_BYTES = 4096 };

typedef struct {
    mci_buf rows;    /* of the samples that were copied, a line each */
    mci_buf skipped; /* what was said of others, a line each */
    mci_buf tar;
    uint64_t n_samples, n_copied, n_others;
} copied;

static void release(copied *c)
{
    mci_buf_release(&c->rows);
    mci_buf_release(&c->skipped);
    mci_buf_release(&c->tar);
}

static mc_status to_buf(void *user, mc_str bytes, mc_error *err)
{
    return mci_buf_add(user, bytes, err);
}

static void add_row(mci_buf *to, mc_str line)
{
    assert_int_equal(mci_buf_add(to, line, NULL), MC_OK);
    assert_int_equal(mci_buf_byte(to, '\n', NULL), MC_OK);
}

static void take_sample(copied *c, mci_tar_copy *copy, const mci_rows *rows, mc_str line)
{
    mci_tar_sample sample;
    mc_error err = { 0 };
    mci_tar_rows_sample(rows, &sample);
    mc_status status = mci_tar_copy_sample(copy, &sample, &err);
    if (status == MC_SKIPPED) {
        add_row(&c->skipped, mc_str_of(err.text));
        return;
    }
    assert_ok(status, err);
    c->n_copied++;
    add_row(&c->rows, line);
}

/* Copies the samples i with bit i % 32 of `wanted` from two streams over the same bytes. */
static void copy_streams(copied *c, mci_stream *a, mci_stream *b, uint32_t wanted)
{
    mci_rows rows = { 0 };
    mci_tar_copy *copy;
    mci_buf line = { 0 };
    mc_error err = { 0 };
    uint64_t offset;
    mc_status status;
    assert_ok(mci_tar_rows_open(a, MAX_BYTES, &rows, &err), err);
    assert_ok(mci_tar_copy_open(b, to_buf, &c->tar, &copy, &err), err);
    while ((status = rows.next(rows.self, &line, &offset, &err)) != MC_END) {
        assert_true(status == MC_OK || status == MC_SKIPPED);
        if (status == MC_OK && wanted >> (c->n_samples++ % 32) & 1)
            take_sample(c, copy, &rows, mci_buf_str(&line));
    }
    c->n_others = mci_tar_rows_n_others(&rows);
    assert_ok(mci_tar_copy_end(copy, &err), err);
    assert_int_equal(mci_tar_copy_bytes(copy), c->tar.len);
    assert_int_equal(c->tar.len % 10240, 0);
    mci_tar_copy_close(copy);
    rows.close(rows.self);
    mci_buf_release(&line);
    mci_stream_close(a);
    mci_stream_close(b);
}

static void copy_bytes(copied *c, mc_str bytes, uint32_t wanted)
{
    mci_stream *a, *b;
    *c = (copied){ 0 };
    assert_int_equal(mci_stream_open_bytes(bytes, &a, NULL), MC_OK);
    assert_int_equal(mci_stream_open_bytes(bytes, &b, NULL), MC_OK);
    copy_streams(c, a, b, wanted);
}

static void copy_file(copied *c, const char *path, uint32_t wanted)
{
    mci_stream *a, *b;
    *c = (copied){ 0 };
    assert_int_equal(mci_stream_open(path, &a, NULL), MC_OK);
    assert_int_equal(mci_stream_open(path, &b, NULL), MC_OK);
    copy_streams(c, a, b, wanted);
}

/* All of what was copied is there again, and nothing else. */
static void assert_reads_back(const copied *c)
{
    copied again;
    copy_bytes(&again, mci_buf_str(&c->tar), UINT32_MAX);
    assert_int_equal(again.n_samples, c->n_copied);
    assert_int_equal(again.rows.len, c->rows.len);
    if (c->rows.len)
        assert_memory_equal(again.rows.data, c->rows.data, c->rows.len);
    assert_int_equal(again.skipped.len, 0);
    assert_int_equal(again.n_others, 0);
    assert_int_equal(again.tar.len, c->tar.len);
    assert_memory_equal(again.tar.data, c->tar.data, c->tar.len);
    release(&again);
}

/* ---- whole tars ---- */

static void add_sample(mci_buf *tar, int i, size_t image_bytes)
{
    static const char image[5000];
    char name[32], text[32];
    snprintf(name, sizeof name, "%05d.jpg", i);
    add_member(tar, name, (mc_str){ image, image_bytes });
    snprintf(name, sizeof name, "%05d.txt", i);
    snprintf(text, sizeof text, "text %d", i);
    add_text(tar, name, text);
}

static void kept_members_are_copied_to_the_byte(void **state)
{
    (void)state;
    mci_buf tar = { 0 };
    size_t starts[6];
    copied c;
    for (int i = 0; i < 5; i++) {
        starts[i] = tar.len;
        add_sample(&tar, i, (size_t)i * 1000 + 1);
    }
    starts[5] = tar.len;
    add_end(&tar);
    copy_bytes(&c, mci_buf_str(&tar), 0x16); /* 1, 2 and 4 */
    size_t n = starts[3] - starts[1], m = starts[5] - starts[4];
    assert_memory_equal(c.tar.data, tar.data + starts[1], n);
    assert_memory_equal(c.tar.data + n, tar.data + starts[4], m);
    for (size_t i = n + m; i < c.tar.len; i++)
        assert_int_equal(c.tar.data[i], 0);
    assert_true(c.tar.len - n - m >= 2 * BLOCK);
    assert_int_equal(c.n_copied, 3);
    assert_reads_back(&c);
    release(&c);
    copy_bytes(&c, mci_buf_str(&tar), 0);
    assert_int_equal(c.tar.len, 10240);
    assert_reads_back(&c);
    release(&c);
    mci_buf_release(&tar);
}

static void what_stands_between_samples_is_left_out(void **state)
{
    (void)state;
    mci_buf tar = { 0 };
    copied c;
    add_header(&tar, "a/", '5', "00000000000");
    add_text(&tar, "a/1.txt", "one");
    add_header(&tar, "a/b/", '5', "00000000000");
    add_text(&tar, "a/1.json", "{\"width\":1}");
    add_header(&tar, "a/link.jpg", '2', "00000000000");
    add_text(&tar, "README", "no sample");
    add_text(&tar, "a/2.txt", "two");
    add_end(&tar);
    copy_bytes(&c, mci_buf_str(&tar), 1);
    assert_int_equal(c.n_samples, 2);
    assert_int_equal(c.n_others, 4);
    assert_int_equal(c.tar.len, 10240);
    assert_reads_back(&c);
    release(&c);
    mci_buf_release(&tar);
}

/* The end of the first tar would be the end of all, to many. */
static void the_ends_of_tars_that_follow_one_another_are_left_out(void **state)
{
    (void)state;
    mci_buf tar = { 0 };
    copied c;
    static const char zeros[7 * BLOCK];
    for (int i = 0; i < 3; i++)
        add_sample(&tar, i, 100);
    add_text(&tar, "00003.jpg", "of a sample that goes on in the next tar");
    add_end(&tar);
    assert_int_equal(mci_buf_append(&tar, zeros, sizeof zeros, NULL), MC_OK);
    add_text(&tar, "00003.txt", "text 3");
    add_sample(&tar, 4, 100);
    add_end(&tar);
    static const uint32_t wanted[] = { 0x1F, 0x18, 0x10, 0x8, 0x5 };
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        copy_bytes(&c, mci_buf_str(&tar), wanted[i]);
        assert_int_equal(c.n_samples, 5);
        assert_int_equal(c.skipped.len, 0);
        assert_reads_back(&c);
        size_t n_members = 2 * (size_t)__builtin_popcount(wanted[i]);
        for (size_t at = 0; at < n_members * 2 * BLOCK; at += 2 * BLOCK)
            assert_int_equal(c.tar.data[at], '0'); /* a header each two blocks: no gap */
        release(&c);
    }
    mci_buf_release(&tar);
}

/* ---- samples that cannot be copied ---- */

static void samples_of_one_key_never_become_one(void **state)
{
    (void)state;
    mci_buf tar = { 0 };
    copied c;
    add_text(&tar, "1.txt", "a");
    add_text(&tar, "1.txt", "b");
    add_text(&tar, "2.txt", "c");
    add_text(&tar, "1.json", "{\"caption\":\"d\"}");
    add_end(&tar);
    copy_bytes(&c, mci_buf_str(&tar), 0xF);
    assert_int_equal(c.n_copied, 4);
    assert_reads_back(&c);
    release(&c);
    copy_bytes(&c, mci_buf_str(&tar), 0xB); /* without the one between */
    assert_int_equal(c.n_copied, 2);
    assert_str(mci_buf_str(&c.skipped),
               "it would become one with the sample of this key before it, as those between them "
               "are left out\n");
    assert_reads_back(&c);
    release(&c);
    mci_buf_release(&tar);
}

static void damaged_samples_are_not_copied(void **state)
{
    (void)state;
    mci_buf tar = { 0 };
    copied c;
    add_text(&tar, "1.txt", "a");
    size_t at = tar.len;
    add_text(&tar, "1.jpg", "its header will be damaged");
    add_text(&tar, "2.txt", "b");
    add_text(&tar, "2.json", "{");
    add_text(&tar, "3.txt", "c");
    add_end(&tar);
    tar.data[at] ^= 1;
    copy_bytes(&c, mci_buf_str(&tar), 7);
    assert_int_equal(c.n_samples, 3);
    assert_int_equal(c.n_copied, 1);
    assert_says(c.rows.data, "\"c\"");
    static const char why[] = "something in it, or right behind it, is damaged\n";
    assert_int_equal(c.skipped.len, 2 * (sizeof why - 1));
    assert_reads_back(&c);
    release(&c);
    mci_buf_release(&tar);
}

static void a_sample_has_a_bounded_number_of_members(void **state)
{
    (void)state;
    for (int n = MCI_MAX_SAMPLE_MEMBERS; n <= MCI_MAX_SAMPLE_MEMBERS + 1; n++) {
        mci_buf tar = { 0 };
        copied c;
        for (int i = 0; i < n; i++)
            add_text(&tar, i ? "1.jpg" : "1.txt", "");
        add_end(&tar);
        copy_bytes(&c, mci_buf_str(&tar), 1);
        assert_int_equal(c.n_copied, n == MCI_MAX_SAMPLE_MEMBERS);
        if (c.skipped.len)
            assert_says(c.skipped.data, "4097 members of one key");
        assert_reads_back(&c);
        release(&c);
        mci_buf_release(&tar);
    }
}

/* Every prefix: nothing that is cut is copied, everything before it can be. */
static void of_a_cut_tar_whole_samples_are_copied(void **state)
{
    (void)state;
    mci_buf tar = { 0 };
    size_t ends[4];
    for (int i = 0; i < 4; i++) {
        add_sample(&tar, i, 600);
        ends[i] = tar.len;
    }
    add_end(&tar);
    for (size_t len = 0; len <= tar.len; len += 128) {
        copied c;
        size_t n_whole = 0;
        while (n_whole < 4 && ends[n_whole] <= len)
            n_whole++;
        if (len == 0)
            continue;
        copy_bytes(&c, (mc_str){ tar.data, len }, UINT32_MAX);
        assert_true(c.n_copied <= n_whole);
        /* behind the last one there may have been more of it */
        assert_true(c.n_copied + 1 >= n_whole);
        assert_reads_back(&c);
        release(&c);
    }
    mci_buf_release(&tar);
}

static void what_changed_meanwhile_is_an_error(void **state)
{
    scratch *s = *state;
    mci_buf tar = { 0 };
    mci_stream *a, *b;
    mci_rows rows;
    mci_tar_copy *copy;
    mci_tar_sample sample;
    mci_buf line = { 0 }, out = { 0 };
    uint64_t offset;
    mc_error err = { 0 };
    for (int i = 0; i < 3; i++)
        add_sample(&tar, i, 3000);
    add_end(&tar);
    const char *path = scratch_file(s, "a.tar", tar.data, 3 * BLOCK);
    assert_ok(mci_stream_open_bytes(mci_buf_str(&tar), &a, &err), err);
    assert_ok(mci_stream_open(path, &b, &err), err);
    assert_ok(mci_tar_rows_open(a, MAX_BYTES, &rows, &err), err);
    assert_ok(mci_tar_copy_open(b, to_buf, &out, &copy, &err), err);
    assert_ok(rows.next(rows.self, &line, &offset, &err), err);
    mci_tar_rows_sample(&rows, &sample);
    assert_int_equal(mci_tar_copy_sample(copy, &sample, &err), MC_E_IO);
    assert_says(err.text, "it ends at byte 1536 now: it changed while it was read");
    mci_tar_copy_close(copy);
    mci_tar_copy_close(NULL);
    rows.close(rows.self);
    mci_stream_close(a);
    mci_stream_close(b);
    mci_buf_release(&line);
    mci_buf_release(&out);
    mci_buf_release(&tar);
}

/* ---- what tar itself writes ---- */

static bool run_in(scratch *s, const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd '%s' && { %s; } 2>/dev/null", s->dir, command);
    return system(line) == 0;
}

/* Long names, sparse files, dates before 1970: the headers of each form with all that hangs on
 * them. The files are jumped over where they can be, so both ways of reading are seen. */
static void every_form_of_tar_is_copied(void **state)
{
    scratch *s = *state;
    static const char *const forms[] = { "v7", "ustar", "gnu", "pax", "gnu -S", "pax -S" };
    if (!run_in(s, "tar --version | grep -q GNU"))
        skip();
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        char command[768];
        copied c;
        const char *name = strcmp(forms[i], "v7") == 0      ? "short"
                           : strcmp(forms[i], "ustar") == 0 ? "short"
                                                            : "$(printf 'long-%.0s' $(seq 40))";
        snprintf(command, sizeof command,
                 "rm -rf t u a.tar && mkdir t && for i in 1 2 3 4 5; do"
                 " truncate -s 300K t/$i.jpg; printf x | dd of=t/$i.jpg bs=1 seek=200000 "
                 "conv=notrunc status=none; printf 'text '$i > t/$i.txt; done;"
                 " printf %%s long > t/%s.txt; %s"
                 " tar --sort=name --format=%s -cf a.tar t",
                 name, strlen(name) > 5 ? "touch -d 1960-01-01 t/2.txt;" : "", forms[i]);
        print_message("  form: %s\n", forms[i]);
        assert_true(run_in(s, command));
        static const uint32_t wanted[] = { 0x3F, 0x2A, 0x15, 0x20 };
        for (size_t j = 0; j < COUNT_OF(wanted); j++) {
            copy_file(&c, scratch_path(s, "a.tar"), wanted[j]);
            assert_int_equal(c.n_samples, 6);
            assert_int_equal(c.skipped.len, 0);
            assert_reads_back(&c);
            scratch_file(s, "b.tar", c.tar.data, c.tar.len);
            snprintf(command, sizeof command,
                     "mkdir u && tar -xf b.tar -C u && test $(ls u/t/*.txt | wc -l) = %d && for f "
                     "in u/t/*; do cmp \"$f\" \"${f#u/}\" || exit 1; done",
                     __builtin_popcount(wanted[j]));
            assert_true(run_in(s, command));
            assert_true(run_in(s, "rm -rf u"));
            release(&c);
        }
    }
    assert_true(run_in(s, "rm -rf t"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_members_are_copied_to_the_byte),
        cmocka_unit_test(what_stands_between_samples_is_left_out),
        cmocka_unit_test(the_ends_of_tars_that_follow_one_another_are_left_out),
        cmocka_unit_test(samples_of_one_key_never_become_one),
        cmocka_unit_test(damaged_samples_are_not_copied),
        cmocka_unit_test(a_sample_has_a_bounded_number_of_members),
        cmocka_unit_test(of_a_cut_tar_whole_samples_are_copied),
        cmocka_unit_test_setup_teardown(what_changed_meanwhile_is_an_error, scratch_open,
                                        scratch_close),
        cmocka_unit_test_setup_teardown(every_form_of_tar_is_copied, scratch_open, scratch_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
