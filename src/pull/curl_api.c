#include "pull/curl_api.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

/* Debian's names, of the builds with OpenSSL and with GnuTLS. */
static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4" };

/* ISO C has no way from an object pointer to a function pointer; POSIX promises that the bytes fit.
 */
static bool find_function(void *library, const char *name, void *place)
{
    void *symbol = dlsym(library, name);
    memcpy(place, &symbol, sizeof symbol);
    return symbol != NULL;
}

static mc_status find_functions(mci_curl *curl, mc_error *err)
{
#define X(result, name, parameters)                                 \
    if (!find_function(curl->library, "curl_" #name, &curl->name))  \
        return mc_fail(err, MC_E_BACKEND,                           \
                       "the libcurl that is here lacks curl_" #name \
                       "; install a newer one, such as Debian's libcurl4");
    MCI_CURL_FUNCTIONS(X)
#undef X
    return MC_OK;
}

mc_status mci_curl_load(mci_curl *curl, mc_error *err)
{
    *curl = (mci_curl){ 0 };
    for (size_t i = 0; i < COUNT_OF(names) && !curl->library; i++)
        curl->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!curl->library)
        return mc_fail(err, MC_E_BACKEND,
                       "downloading needs libcurl, which is not here; install libcurl4 (Debian, "
                       "Ubuntu) or libcurl (others), or fetch the file by other means");
    return find_functions(curl, err);
}
