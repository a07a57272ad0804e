/* Any bytes as an HTTP message: its body stays within the limit. */
#include <stdlib.h>

#include "io/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MAX_BODY = 100000 };
    mc_str block = { (const char *)data, size };
    mci_http http = { 0 };
    mci_http_response got;
    mc_error err = { 0 };
    mc_status status = mci_http_parse(&http, block, MAX_BODY, &got, &err);
    if (status < 0 || (status == MC_OK && got.body.len > MAX_BODY))
        abort();
    uint64_t sum = 0;
    const mc_str views[] = { got.content_type, got.charset, got.body };
    for (size_t i = 0; i < 3 && status == MC_OK; i++)
        for (size_t j = 0; j < views[i].len; j++)
            sum = sum * 31 + (unsigned char)views[i].data[j];
    volatile uint64_t used = sum;
    (void)used;
    mci_http_release(&http);
    return 0;
}
