/* How a file comes:
 *
 *     is it there? --yes--> is its SHA-256 right? --yes--> done
 *          |                      no, and it came from here: again
 *     open the part, hash what is there of it
 *          |
 *     ask for the rest, If-Range: the same file  <----------------+
 *          |                                                      | a pause,
 *     200: begin anew; 206: go on; broken off, 5xx: ------------- + twice as long
 *          |
 *     whole: compare the SHA-256, note it beside the file, give the file its name */
#include "pull/pull_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/alloc.h"
#include "base/files.h"
#include "pull/pull_note.h"
#include "pull/pull_part.h"

enum { CHECK_BYTES = 16 << 20, MOST_PAUSE_MS = 60000, DEFAULT_PAUSE_MS = 1000 };
#define DEFAULT_MAX_BYTES ((uint64_t)1 << 40)

/* One file on its way. */
typedef struct {
    const mci_puller *puller;
    const mci_wish *wish;
    mci_buf address; /* where it is asked for: the mirror's, if there is one */
    mci_part part;
    bool begins_anew;  /* the answer does not fit to what is there, which is to be thrown away */
    uint64_t fetched;  /* in this call */
    uint64_t furthest; /* the most that was there */
    char phase[32];
} fetch;

/* ---- speaking ---- */

static const char *name_of(const char *path)
{
    return path + mci_folder_length(path);
}

static void tell_progress(const fetch *f, uint64_t done, uint64_t total)
{
    const mc_hooks *hooks = &f->puller->job->hooks;
    mc_progress progress = { .phase = f->phase,
                             .done = done,
                             .total = total == MCI_NO_TOTAL ? 0 : total };
    if (hooks->progress)
        hooks->progress(hooks->user, &progress);
}

static void warn(const mci_puller *puller, const char *text)
{
    if (puller->job->hooks.warn)
        puller->job->hooks.warn(puller->job->hooks.user, text);
}

/* ---- one request ---- */

static mc_status begin_anew(fetch *f, const mci_http_answer *answer, mc_error *err)
{
    if (f->part.size)
        MC_TRY(mci_part_empty(&f->part, err));
    f->part.is_resumed = false;
    return mci_part_begin(&f->part, f->wish->url, answer, err);
}

/* A server that honours If-Range sends a 206 of the same file only. One that does not is found out
 * here. */
static bool goes_on(const fetch *f, const mci_http_answer *answer)
{
    /* A date may be left out of a 206, an ETag may not. */
    bool is_same = answer->validator[0] ? strcmp(answer->validator, f->part.validator) == 0
                                        : f->part.validator[0] != '"';
    bool is_as_long = answer->total == MCI_NO_TOTAL || f->part.total == MCI_NO_TOTAL ||
                      answer->total == f->part.total;
    return answer->first == f->part.size && is_same && is_as_long;
}

static mc_status on_start(void *user, const mci_http_answer *answer, mc_error *err)
{
    fetch *f = user;
    uint64_t max = f->puller->job->max_bytes ? f->puller->job->max_bytes : DEFAULT_MAX_BYTES;
    if (answer->total != MCI_NO_TOTAL && answer->total > max)
        return mc_fail(err, MC_E_LIMIT, "%s: %" PRIu64 " bytes are more than the limit of %" PRIu64,
                       f->wish->url, answer->total, max);
    if (answer->status == 200)
        return begin_anew(f, answer, err);
    f->begins_anew = !goes_on(f, answer);
    if (f->begins_anew)
        return mc_fail(err, MC_E_IO, "%s: the file has changed; from the start again",
                       f->wish->url);
    return MC_OK;
}

static mc_status on_bytes(void *user, mc_str bytes, mc_error *err)
{
    fetch *f = user;
    uint64_t max = f->puller->job->max_bytes ? f->puller->job->max_bytes : DEFAULT_MAX_BYTES;
    if (bytes.len > max - f->part.size)
        return mc_fail(err, MC_E_LIMIT, "%s: more bytes than the limit of %" PRIu64, f->wish->url,
                       max);
    MC_TRY(mci_part_add(&f->part, bytes, err));
    f->fetched += bytes.len;
    tell_progress(f, f->part.size, f->part.total);
    return MC_OK;
}

/* Asks for what is missing. *is_missing: the server has not got the file. */
static mc_status ask_once(fetch *f, bool *may_retry, bool *is_missing, unsigned *wait_s,
                          mc_error *err)
{
    mci_http_answer answer;
    mci_http_request request = { .url = f->address.data,
                                 .from = f->part.size,
                                 .validator = f->part.validator,
                                 .start = on_start,
                                 .take = on_bytes,
                                 .user = f };
    if (!f->part.validator[0] && f->part.size) {
        MC_TRY(mci_part_empty(&f->part, err));
        request.from = 0;
    }
    f->begins_anew = false;
    mc_status status = mci_http_get(f->puller->http, &request, &answer, may_retry, err);
    *wait_s = answer.retry_after_s;
    *is_missing = answer.status == 404;
    /* 416: it has become shorter than what is here of it. */
    if (status < 0 && (f->begins_anew || (answer.status == 416 && request.from))) {
        *may_retry = true;
        MC_TRY(mci_part_empty(&f->part, err));
    }
    if (status >= 0 && !mci_part_is_whole(&f->part, true)) {
        *may_retry = true;
        return mc_fail(err, MC_E_IO, "%s: %" PRIu64 " of %" PRIu64 " bytes came", f->wish->url,
                       f->part.size, f->part.total);
    }
    return status;
}

/* ---- again and again ---- */

static void sleep_ms(unsigned ms)
{
    struct timespec left = { ms / 1000, (long)(ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

static void wait_a_while(const fetch *f, unsigned n_failures, unsigned wait_s, const mc_error *why)
{
    unsigned ms = f->puller->job->pause_ms ? f->puller->job->pause_ms : DEFAULT_PAUSE_MS;
    char text[sizeof why->text + 64];
    while (n_failures-- > 1 && ms < MOST_PAUSE_MS)
        ms *= 2;
    ms = ms < MOST_PAUSE_MS ? ms : MOST_PAUSE_MS;
    ms = wait_s * 1000 > ms ? wait_s * 1000 : ms;
    snprintf(text, sizeof text, "%s; trying again in %.3g s", why->text, ms / 1e3);
    warn(f->puller, text);
    sleep_ms(ms);
}

static mc_status fetch_all(fetch *f, bool *is_missing, mc_error *err)
{
    unsigned n_failures = 0, wait_s = 0;
    f->furthest = f->part.size;
    while (f->part.total == MCI_NO_TOTAL || f->part.size < f->part.total) {
        bool may_retry = false;
        mc_error why = { 0 };
        mc_status status = ask_once(f, &may_retry, is_missing, &wait_s, &why);
        if (status >= 0)
            return MC_OK;
        if (!may_retry)
            return mc_fail(err, status, "%s", why.text);
        /* Only what gets further than ever before is getting on. */
        n_failures = f->part.size > f->furthest ? 0 : n_failures + 1;
        if (f->part.size > f->furthest)
            f->furthest = f->part.size;
        unsigned n_retries = f->puller->job->n_retries;
        if (n_retries == 0 || n_failures > n_retries)
            return mc_fail(err, status, "%s; start it again to go on where it stopped", why.text);
        wait_a_while(f, n_failures, wait_s, &why);
    }
    return MC_OK;
}

/* ---- what came ---- */

/* What the SHA-256 must be, and who says so. */
static const char *expected(const fetch *f, const char **checked)
{
    bool by_host = !f->wish->sha256 && f->part.host_sha256[0];
    *checked = f->wish->sha256 ? f->wish->checked : by_host ? "host" : "";
    return f->wish->sha256 ? f->wish->sha256 : by_host ? f->part.host_sha256 : NULL;
}

/* The SHA-256 is another. If some of it was here before, that may be what is wrong: *again. */
static mc_status refuse(fetch *f, const mc_pulled_file *came, const char *want, bool *again,
                        mc_error *err)
{
    *again = f->part.is_resumed;
    if (*again) {
        warn(f->puller, "what was here from an earlier download is damaged; from the start");
        return mci_part_empty(&f->part, err);
    }
    return mc_fail(err, MC_E_MISMATCH,
                   "%s: what came has the SHA-256 %s, and it should be %s: it was changed, or "
                   "damaged on the way; nothing is kept of it",
                   f->wish->url, came->sha256, want);
}

static mc_status accept(fetch *f, mc_pulled_file *out, bool *again, mc_error *err)
{
    const char *want = expected(f, &out->checked);
    MC_TRY(mci_part_digest(&f->part, out->sha256, err));
    if (want && strcmp(want, out->sha256) != 0)
        return refuse(f, out, want, again, err);
    if (!want && f->part.total == MCI_NO_TOTAL)
        warn(f->puller, "the server did not say how long the file is: it may have been cut short");
    out->bytes = f->part.size;
    out->fetched = f->fetched;
    MC_TRY(mci_note_write(f->wish->path, f->wish->url, out, f->wish->model, err));
    return mci_part_finish(&f->part, err);
}

static mc_status fetch_and_accept(fetch *f, mc_pulled_file *out, bool *is_missing, mc_error *err)
{
    bool again = false;
    mc_status status;
    MC_TRY(mci_part_open(f->wish->path, f->wish->url, &f->part, err));
    do {
        again = false;
        status = fetch_all(f, is_missing, err);
        if (status >= 0)
            status = accept(f, out, &again, err);
    } while (status >= 0 && again);
    bool is_of_no_use = f->part.size == 0 || status == MC_E_MISMATCH;
    if (status < 0 && is_of_no_use)
        mci_part_remove(&f->part, NULL);
    return status;
}

/* ---- what is there ---- */

static mc_status hash_file(const fetch *f, mc_pulled_file *out, mc_error *err)
{
    mci_mapped map = { 0 };
    mci_sha256 *sha = NULL;
    MC_TRY(mci_map_file(f->wish->path, &map, err));
    mc_status status = mci_sha256_new(&sha, err);
    for (size_t at = 0; status >= 0 && at < map.n_bytes; at += CHECK_BYTES) {
        size_t n = map.n_bytes - at < CHECK_BYTES ? map.n_bytes - at : CHECK_BYTES;
        status = mci_sha256_add(sha, (mc_str){ (const char *)map.data + at, n }, err);
        tell_progress(f, at + n, map.n_bytes);
    }
    if (status >= 0)
        status = mci_sha256_end(sha, out->sha256, err);
    out->bytes = map.n_bytes;
    mci_sha256_free(sha);
    mci_unmap_file(&map);
    return status;
}

/* Sets *is_right if what is there is what is wished for. */
static mc_status look_at(const fetch *f, mc_pulled_file *out, bool *is_right, mc_error *err)
{
    mci_note note = { 0 };
    MC_TRY(hash_file(f, out, err));
    MC_TRY(mci_note_read(f->wish->path, &note, err));
    bool came_from_there = note.is_there && strcmp(note.url, f->wish->url) == 0;
    const char *want = f->wish->sha256 ? f->wish->sha256 : came_from_there ? note.sha256 : NULL;
    out->checked = f->wish->sha256 ? f->wish->checked : "earlier";
    *is_right = want && strcmp(want, out->sha256) == 0;
    mc_status status = MC_OK;
    if (*is_right && !came_from_there)
        status = mci_note_write(f->wish->path, f->wish->url, out, f->wish->model, err);
    if (!*is_right && !note.is_there)
        status = mc_fail(err, MC_E_MISMATCH,
                         "%s: there is a file of this name already, which did not come from %s; "
                         "move it away first",
                         f->wish->path, f->wish->url);
    if (!*is_right && note.is_there)
        warn(f->puller, came_from_there ? "the file that is here has changed since it came; again"
                                        : "the file that is here came from elsewhere; again");
    mci_note_release(&note);
    return status;
}

/* "https://host/path" asked of "http://mirror": "http://mirror/path". */
static mc_status set_address(fetch *f, mc_error *err)
{
    const char *mirror = f->puller->job->mirror, *url = f->wish->url;
    if (mirror) {
        size_t n = strlen(mirror);
        while (n && mirror[n - 1] == '/')
            n--;
        MC_TRY(mci_buf_append(&f->address, mirror, n, err));
        const char *host = strstr(url, "://");
        host = host ? host + 3 : url;
        url = host + strcspn(host, "/");
    }
    MC_TRY(mci_buf_add(&f->address, mc_str_of(url), err));
    return mci_buf_terminate(&f->address, err);
}

static mc_status pull(fetch *f, mc_pulled_file *out, bool *is_missing, mc_error *err)
{
    bool is_right = false;
    MC_TRY(set_address(f, err));
    if (mci_file_exists(f->wish->path))
        MC_TRY(look_at(f, out, &is_right, err));
    return is_right ? MC_OK : fetch_and_accept(f, out, is_missing, err);
}

mc_status mci_pull_file(const mci_puller *puller, const mci_wish *wish, mc_pulled_file *out,
                        bool *is_missing, mc_error *err)
{
    fetch f = { .puller = puller, .wish = wish, .part = { .fd = -1 } };
    mc_pulled_file file = { .checked = "" };
    *is_missing = false;
    snprintf(f.phase, sizeof f.phase, "%s", name_of(wish->path));
    mc_status status = pull(&f, &file, is_missing, err);
    mci_part_close(&f.part);
    mci_buf_release(&f.address);
    if (status < 0 && *is_missing && wish->is_optional)
        return MC_OK;
    *is_missing = false;
    if (status < 0)
        return status;
    size_t n = strlen(wish->path) + 1;
    file.path = mci_alloc(n);
    if (!file.path)
        return mci_nomem(err, n);
    memcpy(file.path, wish->path, n);
    *out = file;
    return MC_OK;
}
