#include "pull/pull_http.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "pull/curl_api.h"
#include "pull/pull_headers.h"

enum { MOST_REDIRECTS = 10, CONNECT_S = 30 };

struct mci_http {
    mci_curl curl;
    CURL *easy;
    unsigned stall_s;
};

/* One request while it runs. */
typedef struct {
    const mci_http_request *request;
    mci_http_answer *answer;
    bool has_started;
    mc_status status; /* what a callback failed with */
    mc_error error;
} transfer;

mc_status mci_http_open(unsigned stall_s, mci_http **out, mc_error *err)
{
    mci_http *http = mci_alloc_zeroed(1, sizeof *http);
    if (!http)
        return mci_nomem(err, sizeof *http);
    http->stall_s = stall_s;
    mc_status status = mci_curl_load(&http->curl, err);
    if (status >= 0 && !(http->easy = http->curl.easy_init()))
        status = mc_fail(err, MC_E_BACKEND, "libcurl cannot begin");
    if (status < 0)
        mci_http_close(http);
    else
        *out = http;
    return status;
}

void mci_http_close(mci_http *http)
{
    if (http && http->easy)
        http->curl.easy_cleanup(http->easy);
    mci_free(http);
}

/* ---- what comes ---- */

static bool is_body(const transfer *t)
{
    return t->answer->status == 200 || t->answer->status == 206;
}

static bool start(transfer *t)
{
    if (!t->has_started && is_body(t)) {
        t->has_started = true;
        t->status = t->request->start(t->request->user, t->answer, &t->error);
    }
    return t->status >= 0;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *user)
{
    transfer *t = user;
    mci_http_read_line(t->answer, (mc_str){ bytes, size * n });
    return size * n;
}

/* Fewer bytes taken than given end the transfer. What comes with an error is nothing to us. */
static size_t on_bytes(char *bytes, size_t size, size_t n, void *user)
{
    transfer *t = user;
    if (!is_body(t))
        return size * n;
    if (!start(t))
        return 0;
    t->status = t->request->take(t->request->user, (mc_str){ bytes, size * n }, &t->error);
    return t->status >= 0 ? size * n : 0;
}

/* ---- what is asked ---- */

static bool is_https(const char *url)
{
    return strncmp(url, "https://", 8) == 0;
}

static CURLcode set_callbacks(mci_http *http, transfer *t)
{
    const mci_curl *curl = &http->curl;
    CURLcode code = curl->easy_setopt(http->easy, CURLOPT_HEADERFUNCTION, on_header);
    if (code == CURLE_OK)
        code = curl->easy_setopt(http->easy, CURLOPT_HEADERDATA, (void *)t);
    if (code == CURLE_OK)
        code = curl->easy_setopt(http->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    if (code == CURLE_OK)
        code = curl->easy_setopt(http->easy, CURLOPT_WRITEDATA, (void *)t);
    return code;
}

static CURLcode set_numbers(mci_http *http)
{
    const struct {
        CURLoption option;
        long value;
    } options[] = {
        { CURLOPT_NOSIGNAL, 1 }, /* the program's signals are its own */
        { CURLOPT_FOLLOWLOCATION, 1 },
        { CURLOPT_MAXREDIRS, MOST_REDIRECTS },
        { CURLOPT_CONNECTTIMEOUT, CONNECT_S },
        { CURLOPT_LOW_SPEED_LIMIT, 1 },
        { CURLOPT_LOW_SPEED_TIME, (long)http->stall_s },
        { CURLOPT_BUFFERSIZE, 256 * 1024 },
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < COUNT_OF(options) && code == CURLE_OK; i++)
        code = http->curl.easy_setopt(http->easy, options[i].option, options[i].value);
    return code;
}

static CURLcode set_texts(mci_http *http, const mci_http_request *request)
{
    char range[32];
    snprintf(range, sizeof range, "%" PRIu64 "-", request->from);
    const struct {
        CURLoption option;
        const char *value;
    } options[] = {
        { CURLOPT_URL, request->url },
        { CURLOPT_PROTOCOLS_STR, "http,https" },
        { CURLOPT_REDIR_PROTOCOLS_STR, is_https(request->url) ? "https" : "http,https" },
        { CURLOPT_USERAGENT, "metaclip/" METACLIP_VERSION },
        { CURLOPT_RANGE, request->from ? range : NULL },
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < COUNT_OF(options) && code == CURLE_OK; i++)
        code = http->curl.easy_setopt(http->easy, options[i].option, options[i].value);
    return code;
}

/* "If-Range: ..." with nothing that the body may be compressed by; *list is to be freed. */
static CURLcode set_headers(mci_http *http, const mci_http_request *request,
                            struct curl_slist **list)
{
    char line[MCI_VALIDATOR_BYTES + 16];
    struct curl_slist *more = http->curl.slist_append(NULL, "Accept-Encoding: identity");
    *list = more;
    if (more && request->from) {
        snprintf(line, sizeof line, "If-Range: %s", request->validator);
        more = http->curl.slist_append(*list, line);
    }
    return more ? http->curl.easy_setopt(http->easy, CURLOPT_HTTPHEADER, *list)
                : CURLE_OUT_OF_MEMORY;
}

/* ---- what became of it ---- */

/* Whether a connection may have been at fault. */
static bool is_passing(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    default:
        return false;
    }
}

static bool is_passing_status(long status)
{
    return status == 408 || status == 425 || status == 429 || status >= 500;
}

static mc_status judge(const mci_http *http, const transfer *t, CURLcode code, const char *detail,
                       bool *may_retry, mc_error *err)
{
    const char *url = t->request->url;
    *may_retry = false;
    if (t->status < 0)
        return mc_fail(err, t->status, "%s", t->error.text);
    if (code != CURLE_OK) {
        *may_retry = is_passing(code);
        return mc_fail(err, code == CURLE_OUT_OF_MEMORY ? MC_E_NOMEM : MC_E_IO, "%s: %s", url,
                       *detail ? detail : http->curl.easy_strerror(code));
    }
    long status = t->answer->status;
    if (is_body(t))
        return MC_OK;
    *may_retry = is_passing_status(status);
    return mc_fail(err, MC_E_IO, "%s: the server answers %ld%s", url, status,
                   status == 404 ? " (there is no such file)"
                   : status == 401 || status == 403
                       ? " (there is no such file, or it is not for everybody)"
                       : "");
}

mc_status mci_http_get(mci_http *http, const mci_http_request *request, mci_http_answer *answer,
                       bool *may_retry, mc_error *err)
{
    char detail[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    *answer = (mci_http_answer){ .first = UINT64_MAX, .total = MCI_NO_TOTAL };
    transfer t = { .request = request, .answer = answer };
    CURLcode code = http->curl.easy_setopt(http->easy, CURLOPT_ERRORBUFFER, detail);
    if (code == CURLE_OK)
        code = set_callbacks(http, &t);
    if (code == CURLE_OK)
        code = set_numbers(http);
    if (code == CURLE_OK)
        code = set_texts(http, request);
    if (code == CURLE_OK)
        code = set_headers(http, request, &headers);
    if (code == CURLE_OK)
        code = http->curl.easy_perform(http->easy);
    if (code == CURLE_OK)
        start(&t); /* an empty file has no bytes to begin with */
    http->curl.easy_setopt(http->easy, CURLOPT_ERRORBUFFER, NULL);
    http->curl.easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
    http->curl.slist_free_all(headers);
    return judge(http, &t, code, detail, may_retry, err);
}
