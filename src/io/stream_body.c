#include "base/alloc.h"
#include "io/stream_internal.h"

enum { STEP_ROOM = 64 * 1024 };

typedef struct {
    mci_body_format format;
    mci_gunzip *gunzip; /* for zstd, the other one */
    mci_unzstd *unzstd;
} body_decoder;

static mc_status open_decoder(body_decoder *decoder, mci_body_format format, mc_error *err)
{
    decoder->format = format;
    return format == MCI_BODY_ZSTD ? mci_unzstd_new(&decoder->unzstd, err)
                                   : mci_gunzip_new(&decoder->gunzip, err);
}

static void start(body_decoder *decoder)
{
    if (decoder->unzstd)
        mci_unzstd_start(decoder->unzstd);
    else
        mci_gunzip_start(decoder->gunzip, decoder->format);
}

static mci_step step(body_decoder *decoder, mci_input *in, char *out, size_t room, size_t *n_out,
                     const char **why)
{
    return decoder->unzstd ? mci_unzstd_step(decoder->unzstd, in, out, room, n_out, why)
                           : mci_gunzip_step(decoder->gunzip, in, out, room, n_out, why);
}

/* Whether another member follows; anything else after the last one is passed over. */
static bool has_next(const body_decoder *decoder, const mci_input *in)
{
    return decoder->unzstd
               ? mci_unzstd_likely(in->next, in->avail)
               : decoder->format == MCI_BODY_GZIP && mci_gunzip_likely(in->next, in->avail);
}

/* One member, up to its end, the body's end, or damage. */
static mc_status decode_member(body_decoder *decoder, mci_input *in, uint64_t max, mci_buf *out,
                               mc_error *err)
{
    const char *why = "";
    for (int n_idle = 0; n_idle < 2;) {
        MC_TRY(mci_buf_reserve(out, STEP_ROOM, err));
        size_t room = out->cap - out->len, n_out = 0, avail = in->avail;
        if (room > max - out->len)
            room = (size_t)(max - out->len) + 1; /* one more shows that there is more */
        mci_step answer = step(decoder, in, out->data + out->len, room, &n_out, &why);
        out->len += n_out;
        if (out->len > max)
            return mc_fail(err, MC_E_LIMIT, "it decompresses to more than %llu bytes",
                           (unsigned long long)max);
        if (answer == MCI_STEP_ENDED || answer == MCI_STEP_WRONG_SUM)
            return MC_OK;
        if (answer == MCI_STEP_DAMAGED)
            return mc_fail(err, MC_E_FORMAT, "it is damaged: %s", why);
        if (answer == MCI_STEP_NO_MEMORY)
            return mci_nomem(err, STEP_ROOM);
        n_idle = n_out == 0 && in->avail == avail ? n_idle + 1 : 0;
    }
    return MC_OK;
}

mc_status mci_inflate_body(mc_str body, mci_body_format format, uint64_t max, mci_buf *out,
                           mc_error *err)
{
    mci_buf_clear(out);
    body_decoder decoder = { 0 };
    MC_TRY(open_decoder(&decoder, format, err));
    mci_input in;
    mci_input_lend(&in, body, SIZE_MAX);
    mc_status status = mci_input_need(&in, SIZE_MAX, err);
    bool has_more = true;
    while (status == MC_OK && has_more) {
        start(&decoder);
        status = decode_member(&decoder, &in, max, out, err);
        has_more = status == MC_OK && has_next(&decoder, &in);
    }
    mci_gunzip_free(decoder.gunzip);
    mci_unzstd_free(decoder.unzstd);
    return status;
}
