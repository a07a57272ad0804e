#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/alloc.h"

mc_status mci_buf_reserve(mci_buf *buf, size_t extra, mc_error *err)
{
    if (extra <= buf->cap - buf->len)
        return MC_OK;
    if (extra > SIZE_MAX - buf->len)
        return mci_nomem(err, SIZE_MAX);
    void *data = buf->data;
    MC_TRY(mci_grow(&data, &buf->cap, buf->len + extra, 1, err));
    buf->data = data;
    return MC_OK;
}

mc_status mci_buf_append(mci_buf *buf, const void *bytes, size_t n, mc_error *err)
{
    if (n == 0)
        return MC_OK;
    MC_TRY(mci_buf_reserve(buf, n, err));
    memcpy(buf->data + buf->len, bytes, n);
    buf->len += n;
    return MC_OK;
}

mc_status mci_buf_add(mci_buf *buf, mc_str text, mc_error *err)
{
    return mci_buf_append(buf, text.data, text.len, err);
}

mc_status mci_buf_byte(mci_buf *buf, char byte, mc_error *err)
{
    return mci_buf_append(buf, &byte, 1, err);
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
