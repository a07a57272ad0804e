/* Any file as class names, as a catalog, as a file of results, as a table and as a tar of samples;
 * the first byte says which. No crash, failures are told, and what was read is sound. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "eval/class_weights.h"
#include "eval/dataset_internal.h"
#include "eval/eval_catalog.h"
#include "eval/eval_results.h"

static void expect(bool truth)
{
    if (!truth)
        abort();
}

static void read_phrases(const char *path)
{
    mci_phrases phrases = { 0 };
    mci_buf out = { 0 };
    mc_error err = { 0 };
    mc_status status = mci_phrases_load(&phrases, path, "set", &err);
    expect(status == MC_OK ? phrases.n > 0 && phrases.n_groups > 0 : err.text[0] != 0);
    for (size_t i = 0; status == MC_OK && i < phrases.n; i++) {
        expect(phrases.groups[i] < phrases.n_groups);
        expect(mci_fill_template(mci_phrases_get(&phrases, i), mc_str_of("a"), &out, NULL) ==
               MC_OK);
    }
    mci_buf_release(&out);
    mci_phrases_release(&phrases);
}

static void read_catalog(const char *path)
{
    mci_eval_catalog catalog = { 0 };
    mc_error err = { 0 };
    mc_status status = mci_eval_catalog_load(path, &catalog, &err);
    expect(status == MC_OK ? catalog.n > 0 : err.text[0] != 0);
    for (size_t i = 0; i < catalog.n; i++)
        expect(catalog.sets[i].path && catalog.sets[i].path[0]);
    mci_eval_catalog_release(&catalog);
}

static void read_results(const char *path)
{
    mci_eval_lines lines = { 0 };
    mc_error err = { 0 };
    const mc_eval_job job = { .model_path = "m" };
    mc_eval_result result = { .name = "a",
                              .split = "test",
                              .language = "en",
                              .task = MC_TASK_CLASSIFICATION,
                              .metric = MC_METRIC_ACC1 };
    size_t at;
    bool found, same;
    mc_status status = mci_eval_lines_load(path, &lines, &err);
    expect(status == MC_OK || err.text[0]);
    if (status == MC_OK) {
        const size_t n = lines.n;
        expect(mci_eval_lines_find(&lines, &job, "00", &result, &at, &found, &same, &err) == MC_OK);
        expect(found ? at < n : !same);
        expect(mci_eval_lines_put(&lines, found ? at : SIZE_MAX, mc_str_of("{}"), NULL) == MC_OK);
        expect(lines.n == n + !found);
    }
    mci_eval_lines_release(&lines);
}

static void read_items(mci_dataset_source *source)
{
    mci_dataset_item item = { 0 };
    mc_status status;
    do {
        mc_error err = { 0 };
        status = source->next(source->self, &item, &err);
        expect(status == MC_OK || status == MC_END || err.text[0]);
        const char *text = item.texts.data;
        for (size_t i = 0; status == MC_OK && i < item.n_texts; i++)
            text += strlen(text) + 1;
        expect(status != MC_OK || item.n_texts == 0 || text == item.texts.data + item.texts.len);
    } while (status == MC_OK || status == MC_SKIPPED);
    mci_dataset_item_release(&item);
    source->close(source->self);
}

static void read_set(const char *path, bool is_table, mc_eval_task task)
{
    mci_dataset_source source = { 0 };
    mc_error err = { 0 };
    mc_status status = is_table ? mci_dataset_table_open(path, &task, NULL, &source, &err)
                                : mci_dataset_tars_open(path, task, 1 << 20, &source, &err);
    expect(status == MC_OK || err.text[0]);
    if (status == MC_OK)
        read_items(&source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    if (size < 1)
        return 0;
    const int file = memfd_create("input", 0);
    expect(file >= 0 && write(file, data + 1, size - 1) == (ssize_t)size - 1);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    switch (data[0] % 6) {
    case 0:
        read_phrases(path);
        break;
    case 1:
        read_catalog(path);
        break;
    case 2:
        read_results(path);
        break;
    case 3:
        read_set(path, true, MC_TASK_AUTO);
        break;
    case 4:
        read_set(path, false, MC_TASK_CLASSIFICATION);
        break;
    default:
        read_set(path, false, MC_TASK_RETRIEVAL);
    }
    close(file);
    return 0;
}
