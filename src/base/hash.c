#include "base/hash.h"

#include <openssl/evp.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/alloc.h"

enum { SHORT_KEY = 1024 };

uint64_t mci_hash64(mc_str bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data, bytes.len, seed);
}

/* Short keys, nearly all of them, are joined on the stack: the one-shot hash is several times
 * faster than feeding pieces to a state. */
static size_t join(char *joined, mc_str first, mc_str second)
{
    if (first.len)
        memcpy(joined, first.data, first.len);
    joined[first.len] = '\0';
    if (second.len)
        memcpy(joined + first.len + 1, second.data, second.len);
    return first.len + 1 + second.len;
}

static bool is_short(mc_str first, mc_str second)
{
    return first.len < SHORT_KEY && second.len < SHORT_KEY - 1 - first.len;
}

uint64_t mci_hash64_pair(mc_str first, mc_str second, uint64_t seed)
{
    if (is_short(first, second)) {
        char joined[SHORT_KEY];
        return XXH3_64bits_withSeed(joined, join(joined, first, second), seed);
    }
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH3_64bits_reset_withSeed(&state, seed);
    XXH3_64bits_update(&state, first.data, first.len);
    XXH3_64bits_update(&state, "", 1);
    XXH3_64bits_update(&state, second.data, second.len);
    return XXH3_64bits_digest(&state);
}

uint64_t mci_hash64_text(mc_str uuid, mc_str text, uint64_t seed)
{
    static const char kind[] = "text"; /* with its zero byte */
    if (uuid.len < SHORT_KEY && text.len < SHORT_KEY &&
        sizeof kind + uuid.len + 1 + text.len <= SHORT_KEY) {
        char joined[SHORT_KEY];
        memcpy(joined, kind, sizeof kind);
        size_t len = sizeof kind + join(joined + sizeof kind, uuid, text);
        return XXH3_64bits_withSeed(joined, len, seed);
    }
    XXH3_state_t state;
    XXH3_INITSTATE(&state);
    XXH3_64bits_reset_withSeed(&state, seed);
    XXH3_64bits_update(&state, kind, sizeof kind);
    XXH3_64bits_update(&state, uuid.data, uuid.len);
    XXH3_64bits_update(&state, "", 1);
    XXH3_64bits_update(&state, text.data, text.len);
    return XXH3_64bits_digest(&state);
}

mci_hash128 mci_hash128_of(mc_str bytes)
{
    XXH128_hash_t hash = XXH3_128bits(bytes.data, bytes.len);
    return (mci_hash128){ hash.high64, hash.low64 };
}

mci_hash128 mci_hash128_pair(mc_str first, mc_str second)
{
    XXH128_hash_t hash;
    if (is_short(first, second)) {
        char joined[SHORT_KEY];
        hash = XXH3_128bits(joined, join(joined, first, second));
    } else {
        XXH3_state_t state;
        XXH3_128bits_reset(&state);
        XXH3_128bits_update(&state, first.data, first.len);
        XXH3_128bits_update(&state, "", 1);
        XXH3_128bits_update(&state, second.data, second.len);
        hash = XXH3_128bits_digest(&state);
    }
    return (mci_hash128){ hash.high64, hash.low64 };
}

static void to_hex(const unsigned char *bytes, size_t n_digits, char *digits)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n_digits; i++)
        digits[i] = hex[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
}

/* libcrypto looks its functions up under a lock, so that is done once and not for every url. */
struct mci_sha224 {
    EVP_MD *kind;
    EVP_MD_CTX *context;
};

mc_status mci_sha224_new(mci_sha224 **out, mc_error *err)
{
    mci_sha224 *sha = mci_alloc_zeroed(1, sizeof *sha);
    if (!sha)
        return mci_nomem(err, sizeof *sha);
    sha->kind = EVP_MD_fetch(NULL, "SHA2-224", NULL);
    sha->context = EVP_MD_CTX_new();
    if (!sha->kind || !sha->context) {
        mci_sha224_free(sha);
        return mc_fail(err, MC_E_BACKEND, "libcrypto cannot compute SHA-224");
    }
    *out = sha;
    return MC_OK;
}

mc_status mci_sha224_uuid(mci_sha224 *sha, mc_str bytes, char out[MCI_UUID_DIGITS], mc_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_DigestInit_ex2(sha->context, sha->kind, NULL) != 1 ||
        EVP_DigestUpdate(sha->context, bytes.data, bytes.len) != 1 ||
        EVP_DigestFinal_ex(sha->context, digest, NULL) != 1)
        return mc_fail(err, MC_E_BACKEND, "libcrypto cannot compute SHA-224");
    to_hex(digest, MCI_UUID_DIGITS, out);
    return MC_OK;
}

void mci_sha224_free(mci_sha224 *sha)
{
    if (!sha)
        return;
    EVP_MD_CTX_free(sha->context);
    EVP_MD_free(sha->kind);
    mci_free(sha);
}

struct mci_sha256 {
    EVP_MD_CTX *context;
};

mc_status mci_sha256_new(mci_sha256 **out, mc_error *err)
{
    mci_sha256 *sha = mci_alloc(sizeof *sha);
    if (!sha)
        return mci_nomem(err, sizeof *sha);
    sha->context = EVP_MD_CTX_new();
    if (!sha->context || EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) != 1) {
        mci_sha256_free(sha);
        return mc_fail(err, MC_E_BACKEND, "libcrypto cannot compute SHA-256");
    }
    *out = sha;
    return MC_OK;
}

mc_status mci_sha256_add(mci_sha256 *sha, mc_str bytes, mc_error *err)
{
    if (bytes.len && EVP_DigestUpdate(sha->context, bytes.data, bytes.len) != 1)
        return mc_fail(err, MC_E_BACKEND, "libcrypto cannot compute SHA-256");
    return MC_OK;
}

mc_status mci_sha256_end(mci_sha256 *sha, char digits[MC_SHA256_DIGITS + 1], mc_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_DigestFinal_ex(sha->context, digest, NULL) != 1)
        return mc_fail(err, MC_E_BACKEND, "libcrypto cannot compute SHA-256");
    to_hex(digest, MC_SHA256_DIGITS, digits);
    digits[MC_SHA256_DIGITS] = '\0';
    return MC_OK;
}

void mci_sha256_free(mci_sha256 *sha)
{
    if (!sha)
        return;
    EVP_MD_CTX_free(sha->context);
    mci_free(sha);
}

mc_status mci_sha256_of(mc_str bytes, char digits[MC_SHA256_DIGITS + 1], mc_error *err)
{
    mci_sha256 *sha = NULL;
    MC_TRY(mci_sha256_new(&sha, err));
    mc_status status = mci_sha256_add(sha, bytes, err);
    if (status >= 0)
        status = mci_sha256_end(sha, digits, err);
    mci_sha256_free(sha);
    return status;
}
