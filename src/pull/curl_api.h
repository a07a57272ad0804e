/* libcurl, loaded while the program runs: it brings some twenty libraries of its own, which only
 * downloading needs. For pull_http.c alone. */
#ifndef MCI_MODEL_CURL_API_H
#define MCI_MODEL_CURL_API_H

#include <curl/curl.h>

#include "base/error.h"

/* X(result, name without curl_, parameters) */
#define MCI_CURL_FUNCTIONS(X)                                                 \
    X(CURL *, easy_init, (void))                                              \
    X(CURLcode, easy_setopt, (CURL *, CURLoption, ...))                       \
    X(CURLcode, easy_perform, (CURL *))                                       \
    X(CURLcode, easy_getinfo, (CURL *, CURLINFO, ...))                        \
    X(const char *, easy_strerror, (CURLcode))                                \
    X(void, easy_cleanup, (CURL *))                                           \
    X(struct curl_slist *, slist_append, (struct curl_slist *, const char *)) \
    X(void, slist_free_all, (struct curl_slist *))

typedef struct {
    void *library;
#define X(result, name, parameters) result(*name) parameters;
    MCI_CURL_FUNCTIONS(X)
#undef X
} mci_curl;

/* Finds the library and its functions. It stays loaded: libraries of TLS do not like to be sent
 * away. Errors: MC_E_BACKEND, saying what to install. */
mc_status mci_curl_load(mci_curl *curl, mc_error *err);

#endif
