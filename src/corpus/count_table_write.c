/* Writing tables. Each table has numbers of its own for its words; to be merged, pairs need common
 * ones, which are also in the order of the words:
 *
 *     table 0   red 0, car 1           car -> 0, green -> 1, red -> 2
 *     table 1   green 0, car 1         (1, 0) of table 1 becomes (0, 1)
 *
 * Then the pairs of each table are sorted by the two numbers, and all tables merged. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/threads.h"
#include "corpus/count_run.h"
#include "corpus/count_table_internal.h"

typedef struct {
    uint64_t start; /* the first 8 bytes, big-endian */
    mc_str word;
    uint32_t id;
} sorted_word;

/* A table on its way. */
typedef struct {
    mci_count_table *table;
    sorted_word *words;
    size_t next_word;
    uint32_t *ranks; /* by id */
    size_t next_pair;
} part;

typedef struct {
    part *parts;
    size_t n_parts;
    mc_str *words; /* by rank; they lie in the tables */
    size_t n_words, cap_words;
} job;

/* ---- words ---- */

static int compare_words(const sorted_word *a, const sorted_word *b)
{
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    size_t n = a->word.len < b->word.len ? a->word.len : b->word.len;
    int order = memcmp(a->word.data, b->word.data, n);
    return order ? order : (a->word.len > b->word.len) - (a->word.len < b->word.len);
}

static int compare_for_qsort(const void *a, const void *b)
{
    return compare_words(a, b);
}

static uint64_t start_of(mc_str word)
{
    uint64_t start = 0;
    for (size_t i = 0; i < 8; i++)
        start = start << 8 | (i < word.len ? (unsigned char)word.data[i] : 0);
    return start;
}

static mc_status sort_words(void *user, size_t task, unsigned worker, mc_error *err)
{
    part *p = &((job *)user)->parts[task];
    const mci_count_table *table = p->table;
    (void)worker;
    p->words = mci_alloc_zeroed(table->n_words + 1, sizeof *p->words);
    p->ranks = mci_alloc_zeroed(table->n_words + 1, sizeof *p->ranks);
    if (!p->words || !p->ranks)
        return mci_nomem(err, table->n_words * sizeof *p->words);
    for (size_t i = 0; i < table->n_words; i++) {
        mc_str word = mci_counted_str(table, &table->words[i]);
        p->words[i] = (sorted_word){ start_of(word), word, (uint32_t)i };
    }
    qsort(p->words, table->n_words, sizeof *p->words, compare_for_qsort);
    return MC_OK;
}

/* The part whose next word is the smallest; NULL if none is left. Tables are few. */
static part *smallest_word(const job *j)
{
    part *least = NULL;
    for (size_t i = 0; i < j->n_parts; i++) {
        part *p = &j->parts[i];
        if (p->next_word < p->table->n_words &&
            (!least || compare_words(&p->words[p->next_word], &least->words[least->next_word]) < 0))
            least = p;
    }
    return least;
}

static mc_status merge_words(job *j, mci_run_writer *writer, mc_error *err)
{
    for (part *least; (least = smallest_word(j));) {
        void *words = j->words;
        sorted_word word = least->words[least->next_word];
        uint64_t count = 0;
        MC_TRY(mci_grow(&words, &j->cap_words, j->n_words + 1, sizeof *j->words, err));
        j->words = words;
        for (size_t i = 0; i < j->n_parts; i++) {
            part *p = &j->parts[i];
            if (p->next_word == p->table->n_words ||
                compare_words(&p->words[p->next_word], &word) != 0)
                continue;
            uint32_t id = p->words[p->next_word++].id;
            p->ranks[id] = (uint32_t)j->n_words;
            count += p->table->words[id].count;
        }
        j->words[j->n_words++] = word.word;
        MC_TRY(mci_run_writer_add(writer, word.word, count, err));
    }
    return MC_OK;
}

/* ---- pairs ---- */

enum { FEW = 32, LAST_SHIFT = 56 };

static void sort_few(mci_counted_pair *pairs, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        mci_counted_pair pair = pairs[i];
        size_t j = i;
        for (; j > 0 && pair.key < pairs[j - 1].key; j--)
            pairs[j] = pairs[j - 1];
        pairs[j] = pair;
    }
}

/* By bytes of the key from the highest on, in place ("American flag sort"). */
static void sort_pairs(mci_counted_pair *pairs, size_t n, unsigned shift)
{
    size_t next[256], ends[256] = { 0 }, sum = 0;
    if (n <= FEW) {
        sort_few(pairs, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        ends[pairs[i].key >> shift & 0xFF]++;
    for (unsigned d = 0; d < 256; d++) {
        next[d] = sum;
        sum += ends[d];
        ends[d] = sum;
    }
    for (unsigned d = 0; d < 256; d++)
        while (next[d] < ends[d]) {
            mci_counted_pair pair = pairs[next[d]];
            for (unsigned home; (home = pair.key >> shift & 0xFF) != d;) {
                mci_counted_pair other = pairs[next[home]];
                pairs[next[home]++] = pair;
                pair = other;
            }
            pairs[next[d]++] = pair;
        }
    for (unsigned d = 0; d < 256 && shift; d++) {
        size_t start = d ? ends[d - 1] : 0;
        sort_pairs(pairs + start, ends[d] - start, shift - 8);
    }
}

/* Moves the pairs to the front of their table, in order of their ranks. */
static mc_status rank_pairs(void *user, size_t task, unsigned worker, mc_error *err)
{
    part *p = &((job *)user)->parts[task];
    mci_count_table *table = p->table;
    size_t n = 0;
    (void)worker;
    (void)err;
    for (size_t i = 0; i < table->n_pair_slots; i++) {
        mci_counted_pair pair = table->pairs[i];
        if (pair.count == 0)
            continue;
        uint64_t first = p->ranks[pair.key >> 32], second = p->ranks[(uint32_t)pair.key];
        table->pairs[n++] = (mci_counted_pair){ first << 32 | second, pair.count };
    }
    sort_pairs(table->pairs, n, LAST_SHIFT);
    return MC_OK;
}

static bool smallest_pair(const job *j, uint64_t *key)
{
    bool found = false;
    for (size_t i = 0; i < j->n_parts; i++) {
        const part *p = &j->parts[i];
        if (p->next_pair == p->table->n_pairs)
            continue;
        uint64_t own = p->table->pairs[p->next_pair].key;
        *key = !found || own < *key ? own : *key;
        found = true;
    }
    return found;
}

static mc_status merge_pairs(job *j, mci_run_writer *writer, mci_buf *text, mc_error *err)
{
    for (uint64_t key; smallest_pair(j, &key);) {
        uint64_t count = 0;
        for (size_t i = 0; i < j->n_parts; i++) {
            part *p = &j->parts[i];
            if (p->next_pair < p->table->n_pairs && p->table->pairs[p->next_pair].key == key)
                count += p->table->pairs[p->next_pair++].count;
        }
        mci_buf_clear(text);
        MC_TRY(mci_buf_add(text, j->words[key >> 32], err));
        MC_TRY(mci_buf_byte(text, ' ', err));
        MC_TRY(mci_buf_add(text, j->words[(uint32_t)key], err));
        MC_TRY(mci_run_writer_add(writer, mci_buf_str(text), count, err));
    }
    return MC_OK;
}

/* ---- all of it ---- */

static mc_status write_words(job *j, unsigned n_threads, const char *path, mc_error *err)
{
    mci_run_writer *writer = NULL;
    for (size_t i = 0; i < j->n_parts; i++)
        MC_TRY(mci_count_flush(j->parts[i].table, err));
    MC_TRY(mci_run_tasks(n_threads, j->n_parts, sort_words, j, err));
    MC_TRY(mci_run_writer_open(path, &writer, err));
    return mci_run_writer_end(writer, merge_words(j, writer, err), err);
}

static mc_status write_pairs(job *j, unsigned n_threads, const char *path, mc_error *err)
{
    mci_run_writer *writer = NULL;
    mci_buf text = { 0 };
    MC_TRY(mci_run_tasks(n_threads, j->n_parts, rank_pairs, j, err));
    MC_TRY(mci_run_writer_open(path, &writer, err));
    mc_status status = mci_run_writer_end(writer, merge_pairs(j, writer, &text, err), err);
    mci_buf_release(&text);
    return status;
}

/* The slots stay, for the words and pairs to come. */
static void empty_table(mci_count_table *table)
{
    mci_buf_clear(&table->bytes);
    table->n_words = table->n_pairs = 0;
    if (table->word_slots)
        memset(table->word_slots, 0, table->n_word_slots * sizeof *table->word_slots);
    if (table->pairs)
        memset(table->pairs, 0, table->n_pair_slots * sizeof *table->pairs);
}

mc_status mci_count_tables_write(mci_count_table *const *tables, size_t n, unsigned n_threads,
                                 const char *words_path, const char *pairs_path, mc_error *err)
{
    job j = { .parts = mci_alloc_zeroed(n, sizeof *j.parts), .n_parts = n };
    if (!j.parts)
        return mci_nomem(err, n * sizeof *j.parts);
    for (size_t i = 0; i < n; i++)
        j.parts[i].table = tables[i];
    mc_status status = write_words(&j, n_threads, words_path, err);
    if (status >= 0 && pairs_path)
        status = write_pairs(&j, n_threads, pairs_path, err);
    for (size_t i = 0; i < n; i++) {
        mci_free(j.parts[i].words);
        mci_free(j.parts[i].ranks);
        if (status >= 0)
            empty_table(tables[i]);
    }
    mci_free(j.words);
    mci_free(j.parts);
    return status;
}
