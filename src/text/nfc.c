#include "text/nfc.h"

#include <unicode/unorm2.h>
#include <unicode/uset.h>
#include <unicode/ustring.h>

#include "base/alloc.h"

enum { MAX_BYTES = 256 << 20 };

struct mci_nfc {
    USet *known; /* what Unicode 14 assigns; `form` looks at it */
    UNormalizer2 *form;
};

static mc_status fail_icu(mc_error *err, const char *what, UErrorCode code)
{
    if (code == U_MEMORY_ALLOCATION_ERROR)
        return mci_nomem(err, 0);
    return mc_fail(err, MC_E_BACKEND, "ICU cannot %s: %s", what, u_errorName(code));
}

mc_status mci_nfc_new(mci_nfc **out, mc_error *err)
{
    static const UChar age[] = u"[:age=14.0:]";
    UErrorCode code = U_ZERO_ERROR;
    mci_nfc *nfc = mci_alloc_zeroed(1, sizeof *nfc);
    if (!nfc)
        return mci_nomem(err, sizeof *nfc);
    nfc->known = uset_openPattern(age, -1, &code);
    if (U_SUCCESS(code)) {
        uset_freeze(nfc->known);
        const UNormalizer2 *any = unorm2_getNFCInstance(&code);
        nfc->form = U_SUCCESS(code) ? unorm2_openFiltered(any, nfc->known, &code) : NULL;
    }
    if (U_FAILURE(code)) {
        mci_nfc_free(nfc);
        return fail_icu(err, "compose characters", code);
    }
    *out = nfc;
    return MC_OK;
}

void mci_nfc_free(mci_nfc *nfc)
{
    if (!nfc)
        return;
    if (nfc->form)
        unorm2_close(nfc->form);
    if (nfc->known)
        uset_close(nfc->known);
    mci_free(nfc);
}

/* UTF-16 there and back: `units` holds the text, `composed` what becomes of it. */
static mc_status compose(const mci_nfc *nfc, mc_str text, UChar *units, UChar *composed,
                         int32_t room, mci_buf *out, mc_error *err)
{
    UErrorCode code = U_ZERO_ERROR;
    int32_t n = 0, n_bytes = 0;
    u_strFromUTF8(units, room, &n, text.data, (int32_t)text.len, &code);
    if (U_SUCCESS(code))
        n = unorm2_normalize(nfc->form, units, n, composed, room, &code);
    if (U_FAILURE(code))
        return fail_icu(err, "compose a text", code);
    MC_TRY(mci_buf_reserve(out, (size_t)n * 3, err));
    u_strToUTF8(out->data + out->len, n * 3, &n_bytes, composed, n, &code);
    if (U_FAILURE(code))
        return fail_icu(err, "compose a text", code);
    out->len += (size_t)n_bytes;
    return MC_OK;
}

mc_status mci_nfc_add(const mci_nfc *nfc, mc_str text, mci_buf *out, mc_error *err)
{
    if (text.len == 0)
        return MC_OK;
    if (text.len > MAX_BYTES)
        return mc_fail(err, MC_E_LIMIT, "a text of %zu bytes is too long to be composed", text.len);
    /* Composing gives at most three UTF-16 units for one (U+FB2C and its like). */
    size_t room = 3 * text.len + 1;
    UChar *units = mci_alloc(2 * room * sizeof *units);
    if (!units)
        return mci_nomem(err, 2 * room * sizeof *units);
    mc_status status = compose(nfc, text, units, units + room, (int32_t)room, out, err);
    mci_free(units);
    return status;
}
