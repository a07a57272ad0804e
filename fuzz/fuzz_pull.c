/* Any bytes as what a server says of a download: as header lines, and as an index of shards. What
 * is kept of them stays within bounds, and no name leads out of a folder. */
#include <stdlib.h>

#include "pull/pull_headers.h"
#include "pull/pull_repo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if (*text < 0x20 || *text > 0x7E)
            return false;
    }
    return true;
}

static void read_headers(const char *text, size_t size)
{
    mci_http_answer answer = { 0 };
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t len = end ? (size_t)(end - text) + 1 - at : size - at;
        mci_http_read_line(&answer, (mc_str){ text + at, len });
        at += len;
        /* What goes back to the server must not break out of its line. */
        if (!memchr(answer.validator, '\0', sizeof answer.validator) ||
            !is_printable(answer.validator))
            abort();
        if (answer.sha256[0] && strlen(answer.sha256) != MC_SHA256_DIGITS)
            abort();
        if (answer.status < 0 || answer.status > 999 || answer.retry_after_s > 60)
            abort();
    }
}

static void read_index(const char *text, size_t size)
{
    mc_error err = { 0 };
    mci_buf names = { 0 };
    size_t n = 0, n_seen = 0;
    mc_status status = mci_shard_names((mc_str){ text, size }, &names, &n, &err);
    if (status < 0 && err.text[0] == '\0')
        abort();
    for (size_t at = 0; status == MC_OK && at < names.len; n_seen++) {
        const char *name = names.data + at;
        if (name[0] == '.' || strchr(name, '/') || !is_printable(name))
            abort();
        at += strlen(name) + 1;
    }
    if (status == MC_OK && (n == 0 || n != n_seen || n > MCI_MOST_SHARDS))
        abort();
    mci_buf_release(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_headers((const char *)data, size);
    read_index((const char *)data, size);
    return 0;
}
