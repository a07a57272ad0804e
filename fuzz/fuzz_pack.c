/* Any two files beside an image (the first byte says where the .json ends and the .txt begins), or
 * any row of a table: no crash, and what is written into the sample's .json is read back as the
 * same texts, with our own members in it. The first bytes also stand for an image's. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "curate/pack_internal.h"
#include "io/pairs.h"

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static void expect_member(mci_json_value root, const char *name, const char *want)
{
    mci_json_value value;
    expect(mci_json_get(root, name, &value));
    expect(mc_str_equal(mci_json_string(value), mc_str_of(want)));
}

static void expect_same_texts(const mc_record *a, const mc_record *b)
{
    expect(a->n_texts == b->n_texts);
    for (size_t i = 0; i < a->n_texts; i++) {
        mc_str key = a->texts[i].key;
        expect(mc_str_equal(a->texts[i].text, b->texts[i].text));
        expect(mc_str_equal(a->texts[i].lang, b->texts[i].lang));
        expect(a->texts[i].n_entries == b->texts[i].n_entries);
        expect(mc_str_equal(key, b->texts[i].key) ||
               (a->n_texts == 1 && mc_str_equal(key, mc_str_of("txt"))));
    }
}

static void expect_read_back(mci_sample *sample, mci_json *json, const mc_record *record,
                             mc_str written)
{
    mci_buf line = { 0 }, scratch = { 0 };
    mci_arena arena = { 0 };
    mci_json_value root;
    mc_record again;
    uint64_t n = 0;
    expect(mci_json_parse(json, written, &root, NULL, NULL) == MC_OK);
    expect_member(root, "key", "000000000");
    expect_member(root, "path", "a.jpg");
    expect_member(root, "sha256", "0");
    mci_sample_clear(sample);
    sample->bytes.len = 0;
    expect(mci_buf_add(&sample->bytes, written, NULL) == MC_OK);
    expect(mci_sample_take_json(sample, NULL) == MC_OK);
    expect(mci_sample_line(sample, (mc_str){ 0 }, SIZE_MAX / 4, &line, NULL) == MC_OK);
    expect(mci_pairs_parse(json, &scratch, mci_buf_str(&line), &arena, &again, &n, &n, NULL) ==
           MC_OK);
    expect_same_texts(record, &again);
    mci_buf_release(&line);
    mci_buf_release(&scratch);
    mci_arena_release(&arena);
}

static void pack_row(mci_sample *sample, mc_str line)
{
    mc_pack_job job = { .pool.max_item_bytes = 1 << 20 };
    mci_pack_row row = { 0, line.len };
    mci_pack_list list = { .job = &job, .rows = &row, .n_rows = 1 };
    mci_pack_image image = { .path = "/a.jpg", .name = mc_str_of("a.jpg"), .n_rows = 1 };
    mci_pack_reader reader;
    mc_pack_counters n = { 0 };
    mc_record record;
    mc_error err = { 0 };
    mci_buf out = { 0 };
    list.rows_fd = memfd_create("row", MFD_CLOEXEC);
    expect(list.rows_fd >= 0 && write(list.rows_fd, line.data, line.len) == (ssize_t)line.len);
    expect(mci_pack_reader_init(&reader, &list, NULL) == MC_OK);
    mc_status status = mci_pack_read_texts(&reader, &image, &record, &n, &err);
    expect(status == MC_OK || (status == MC_SKIPPED && err.text[0]));
    if (status == MC_OK && record.n_texts > 0) {
        expect(n.texts_read == n.texts_empty + record.n_texts);
        expect(mci_pack_format_json(&reader, &image, &record, "000000000", "0", &out, NULL) ==
               MC_OK);
        expect_read_back(sample, reader.json, &record, mci_buf_str(&out));
    }
    mci_buf_release(&out);
    mci_pack_reader_release(&reader);
    close(list.rows_fd);
}

static mc_status line_of_sidecars(mci_sample *sample, mc_str json, mc_str txt, mci_buf *line)
{
    expect(mci_buf_add(&sample->bytes, json, NULL) == MC_OK);
    expect(mci_buf_add(&sample->txt, txt, NULL) == MC_OK);
    mci_sample_take_txt(sample);
    mc_status status = mci_sample_take_json(sample, NULL);
    expect(status == MC_OK || status == MC_SKIPPED);
    return mci_sample_line(sample, (mc_str){ 0 }, 1 << 20, line, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mci_sample sample = { 0 };
    mci_buf line = { 0 };
    const char *name;
    if (size < 1)
        return 0;
    mc_str bytes = { (const char *)data + 1, size - 1 };
    mci_image_kind kind = mci_image_kind_of(bytes, &name);
    expect(name || kind == MCI_IMAGE_NONE);
    if (data[0] == 0xFF) {
        pack_row(&sample, bytes);
    } else {
        size_t n = bytes.len * data[0] / 0xFE;
        if (line_of_sidecars(&sample, (mc_str){ bytes.data, n },
                             (mc_str){ bytes.data + n, bytes.len - n }, &line) == MC_OK)
            pack_row(&sample, mci_buf_str(&line));
    }
    mci_buf_release(&line);
    mci_sample_release(&sample);
    return 0;
}
