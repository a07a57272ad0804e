/* Any bytes as a counted list, a wordnet of another language, a run of counts, or text to be cut
 * into words: read, or refused with a reason. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "corpus/count_run.h"
#include "corpus/tokens.h"
#include "curate/counted_entries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void read_lists(const char *path)
{
    mci_entry_list list = { 0 };
    mc_error err = { 0 };
    mc_status status = mci_counted_add(&list, path, &err);
    check(status == MC_OK || err.text[0]);
    err.text[0] = '\0';
    status = mci_omw_add(&list, path, &err);
    check(status == MC_OK || err.text[0]);
    mci_entry_list_release(&list);
}

static void read_run(const char *path)
{
    mci_run_merge *merge = NULL;
    mc_str key;
    uint64_t count;
    mc_error err = { 0 };
    mc_status status = mci_run_merge_open(&path, 1, 1, &merge, &err);
    while (status == MC_OK)
        status = mci_run_merge_next(merge, &key, &count, &err);
    check(status == MC_END || err.text[0]);
    mci_run_merge_close(merge);
}

static mc_status take_word(void *user, mc_str word, bool follows, mc_error *err)
{
    size_t *n = user;
    (void)follows;
    (void)err;
    check(word.len > 0);
    *n += word.len;
    return MC_OK;
}

static void cut_words(mc_str text)
{
    static mci_letters *letters; /* made once: it takes long */
    mci_tokenizer *tokenizer = NULL;
    size_t n = 0;
    if (!letters)
        check(mci_letters_new(&letters, NULL) == MC_OK);
    check(mci_tokenizer_new(letters, "th", false, &tokenizer, NULL) == MC_OK);
    check(mci_tokenize(tokenizer, text, take_word, &n, NULL) == MC_OK);
    check(n <= text.len);
    mci_tokenizer_free(tokenizer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_lists(path);
    read_run(path);
    cut_words((mc_str){ (const char *)data, size });
    close(fd);
    return 0;
}
