/* A byte buffer that grows. Zero-initialise it (`mci_buf buf = { 0 };`), release it at the end. */
#ifndef MCI_BASE_BUF_H
#define MCI_BASE_BUF_H

#include "base/error.h"
#include "metaclip/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    char *data;
    size_t len, cap;
} mci_buf;

/* Makes room for `extra` bytes behind len, more than are there; mci_buf_reserve's other half. */
mc_status mci_buf_grow(mci_buf *buf, size_t extra, mc_error *err);

/* After it, `extra` bytes fit behind len without growing. */
static inline mc_status mci_buf_reserve(mci_buf *buf, size_t extra, mc_error *err)
{
    return extra <= buf->cap - buf->len ? MC_OK : mci_buf_grow(buf, extra, err);
}

static inline mc_status mci_buf_append(mci_buf *buf, const void *bytes, size_t n, mc_error *err)
{
    if (n == 0)
        return MC_OK;
    MC_TRY(mci_buf_reserve(buf, n, err));
    memcpy(buf->data + buf->len, bytes, n);
    buf->len += n;
    return MC_OK;
}

static inline mc_status mci_buf_add(mci_buf *buf, mc_str text, mc_error *err)
{
    return mci_buf_append(buf, text.data, text.len, err);
}

static inline mc_status mci_buf_byte(mci_buf *buf, char byte, mc_error *err)
{
    MC_TRY(mci_buf_reserve(buf, 1, err));
    buf->data[buf->len++] = byte;
    return MC_OK;
}

mc_status mci_buf_printf(mci_buf *buf, mc_error *err, const char *format, ...) MC_PRINTF(3, 4);
/* Puts a NUL behind the content without counting it in len. */
mc_status mci_buf_terminate(mci_buf *buf, mc_error *err);
void mci_buf_release(mci_buf *buf);

static inline void mci_buf_clear(mci_buf *buf)
{
    buf->len = 0;
}

static inline mc_str mci_buf_str(const mci_buf *buf)
{
    mc_str view = { buf->data, buf->len };
    return view;
}

#ifdef __cplusplus
}
#endif
#endif
