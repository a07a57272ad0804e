#include "model/pickle.h"

#include "base/alloc.h"
#include "test.h"

#define BYTES(text) text, sizeof text - 1

static mc_status run(const char *bytes, size_t n, mci_arena *arena, const mci_pickled **root,
                     mc_error *err)
{
    size_t n_used = 0;
    *err = (mc_error){ 0 };
    mc_status status = mci_pickle_read((mc_str){ bytes, n }, arena, root, &n_used, NULL, err);
    assert_true(status < 0 ? err->text[0] != '\0' : n_used <= n);
    return status;
}

/* ---- data ---- */

static const struct {
    const char *name, *bytes;
    size_t n;
    mci_pickled_kind kind;
    int64_t integer; /* or the length */
} values[] = {
    { "none", BYTES("\x80\x02N."), MCI_PICKLED_NONE, 0 },
    { "true", BYTES("\x80\x02\x88."), MCI_PICKLED_BOOL, 1 },
    { "one byte", BYTES("\x80\x02K\xff."), MCI_PICKLED_INT, 255 },
    { "two bytes", BYTES("M\x01\x02."), MCI_PICKLED_INT, 513 },
    { "four bytes, negative", BYTES("J\xff\xff\xff\xff."), MCI_PICKLED_INT, -1 },
    { "long 0", BYTES("\x8a\x00."), MCI_PICKLED_INT, 0 },
    { "long, negative", BYTES("\x8a\x02\x00\xff."), MCI_PICKLED_INT, -256 },
    { "long of 9 bytes",
      BYTES("\x8a\x09"
            "123456789."),
      MCI_PICKLED_SHELL, 0 },
    { "text", BYTES("X\x02\0\0\0\xc3\xa9."), MCI_PICKLED_TEXT, 2 },
    { "text that is no UTF-8", BYTES("\x8c\x01\xff."), MCI_PICKLED_BYTES, 1 },
    { "bytes",
      BYTES("C\x03"
            "a\0b."),
      MCI_PICKLED_BYTES, 3 },
    { "empty tuple", BYTES(")."), MCI_PICKLED_TUPLE, 0 },
    { "tuple of three", BYTES("NNN\x87."), MCI_PICKLED_TUPLE, 3 },
    { "tuple of a mark", BYTES("(NNNNt."), MCI_PICKLED_TUPLE, 4 },
    { "list", BYTES("](NNe."), MCI_PICKLED_LIST, 2 },
    { "list, one by one", BYTES("]NaNaNa."), MCI_PICKLED_LIST, 3 },
    { "dict", BYTES("}(NNNNu."), MCI_PICKLED_DICT, 4 },
    { "set", BYTES("\x8f(NN\x90."), MCI_PICKLED_SHELL, 0 },
    { "frozenset", BYTES("(NN\x91."), MCI_PICKLED_SHELL, 0 },
    { "frame and memo", BYTES("\x80\x04\x95\x04\0\0\0\0\0\0\0N\x94h\x00."), MCI_PICKLED_NONE, 0 },
    { "an ordered dict", BYTES("ccollections\nOrderedDict\n)R."), MCI_PICKLED_DICT, 0 },
    { "with attributes", BYTES("ccollections\nOrderedDict\n)R}b."), MCI_PICKLED_DICT, 0 },
    { "by stack",
      BYTES("\x8c\x0b"
            "collections\x8c\x0bOrderedDict\x93)R."),
      MCI_PICKLED_DICT, 0 },
    { "of pairs",
      BYTES("ccollections\nOrderedDict\n](NN\x86NN\x86"
            "e\x85R."),
      MCI_PICKLED_DICT, 4 },
    { "options", BYTES("cargparse\nNamespace\n)\x81}X\x01\0\0\0aNsb."), MCI_PICKLED_SHELL, 0 },
    { "a list in itself",
      BYTES("]q\x00h\x00"
            "a."),
      MCI_PICKLED_LIST, 1 },
    { "a size", BYTES("ctorch\nSize\nK\x02K\x03\x86\x85R."), MCI_PICKLED_TUPLE, 2 },
    { "a mark is dropped", BYTES("N(1."), MCI_PICKLED_NONE, 0 },
};

static void data_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        mc_error err;
        mci_arena arena = { 0 };
        const mci_pickled *root = NULL;
        print_message("  case: %s\n", values[i].name);
        assert_ok(run(values[i].bytes, values[i].n, &arena, &root, &err), err);
        assert_int_equal(root->kind, values[i].kind);
        if (root->kind == MCI_PICKLED_INT || root->kind == MCI_PICKLED_BOOL)
            assert_true(root->integer == values[i].integer);
        if (root->kind == MCI_PICKLED_TEXT || root->kind == MCI_PICKLED_BYTES)
            assert_int_equal(root->text.len, values[i].integer);
        if (root->kind >= MCI_PICKLED_TUPLE && root->kind <= MCI_PICKLED_DICT)
            assert_int_equal(root->list.n, values[i].integer);
        mci_arena_release(&arena);
    }
}

static void every_prefix_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        for (size_t n = 0; n < values[i].n; n++) {
            mc_error err;
            mci_arena arena = { 0 };
            const mci_pickled *root = NULL;
            char *copy = malloc(n + 1); /* so that a byte too many is seen */
            memcpy(copy, values[i].bytes, n);
            assert_int_equal(run(copy, n, &arena, &root, &err), MC_E_FORMAT);
            assert_null(root);
            free(copy);
            mci_arena_release(&arena);
        }
}

/* ---- what is refused ---- */

static const struct {
    const char *name, *bytes;
    size_t n;
    const char *says;
} refused[] = {
    { "a function", BYTES("cos\nsystem\n(X\x02\0\0\0idtR."),
      "refuses os.system: a checkpoint holds data only" },
    { "by stack",
      BYTES("\x8c\x08"
            "builtins\x8c\x04"
            "eval\x93."),
      "refuses builtins.eval" },
    { "Python 2's", BYTES("c__builtin__\neval\n."), "refuses __builtin__.eval" },
    { "hidden under torch", BYTES("ctorch\nload\n."), "refuses torch.load" },
    { "a name with dots", BYTES("ccollections\nOrderedDict.get\n."),
      "refuses collections.Ordered" },
    { "the text operations", BYTES("(S'id'\nios\nsystem\n."), "operation 0x53 at byte 1" },
    { "an extension", BYTES("\x82\x01."), "operation 0x82" },
    { "protocol 9", BYTES("\x80\x09N."), "protocol 9" },
    { "no stack", BYTES("."), "it gives nothing" },
    { "an open mark", BYTES("N(."), "it gives nothing" },
    { "below the mark", BYTES("N(\x85."), "its stack is empty" },
    { "no mark", BYTES("Nt."), "a mark is missing" },
    { "a key alone", BYTES("}(Nu."), "a key without a value" },
    { "members of a number", BYTES("K\x01Na."), "no container" },
    { "what it never kept", BYTES("h\x05."), "never kept" },
    { "a memo beyond all", BYTES("Nr\xff\xff\xff\xff."), "more than" },
    { "calling a number", BYTES("K\x01)R."), "calls what is no function" },
    { "a long text",
      BYTES("X\xff\xff\xff\xff"
            "a."),
      "cut short" },
    { "a longer text",
      BYTES("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
            "a."),
      "cut short" },
    { "a long frame", BYTES("\x95\xff\xff\xff\xff\xff\xff\xff\x7f."), "cut short" },
    { "a tensor of nothing", BYTES("ctorch._utils\n_rebuild_tensor_v2\n)R."), "without a storage" },
    { "storage of a number", BYTES("K\x01Q."), "something else than storages" },
};

static void programs_and_damage_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        mc_error err;
        mci_arena arena = { 0 };
        const mci_pickled *root = NULL;
        print_message("  case: %s\n", refused[i].name);
        assert_true(run(refused[i].bytes, refused[i].n, &arena, &root, &err) < 0);
        assert_says(err.text, refused[i].says);
        assert_null(root);
        mci_arena_release(&arena);
    }
}

/* ---- bombs: each ends, and soon, without much memory ---- */

static char *repeat(const char *start, const char *again, size_t n_again, size_t times,
                    const char *end, size_t *n)
{
    size_t first = strlen(start), last = strlen(end);
    char *bytes = malloc(first + n_again * times + last);
    assert_non_null(bytes);
    memcpy(bytes, start, first);
    for (size_t i = 0; i < times; i++)
        memcpy(bytes + first + i * n_again, again, n_again);
    memcpy(bytes + first + n_again * times, end, last);
    *n = first + n_again * times + last;
    return bytes;
}

static void bombs_end(void **state)
{
    (void)state;
    static const struct {
        const char *name, *start, *again;
        size_t n_again, times;
        const char *end;
        mc_status want;
    } bombs[] = {
        { "tuples in tuples", "N", BYTES("\x85"), 500000, ".", MC_OK },
        { "marks", "", BYTES("("), 5000000, "N.", MC_E_FORMAT },
        { "too many values", "", BYTES("N"), 5000000, ".", MC_E_LIMIT },
        { "one value many times", "N", BYTES("2"), 20000000, ".", MC_OK },
        { "each twice the last", ")", BYTES("2\x86"), 1000000, ".", MC_OK },
        { "a list copied into dicts", "ccollections\nOrderedDict\nq\x01]q\x02(", BYTES("NN\x86"),
          100000,
          "e\x85q\x03h\x01h\x03Rh\x01h\x03Rh\x01h\x03Rh\x01h\x03Rh\x01h\x03Rh\x01h\x03Rh\x01h\x03R"
          ".",
          MC_E_LIMIT },
    };
    for (size_t i = 0; i < COUNT_OF(bombs); i++) {
        mc_error err;
        mci_arena arena = { 0 };
        const mci_pickled *root = NULL;
        size_t n;
        print_message("  case: %s\n", bombs[i].name);
        char *bytes = repeat(bombs[i].start, bombs[i].again, bombs[i].n_again, bombs[i].times,
                             bombs[i].end, &n);
        assert_int_equal(run(bytes, n, &arena, &root, &err), bombs[i].want);
        free(bytes);
        mci_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_read),
        cmocka_unit_test(every_prefix_fails),
        cmocka_unit_test(programs_and_damage_are_refused_by_name),
        cmocka_unit_test(bombs_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
