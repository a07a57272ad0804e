/* The search for t: each pass evaluates a grid of t between one that is too small and one that is
 * large enough, and leaves only the gap between two neighbours of the grid. What the marks of the
 * grid are bears on the number of passes alone, not on the t that is found. */
#include "curate/target.h"

#include <math.h>
#include <sys/stat.h>

#include "curate/expect.h"

typedef struct {
    uint64_t low, high; /* low keeps too few pairs (0 keeps none), high enough */
} bracket;

uint64_t mci_largest_count(const mc_counts *counts)
{
    uint64_t largest = 1;
    for (size_t i = 0; i < counts->n; i++)
        if (counts->counts[i] > largest)
            largest = counts->counts[i];
    return largest;
}

static uint64_t to_u64(double x, uint64_t most)
{
    return x < (double)most ? (uint64_t)x : most;
}

/* The mark at this share of the way from low to high: by ratio while they are far apart. */
static uint64_t mark(const bracket *b, double share)
{
    double low = b->low ? (double)b->low : 1.0, high = (double)b->high;
    double at = high / low > 2.0 ? low * pow(high / low, share) : low + (high - low) * share;
    return to_u64(at, b->high);
}

/* Marks in (low, high], each above the one before it, the last at high. */
static void place_grid(const bracket *b, mci_expect *grid)
{
    uint64_t width = b->high - b->low, before = b->low;
    grid->n = width < MCI_GRID ? (size_t)width : MCI_GRID;
    for (size_t i = 0; i < grid->n; i++) {
        uint64_t least = before + 1, most = b->high - (grid->n - 1 - i);
        uint64_t t = mark(b, (double)(i + 1) / (double)grid->n);
        before = grid->t[i] = i + 1 == grid->n || t > most ? most : t < least ? least : t;
    }
}

static mc_status narrow(const mci_expect *grid, uint64_t target, bracket *b, mc_error *err)
{
    for (size_t i = 0; i < grid->n; i++) {
        if (grid->kept[i] >= (mci_u128)target << 32) {
            b->high = grid->t[i];
            return MC_OK;
        }
        b->low = grid->t[i];
    }
    if (target <= grid->n_pairs) /* three thirds are less than one when each is rounded */
        return MC_OK;
    return mc_fail(err, MC_E_ARG,
                   "no t keeps %llu pairs: only %llu match an entry, so that is the largest target",
                   (unsigned long long)target, (unsigned long long)grid->n_pairs);
}

mc_status mci_want_files(const mci_shards *shards, const char *what, mc_error *err)
{
    for (size_t i = 0; i < shards->n; i++) {
        const char *path = shards->shards[i].path;
        struct stat info;
        if (strcmp(path, "-") == 0 || (stat(path, &info) == 0 && !S_ISREG(info.st_mode)))
            return mc_fail(err, MC_E_ARG,
                           "%s: %s by reading the pairs several times, so they must be in files",
                           path, what);
    }
    return MC_OK;
}

mc_status mci_t_of_target(const mc_pool *pool, const mci_shards *matched, const mc_counts *counts,
                          const mci_choice_lists *choices, uint64_t target, uint64_t *t,
                          mc_error *err)
{
    bracket b = { .high = mci_largest_count(counts) };
    MC_TRY(mci_want_files(matched, "a target is found", err));
    do { /* once at least, for the target may be out of reach */
        mci_expect grid = { .choices = choices };
        mc_summary summary = { 0 }; /* the drawing tells what was read */
        place_grid(&b, &grid);
        MC_TRY(mci_expect_shards(pool, matched, counts, "target", &grid, &summary, err));
        MC_TRY(narrow(&grid, target, &b, err));
    } while (b.high - b.low > 1);
    *t = b.high;
    return MC_OK;
}
