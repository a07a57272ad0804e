#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/alloc.h"

mc_status mci_buf_grow(mci_buf *buf, size_t extra, mc_error *err)
{
    if (extra > SIZE_MAX - buf->len)
        return mci_nomem(err, SIZE_MAX);
    void *data = buf->data;
    MC_TRY(mci_grow(&data, &buf->cap, buf->len + extra, 1, err));
    buf->data = data;
    return MC_OK;
}

mc_status mci_buf_printf(mci_buf *buf, mc_error *err, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    mc_status status = n < 0 ? mc_fail(err, MC_E_ARG, "cannot format a text")
                             : mci_buf_reserve(buf, (size_t)n + 1, err);
    if (status >= 0) {
        vsnprintf(buf->data + buf->len, (size_t)n + 1, format, again);
        buf->len += (size_t)n;
    }
    va_end(again);
    return status;
}

mc_status mci_buf_terminate(mci_buf *buf, mc_error *err)
{
    MC_TRY(mci_buf_reserve(buf, 1, err));
    buf->data[buf->len] = '\0';
    return MC_OK;
}

void mci_buf_release(mci_buf *buf)
{
    mci_free(buf->data);
    *buf = (mci_buf){ 0 };
}
