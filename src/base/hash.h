/* XXH3 of the keys that decide what is kept, and the SHA-2 digests that name things. */
#ifndef MCI_BASE_HASH_H
#define MCI_BASE_HASH_H

#include "base/error.h"
#include "metaclip/base.h"

typedef struct {
    uint64_t high, low;
} mci_hash128;

/* XXH3_64bits_withSeed of the bytes. */
uint64_t mci_hash64(mc_str bytes, uint64_t seed);
/* XXH3_64bits_withSeed of first, one zero byte, second: what a pair's draw is made from. */
uint64_t mci_hash64_pair(mc_str first, mc_str second, uint64_t seed);
/* XXH3_64bits_withSeed of "text", one zero byte, uuid, one zero byte, text: by which one of an
 * image's texts is chosen. Another hash than the draw's, so that the two numbers are independent.
 */
uint64_t mci_hash64_text(mc_str uuid, mc_str text, uint64_t seed);
/* XXH3_128bits of the bytes. */
mci_hash128 mci_hash128_of(mc_str bytes);
/* XXH3_128bits of first, one zero byte, second: the key of a pair. */
mci_hash128 mci_hash128_pair(mc_str first, mc_str second);

enum { MCI_UUID_DIGITS = 24 };

/* The first 24 hex digits of SHA-224, without a NUL, of one text after the other. */
typedef struct mci_sha224 mci_sha224;
mc_status mci_sha224_new(mci_sha224 **out, mc_error *err);
mc_status mci_sha224_uuid(mci_sha224 *sha, mc_str bytes, char out[MCI_UUID_DIGITS], mc_error *err);
void mci_sha224_free(mci_sha224 *sha);

/* SHA-256 in pieces. digits get a NUL. */
typedef struct mci_sha256 mci_sha256;
mc_status mci_sha256_new(mci_sha256 **out, mc_error *err);
mc_status mci_sha256_add(mci_sha256 *sha, mc_str bytes, mc_error *err);
mc_status mci_sha256_end(mci_sha256 *sha, char digits[MC_SHA256_DIGITS + 1], mc_error *err);
void mci_sha256_free(mci_sha256 *sha);
/* In one go. */
mc_status mci_sha256_of(mc_str bytes, char digits[MC_SHA256_DIGITS + 1], mc_error *err);

#endif
