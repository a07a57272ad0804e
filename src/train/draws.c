#include "train/draws.h"

#include "base/hash.h"

mci_draws mci_draws_of(uint64_t seed, mci_draw_purpose purpose, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t name[] = { seed, (uint64_t)purpose, a, b, c };
    char bytes[sizeof name];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(unsigned char)(name[i / 8] >> (i % 8 * 8));
    return (mci_draws){ mci_hash64((mc_str){ bytes, sizeof bytes }, 0) };
}

uint64_t mci_draws_next(mci_draws *draws)
{
    uint64_t z = draws->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

double mci_draws_unit(mci_draws *draws)
{
    return (double)(mci_draws_next(draws) >> 11) * 0x1p-53;
}

uint32_t mci_draws_below(mci_draws *draws, uint32_t n)
{
    return (uint32_t)((mci_draws_next(draws) >> 32) * n >> 32);
}

void mci_draws_order(mci_draws draws, uint32_t *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        items[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t at = mci_draws_below(&draws, i), last = items[i - 1];
        items[i - 1] = items[at];
        items[at] = last;
    }
}
