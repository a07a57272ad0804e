#include "text/bpe_builder.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/hash.h"

typedef struct {
    uint64_t key; /* as mci_bpe_merge's */
    uint32_t symbol;
} pair;

struct mci_bpe_builder {
    mci_bpe_vocab *vocab; /* names, name_ends, ids grow here */
    size_t cap_ends, cap_ids;
    uint32_t *slots; /* symbol + 1 by the hash of its name; 0: empty */
    size_t n_slots;  /* a power of two */
    pair *pairs;     /* by rank */
    size_t n_pairs, cap_pairs;
    uint32_t next_id;
    mci_buf joined;
};

mc_status mci_bpe_builder_new(mc_str seed, mci_bpe_builder **out, mc_error *err)
{
    enum { FIRST_SLOTS = 1 << 12 };
    mci_bpe_builder *builder = mci_alloc_zeroed(1, sizeof *builder);
    if (!builder)
        return mci_nomem(err, sizeof *builder);
    builder->vocab = mci_alloc_zeroed(1, sizeof *builder->vocab);
    builder->slots = mci_alloc_zeroed(FIRST_SLOTS, sizeof *builder->slots);
    builder->n_slots = FIRST_SLOTS;
    if (!builder->vocab || !builder->slots) {
        mci_bpe_builder_free(builder);
        return mci_nomem(err, FIRST_SLOTS * sizeof *builder->slots);
    }
    builder->vocab->seed = mci_hash64(seed, 0x6270650A);
    builder->vocab->start_id = builder->vocab->end_id = -1;
    *out = builder;
    return MC_OK;
}

void mci_bpe_builder_free(mci_bpe_builder *builder)
{
    if (!builder)
        return;
    mci_bpe_vocab_free(builder->vocab);
    mci_free(builder->slots);
    mci_free(builder->pairs);
    mci_buf_release(&builder->joined);
    mci_free(builder);
}

/* ---- symbols ---- */

/* The slot that holds the name's symbol, or would. */
static size_t slot_of(const mci_bpe_builder *builder, mc_str name)
{
    size_t slot = mci_hash64(name, builder->vocab->seed) & (builder->n_slots - 1);
    while (builder->slots[slot] &&
           !mc_str_equal(mci_bpe_symbol_name(builder->vocab, builder->slots[slot] - 1), name))
        slot = (slot + 1) & (builder->n_slots - 1);
    return slot;
}

static mc_status make_room(mci_bpe_builder *builder, mc_error *err)
{
    mci_bpe_vocab *vocab = builder->vocab;
    if (2 * (vocab->n_symbols + 1) <= builder->n_slots)
        return MC_OK;
    uint32_t *slots = mci_alloc_zeroed(2 * builder->n_slots, sizeof *slots);
    if (!slots)
        return mci_nomem(err, 2 * builder->n_slots * sizeof *slots);
    mci_free(builder->slots);
    builder->slots = slots;
    builder->n_slots *= 2;
    for (uint32_t i = 0; i < vocab->n_symbols; i++)
        builder->slots[slot_of(builder, mci_bpe_symbol_name(vocab, i))] = i + 1;
    return MC_OK;
}

/* The symbol of this name, which is made if there is none. */
static mc_status intern(mci_bpe_builder *builder, mc_str name, uint32_t *symbol, mc_error *err)
{
    mci_bpe_vocab *vocab = builder->vocab;
    MC_TRY(make_room(builder, err));
    size_t slot = slot_of(builder, name), n = vocab->n_symbols;
    if (builder->slots[slot]) {
        *symbol = builder->slots[slot] - 1;
        return MC_OK;
    }
    if (n >= 4 * (size_t)MCI_MAX_VOCAB)
        return mc_fail(err, MC_E_LIMIT, "the vocabulary has more than %d symbols",
                       4 * MCI_MAX_VOCAB);
    MC_TRY(mci_grow((void **)&vocab->name_ends, &builder->cap_ends, n + 1, sizeof(uint64_t), err));
    MC_TRY(mci_grow((void **)&vocab->ids, &builder->cap_ids, n + 1, sizeof(int32_t), err));
    MC_TRY(mci_buf_add(&vocab->names, name, err));
    vocab->name_ends[n] = vocab->names.len;
    vocab->ids[n] = -1;
    vocab->n_symbols = n + 1;
    builder->slots[slot] = (uint32_t)n + 1;
    *symbol = (uint32_t)n;
    return MC_OK;
}

/* The id of a name; -1 if it has none. */
static int32_t id_of(const mci_bpe_builder *builder, mc_str name)
{
    uint32_t found = builder->slots[slot_of(builder, name)];
    return found ? builder->vocab->ids[found - 1] : -1;
}

bool mci_bpe_builder_knows(const mci_bpe_builder *builder, mc_str name)
{
    return id_of(builder, name) >= 0;
}

mc_status mci_bpe_builder_give_id(mci_bpe_builder *builder, mc_str name, uint32_t id, mc_error *err)
{
    uint32_t symbol;
    if (id >= MCI_MAX_VOCAB)
        return mc_fail(err, MC_E_FORMAT, "the id %" PRIu32 " is too large: below %d are taken", id,
                       MCI_MAX_VOCAB);
    MC_TRY(intern(builder, name, &symbol, err));
    builder->vocab->ids[symbol] = (int32_t)id;
    if (builder->vocab->n_ids <= id)
        builder->vocab->n_ids = (size_t)id + 1;
    return MC_OK;
}

mc_status mci_bpe_builder_skip_id(mci_bpe_builder *builder, mc_error *err)
{
    return mci_bpe_builder_next_id(builder, (mc_str){ "", 0 }, err);
}

mc_status mci_bpe_builder_next_id(mci_bpe_builder *builder, mc_str name, mc_error *err)
{
    return mci_bpe_builder_give_id(builder, name, builder->next_id++, err);
}

/* ---- pairs ---- */

static mc_status add_pair(mci_bpe_builder *builder, mc_str left, mc_str right, mc_error *err)
{
    uint32_t first, second, symbol;
    mci_buf_clear(&builder->joined);
    MC_TRY(mci_buf_add(&builder->joined, left, err));
    MC_TRY(mci_buf_add(&builder->joined, right, err));
    MC_TRY(intern(builder, left, &first, err));
    MC_TRY(intern(builder, right, &second, err));
    MC_TRY(intern(builder, mci_buf_str(&builder->joined), &symbol, err));
    MC_TRY(mci_grow((void **)&builder->pairs, &builder->cap_pairs, builder->n_pairs + 1,
                    sizeof(pair), err));
    builder->pairs[builder->n_pairs++] = (pair){ (uint64_t)first << 32 | second, symbol };
    return MC_OK;
}

mc_status mci_bpe_builder_merge_next_id(mci_bpe_builder *builder, mc_str left, mc_str right,
                                        mc_error *err)
{
    MC_TRY(add_pair(builder, left, right, err));
    return mci_bpe_builder_next_id(builder, mci_buf_str(&builder->joined), err);
}

mc_status mci_bpe_builder_merge_known(mci_bpe_builder *builder, mc_str left, mc_str right,
                                      mc_error *err)
{
    MC_TRY(add_pair(builder, left, right, err));
    const mc_str names[] = { left, right, mci_buf_str(&builder->joined) };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (id_of(builder, names[i]) < 0)
            return mc_fail(err, MC_E_FORMAT, "\"%.*s\" is not in the vocabulary",
                           names[i].len > 60 ? 60 : (int)names[i].len, names[i].data);
    }
    return MC_OK;
}

/* ---- start and end ---- */

mc_status mci_bpe_builder_next_specials(mci_bpe_builder *builder, mc_error *err)
{
    builder->vocab->start_id = (int32_t)builder->next_id;
    MC_TRY(mci_bpe_builder_next_id(builder, mc_str_of("<start_of_text>"), err));
    builder->vocab->end_id = (int32_t)builder->next_id;
    return mci_bpe_builder_next_id(builder, mc_str_of("<end_of_text>"), err);
}

mc_status mci_bpe_builder_known_specials(mci_bpe_builder *builder, mc_error *err)
{
    static const struct {
        const char *names[2];
    } specials[] = { { { "<|startoftext|>", "<start_of_text>" } },
                     { { "<|endoftext|>", "<end_of_text>" } } };
    int32_t *const ids[] = { &builder->vocab->start_id, &builder->vocab->end_id };
    for (size_t i = 0; i < COUNT_OF(specials); i++) {
        *ids[i] = id_of(builder, mc_str_of(specials[i].names[0]));
        if (*ids[i] < 0)
            *ids[i] = id_of(builder, mc_str_of(specials[i].names[1]));
        if (*ids[i] < 0)
            return mc_fail(err, MC_E_FORMAT,
                           "neither \"%s\" nor \"%s\" is in the vocabulary: it is not CLIP's kind",
                           specials[i].names[0], specials[i].names[1]);
    }
    return MC_OK;
}

/* ---- the whole ---- */

/* A pair that stands twice has its last rank. */
static mc_status build_merges(mci_bpe_builder *builder, mc_error *err)
{
    mci_bpe_vocab *vocab = builder->vocab;
    size_t n_slots = 1024;
    while (n_slots < 2 * builder->n_pairs)
        n_slots *= 2;
    vocab->merges = mci_alloc_zeroed(n_slots, sizeof *vocab->merges);
    if (!vocab->merges)
        return mci_nomem(err, n_slots * sizeof *vocab->merges);
    vocab->merge_mask = n_slots - 1;
    for (size_t i = 0; i < n_slots; i++)
        vocab->merges[i].rank = UINT32_MAX;
    for (size_t rank = 0; rank < builder->n_pairs; rank++) {
        const pair *p = &builder->pairs[rank];
        size_t slot = mci_bpe_slot(vocab, p->key);
        while (vocab->merges[slot].rank != UINT32_MAX && vocab->merges[slot].key != p->key)
            slot = (slot + 1) & vocab->merge_mask;
        vocab->merges[slot] = (mci_bpe_merge){ p->key, (uint32_t)rank, p->symbol };
    }
    return MC_OK;
}

static mc_status find_bytes(mci_bpe_builder *builder, const char *behind, uint32_t *symbols,
                            mc_error *err)
{
    for (unsigned byte = 0; byte < MCI_N_BYTES; byte++) {
        char name[MCI_NAME_BYTES + sizeof MCI_WORD_END];
        size_t len = mci_bpe_byte_name((unsigned char)byte, name);
        memcpy(name + len, behind, strlen(behind) + 1);
        len += strlen(behind);
        if (id_of(builder, (mc_str){ name, len }) < 0)
            return mc_fail(err, MC_E_FORMAT,
                           "the byte %02X has no symbol (\"%s\") in the vocabulary: it is not a "
                           "byte-level BPE of CLIP's kind",
                           byte, name);
        MC_TRY(intern(builder, (mc_str){ name, len }, &symbols[byte], err));
    }
    return MC_OK;
}

static mc_status number_symbols(mci_bpe_vocab *vocab, mc_error *err)
{
    vocab->id_symbol = mci_alloc(vocab->n_ids * sizeof *vocab->id_symbol);
    if (!vocab->id_symbol)
        return mci_nomem(err, vocab->n_ids * sizeof *vocab->id_symbol);
    for (size_t id = 0; id < vocab->n_ids; id++)
        vocab->id_symbol[id] = MCI_NO_SYMBOL;
    for (size_t i = 0; i < vocab->n_symbols; i++) {
        if (vocab->ids[i] >= 0)
            vocab->id_symbol[vocab->ids[i]] = (int32_t)i;
    }
    return MC_OK;
}

mc_status mci_bpe_builder_finish(mci_bpe_builder *builder, mci_bpe_vocab **out, mc_error *err)
{
    mci_bpe_vocab *vocab = builder->vocab;
    MC_TRY(find_bytes(builder, "", vocab->inner, err));
    MC_TRY(find_bytes(builder, MCI_WORD_END, vocab->last, err));
    MC_TRY(build_merges(builder, err));
    MC_TRY(number_symbols(vocab, err));
    builder->vocab = NULL;
    *out = vocab;
    return MC_OK;
}
