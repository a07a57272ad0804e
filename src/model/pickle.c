/* The machine has a stack, a stack of marks into it, and a memo. One function an operation, found
 * in a table by its byte; what is not in the table is refused. Nothing here recurses: containers
 * are made from what lies on the stack, and nobody walks into what was made. */
#include "model/pickle.h"

#include "base/alloc.h"
#include "base/utf8.h"
#include "model/pickle_calls.h"

enum { PROTOCOL = 5 };

typedef struct {
    mc_str bytes;
    size_t at;
    mci_arena *arena;
    mci_pickled **stack;
    size_t n, cap;
    size_t *marks;
    size_t n_marks, cap_marks;
    mci_pickled **memo; /* NULL where nothing was put */
    size_t n_memo, cap_memo, next_memo;
    size_t n_values;
    mci_pickled_storages *storages;
    bool is_done;
} machine;

static mc_status damaged(mc_error *err, const char *what)
{
    return mc_fail(err, MC_E_FORMAT, "the pickle is damaged: %s", what);
}

/* ---- bytes ---- */

static mc_status take(machine *m, uint64_t n, mc_str *out, mc_error *err)
{
    if (n > m->bytes.len - m->at)
        return damaged(err, "it is cut short");
    *out = (mc_str){ m->bytes.data + m->at, (size_t)n };
    m->at += (size_t)n;
    return MC_OK;
}

/* A little-endian number of n_bytes. */
static mc_status take_number(machine *m, size_t n_bytes, uint64_t *out, mc_error *err)
{
    mc_str bytes = { 0 };
    MC_TRY(take(m, n_bytes, &bytes, err));
    *out = 0;
    for (size_t i = n_bytes; i-- > 0;)
        *out = *out << 8 | (unsigned char)bytes.data[i];
    return MC_OK;
}

/* Bytes with their length before them, in n_bytes. */
static mc_status take_counted(machine *m, size_t n_bytes, mc_str *out, mc_error *err)
{
    uint64_t n = 0;
    MC_TRY(take_number(m, n_bytes, &n, err));
    return take(m, n, out, err);
}

static mc_status take_line(machine *m, mc_str *out, mc_error *err)
{
    const char *start = m->bytes.data + m->at;
    const char *end = memchr(start, '\n', m->bytes.len - m->at);
    if (!end)
        return damaged(err, "it is cut short");
    *out = (mc_str){ start, (size_t)(end - start) };
    m->at += out->len + 1;
    return MC_OK;
}

/* ---- stack ---- */

static mc_status push(machine *m, mci_pickled *value, mc_error *err)
{
    MC_TRY(mci_grow((void **)&m->stack, &m->cap, m->n + 1, sizeof *m->stack, err));
    m->stack[m->n++] = value;
    return MC_OK;
}

static mc_status push_new(machine *m, mci_pickled_kind kind, mci_pickled **out, mc_error *err)
{
    if (m->n_values++ >= MCI_PICKLE_VALUES)
        return mc_fail(err, MC_E_LIMIT, "a pickle of more than %d values", MCI_PICKLE_VALUES);
    mci_pickled *value = mci_arena_alloc(m->arena, sizeof *value);
    if (!value)
        return mci_nomem(err, sizeof *value);
    *value = (mci_pickled){ .kind = kind };
    *out = value;
    return push(m, value, err);
}

/* The lowest place on the stack that operations may take from: the last mark. */
static size_t floor_of(const machine *m)
{
    return m->n_marks ? m->marks[m->n_marks - 1] : 0;
}

static mc_status pop(machine *m, mci_pickled **out, mc_error *err)
{
    if (m->n <= floor_of(m))
        return damaged(err, "its stack is empty");
    *out = m->stack[--m->n];
    return MC_OK;
}

static mc_status top(machine *m, mci_pickled **out, mc_error *err)
{
    if (m->n <= floor_of(m))
        return damaged(err, "its stack is empty");
    *out = m->stack[m->n - 1];
    return MC_OK;
}

/* Takes all above the last mark off the stack; they stay readable at items until the next push. */
static mc_status pop_mark(machine *m, mci_pickled ***items, size_t *n, mc_error *err)
{
    if (m->n_marks == 0)
        return damaged(err, "a mark is missing");
    size_t mark = m->marks[--m->n_marks];
    *n = m->n - mark;
    *items = m->stack + mark;
    m->n = mark;
    return MC_OK;
}

/* ---- constants ---- */

static mc_status push_constant(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *value = NULL;
    MC_TRY(push_new(m, op == 'N' ? MCI_PICKLED_NONE : MCI_PICKLED_BOOL, &value, err));
    value->integer = op == 0x88;
    return MC_OK;
}

static mc_status push_int(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *value = NULL;
    uint64_t n = 0;
    MC_TRY(take_number(m, op == 'J' ? 4 : op == 'K' ? 1 : 2, &n, err));
    MC_TRY(push_new(m, MCI_PICKLED_INT, &value, err));
    value->integer = op == 'J' ? (int32_t)(uint32_t)n : (int64_t)n;
    return MC_OK;
}

/* An integer of any length, in two's complement; beyond 64 bits it is of no use here. */
static mc_status push_long(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *value = NULL;
    mc_str bytes = { 0 };
    MC_TRY(take_counted(m, op == 0x8a ? 1 : 4, &bytes, err));
    MC_TRY(push_new(m, bytes.len <= 8 ? MCI_PICKLED_INT : MCI_PICKLED_SHELL, &value, err));
    if (bytes.len > 8)
        return MC_OK;
    uint64_t n = bytes.len && bytes.data[bytes.len - 1] < 0 ? UINT64_MAX : 0;
    for (size_t i = bytes.len; i-- > 0;)
        n = n << 8 | (unsigned char)bytes.data[i];
    value->integer = (int64_t)n;
    return MC_OK;
}

static mc_status push_float(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *value = NULL;
    mc_str bytes = { 0 };
    uint64_t bits = 0;
    (void)op;
    MC_TRY(take(m, 8, &bytes, err));
    MC_TRY(push_new(m, MCI_PICKLED_FLOAT, &value, err));
    for (size_t i = 0; i < 8; i++)
        bits = bits << 8 | (unsigned char)bytes.data[i];
    memcpy(&value->real, &bits, sizeof bits);
    return MC_OK;
}

static size_t length_bytes(unsigned char op)
{
    switch (op) {
    case 'U':  /* SHORT_BINSTRING */
    case 'C':  /* SHORT_BINBYTES */
    case 0x8c: /* SHORT_BINUNICODE */
        return 1;
    case 0x8d: /* BINUNICODE8 */
    case 0x8e: /* BINBYTES8 */
    case 0x96: /* BYTEARRAY8 */
        return 8;
    default:
        return 4;
    }
}

static mc_status push_text(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *value = NULL;
    mc_str text = { 0 };
    MC_TRY(take_counted(m, length_bytes(op), &text, err));
    bool is_text = op != 'B' && op != 'C' && op != 0x8e && op != 0x96 && mci_utf8_valid(text);
    MC_TRY(push_new(m, is_text ? MCI_PICKLED_TEXT : MCI_PICKLED_BYTES, &value, err));
    value->text = text;
    return MC_OK;
}

/* ---- containers ---- */

/* Appends to a tuple, list or dict. */
static mc_status extend(machine *m, mci_pickled *list, mci_pickled **items, size_t n, mc_error *err)
{
    if (n == 0)
        return MC_OK;
    if (n > list->list.cap - list->list.n) {
        size_t cap = list->list.n + n > 2 * list->list.cap ? list->list.n + n : 2 * list->list.cap;
        mci_pickled **grown = mci_arena_alloc(m->arena, cap * sizeof *grown);
        if (!grown)
            return mci_nomem(err, cap * sizeof *grown);
        if (list->list.n)
            memcpy(grown, list->list.items, list->list.n * sizeof *grown);
        list->list.items = grown;
        list->list.cap = cap;
    }
    memcpy(list->list.items + list->list.n, items, n * sizeof *items);
    list->list.n += n;
    return MC_OK;
}

static mc_status push_empty(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *value = NULL;
    return push_new(m,
                    op == ')'   ? MCI_PICKLED_TUPLE
                    : op == ']' ? MCI_PICKLED_LIST
                    : op == '}' ? MCI_PICKLED_DICT
                                : MCI_PICKLED_SHELL, /* a set */
                    &value, err);
}

static mc_status push_mark(machine *m, unsigned char op, mc_error *err)
{
    (void)op;
    MC_TRY(mci_grow((void **)&m->marks, &m->cap_marks, m->n_marks + 1, sizeof *m->marks, err));
    m->marks[m->n_marks++] = m->n;
    return MC_OK;
}

/* A container of all above the mark. Its room is made before the push, which may use theirs. */
static mc_status push_marked(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled **items = NULL, *value = NULL, made = { 0 };
    size_t n = 0;
    MC_TRY(pop_mark(m, &items, &n, err));
    if (op == 'd' && n % 2 != 0)
        return damaged(err, "a key without a value");
    MC_TRY(extend(m, &made, items, n, err));
    MC_TRY(push_new(m, MCI_PICKLED_SHELL, &value, err));
    *value = made;
    value->kind = op == 't'   ? MCI_PICKLED_TUPLE
                  : op == 'l' ? MCI_PICKLED_LIST
                  : op == 'd' ? MCI_PICKLED_DICT
                              : MCI_PICKLED_SHELL; /* a frozenset */
    return MC_OK;
}

static mc_status push_tuple(machine *m, unsigned char op, mc_error *err)
{
    size_t n = op - 0x84u;
    mci_pickled *value = NULL, made = { 0 };
    if (m->n - floor_of(m) < n)
        return damaged(err, "its stack is empty");
    m->n -= n;
    MC_TRY(extend(m, &made, m->stack + m->n, n, err));
    MC_TRY(push_new(m, MCI_PICKLED_TUPLE, &value, err));
    made.kind = MCI_PICKLED_TUPLE;
    *value = made;
    return MC_OK;
}

/* Members for what lies on top: one (a, s), or all above the mark (e, u, 0x90). */
static mc_status add_members(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled **items = NULL, *target = NULL;
    size_t n = op == 'a' ? 1 : 2;
    bool in_pairs = op == 's' || op == 'u';
    if (op == 'a' || op == 's') {
        if (m->n - floor_of(m) < n)
            return damaged(err, "its stack is empty");
        m->n -= n;
        items = m->stack + m->n;
    } else {
        MC_TRY(pop_mark(m, &items, &n, err));
    }
    MC_TRY(top(m, &target, err));
    if (in_pairs && n % 2 != 0)
        return damaged(err, "a key without a value");
    mci_pickled_kind wanted = in_pairs ? MCI_PICKLED_DICT : MCI_PICKLED_LIST;
    if (target->kind == wanted)
        return extend(m, target, items, n, err);
    if (target->kind == MCI_PICKLED_SHELL)
        return MC_OK;
    return damaged(err, "members for what is no container");
}

/* ---- the stack itself, and the memo ---- */

static mc_status drop(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled **items = NULL, *value = NULL;
    size_t n = 0;
    if (op == '1' || (m->n_marks && m->n == floor_of(m)))
        return pop_mark(m, &items, &n, err);
    return pop(m, &value, err);
}

static mc_status duplicate(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *value = NULL;
    (void)op;
    MC_TRY(top(m, &value, err));
    return push(m, value, err);
}

static mc_status put(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *value = NULL;
    uint64_t at = m->next_memo;
    if (op != 0x94)
        MC_TRY(take_number(m, op == 'q' ? 1 : 4, &at, err));
    MC_TRY(top(m, &value, err));
    if (at >= MCI_PICKLE_VALUES)
        return mc_fail(err, MC_E_LIMIT, "a pickle of more than %d values", MCI_PICKLE_VALUES);
    MC_TRY(mci_grow((void **)&m->memo, &m->cap_memo, (size_t)at + 1, sizeof *m->memo, err));
    for (; m->n_memo <= at; m->n_memo++)
        m->memo[m->n_memo] = NULL;
    m->next_memo += m->memo[at] == NULL; /* MEMOIZE counts what is there */
    m->memo[at] = value;
    return MC_OK;
}

static mc_status get(machine *m, unsigned char op, mc_error *err)
{
    uint64_t at = 0;
    MC_TRY(take_number(m, op == 'h' ? 1 : 4, &at, err));
    if (at >= m->n_memo || !m->memo[at])
        return damaged(err, "it asks for what it never kept");
    return push(m, m->memo[at], err);
}

/* ---- names and calls ---- */

static mc_status push_global(machine *m, mc_str module, mc_str name, mc_error *err)
{
    mci_pickled *value = NULL;
    size_t global = 0;
    MC_TRY(mci_pickle_global(module, name, &global, err));
    MC_TRY(push_new(m, MCI_PICKLED_GLOBAL, &value, err));
    value->global = global;
    return MC_OK;
}

static mc_status name_global(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *module = NULL, *name = NULL;
    mc_str lines[2] = { 0 };
    if (op == 'c') {
        MC_TRY(take_line(m, &lines[0], err));
        MC_TRY(take_line(m, &lines[1], err));
        return push_global(m, lines[0], lines[1], err);
    }
    MC_TRY(pop(m, &name, err));
    MC_TRY(pop(m, &module, err));
    if (module->kind != MCI_PICKLED_TEXT || name->kind != MCI_PICKLED_TEXT)
        return damaged(err, "a name that is no text");
    return push_global(m, module->text, name->text, err);
}

/* function(args): REDUCE, NEWOBJ, NEWOBJ_EX. */
static mc_status call(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *function = NULL, *args = NULL, *value = NULL, made = { .kind = MCI_PICKLED_SHELL };
    if (op == 0x92)
        MC_TRY(pop(m, &args, err)); /* named arguments: only shells take any */
    MC_TRY(pop(m, &args, err));
    MC_TRY(pop(m, &function, err));
    if (function->kind != MCI_PICKLED_GLOBAL)
        return damaged(err, "it calls what is no function");
    MC_TRY(mci_pickle_call(function->global, args, m->arena, &made, err));
    /* A dict is made of copies, which count, or one list could be copied again and again. */
    m->n_values += made.kind == MCI_PICKLED_DICT ? made.list.n : 0;
    MC_TRY(push_new(m, MCI_PICKLED_SHELL, &value, err));
    *value = made;
    return MC_OK;
}

/* Gives an object its attributes. None matters here: a state dict's _metadata, options' values. */
static mc_status build(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *state = NULL, *object = NULL;
    (void)op;
    MC_TRY(pop(m, &state, err));
    return top(m, &object, err);
}

static mc_status load_storage(machine *m, unsigned char op, mc_error *err)
{
    mci_pickled *id = NULL, *value = NULL;
    (void)op;
    MC_TRY(pop(m, &id, err));
    mci_pickled_storage *storage = mci_arena_alloc(m->arena, sizeof *storage);
    if (!storage)
        return mci_nomem(err, sizeof *storage);
    *storage = (mci_pickled_storage){ 0 };
    MC_TRY(mci_pickle_storage(id, storage, err));
    if (m->storages) {
        MC_TRY(mci_grow((void **)&m->storages->items, &m->storages->cap, m->storages->n + 1,
                        sizeof *m->storages->items, err));
        m->storages->items[m->storages->n++] = storage;
    }
    MC_TRY(push_new(m, MCI_PICKLED_STORAGE, &value, err));
    value->storage = storage;
    return MC_OK;
}

/* ---- the whole ---- */

static mc_status read_protocol(machine *m, unsigned char op, mc_error *err)
{
    uint64_t n = 0;
    (void)op;
    MC_TRY(take_number(m, 1, &n, err));
    if (n > PROTOCOL)
        return mc_fail(err, MC_E_FORMAT, "pickle protocol %u is not known (0 to %d are)",
                       (unsigned)n, PROTOCOL);
    return MC_OK;
}

static mc_status read_frame(machine *m, unsigned char op, mc_error *err)
{
    uint64_t n = 0;
    (void)op;
    MC_TRY(take_number(m, 8, &n, err));
    return n <= m->bytes.len - m->at ? MC_OK : damaged(err, "it is cut short");
}

static mc_status stop(machine *m, unsigned char op, mc_error *err)
{
    (void)op;
    m->is_done = true;
    return m->n > 0 && m->n_marks == 0 ? MC_OK : damaged(err, "it gives nothing");
}

typedef mc_status operation(machine *m, unsigned char op, mc_error *err);

static operation *const operations[256] = {
    [0x80] = read_protocol,
    [0x95] = read_frame,
    ['.'] = stop,
    ['N'] = push_constant,
    [0x88] = push_constant,
    [0x89] = push_constant,
    ['J'] = push_int,
    ['K'] = push_int,
    ['M'] = push_int,
    [0x8a] = push_long,
    [0x8b] = push_long,
    ['G'] = push_float,
    ['X'] = push_text,
    [0x8c] = push_text,
    [0x8d] = push_text,
    ['T'] = push_text,
    ['U'] = push_text,
    ['B'] = push_text,
    ['C'] = push_text,
    [0x8e] = push_text,
    [0x96] = push_text,
    [')'] = push_empty,
    [']'] = push_empty,
    ['}'] = push_empty,
    [0x8f] = push_empty,
    ['('] = push_mark,
    ['t'] = push_marked,
    ['l'] = push_marked,
    ['d'] = push_marked,
    [0x91] = push_marked,
    [0x85] = push_tuple,
    [0x86] = push_tuple,
    [0x87] = push_tuple,
    ['a'] = add_members,
    ['e'] = add_members,
    ['s'] = add_members,
    ['u'] = add_members,
    [0x90] = add_members,
    ['0'] = drop,
    ['1'] = drop,
    ['2'] = duplicate,
    ['q'] = put,
    ['r'] = put,
    [0x94] = put,
    ['h'] = get,
    ['j'] = get,
    ['c'] = name_global,
    [0x93] = name_global,
    ['R'] = call,
    [0x81] = call,
    [0x92] = call,
    ['b'] = build,
    ['Q'] = load_storage,
};

static mc_status run(machine *m, mc_error *err)
{
    while (!m->is_done) {
        mc_str op = { 0 };
        MC_TRY(take(m, 1, &op, err));
        unsigned char code = (unsigned char)op.data[0];
        if (!operations[code])
            return mc_fail(err, MC_E_FORMAT,
                           "the pickle is damaged, or of a kind that torch.save does not write: "
                           "operation 0x%02x at byte %zu",
                           code, m->at - 1);
        MC_TRY(operations[code](m, code, err));
    }
    return MC_OK;
}

mc_status mci_pickle_read(mc_str bytes, mci_arena *arena, const mci_pickled **root, size_t *n_used,
                          mci_pickled_storages *storages, mc_error *err)
{
    machine m = { .bytes = bytes, .arena = arena, .storages = storages };
    mc_status status = run(&m, err);
    if (status >= 0) {
        *root = m.stack[m.n - 1];
        *n_used = m.at;
    }
    mci_free(m.stack);
    mci_free(m.marks);
    mci_free(m.memo);
    return status;
}

const mci_pickled *mci_pickled_get(const mci_pickled *value, const char *key)
{
    if (value->kind != MCI_PICKLED_DICT)
        return NULL;
    mc_str wanted = mc_str_of(key);
    for (size_t i = value->list.n; i >= 2; i -= 2) {
        const mci_pickled *name = value->list.items[i - 2];
        if (name->kind == MCI_PICKLED_TEXT && mc_str_equal(name->text, wanted))
            return value->list.items[i - 1];
    }
    return NULL;
}
