#include "model/pt.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "io/zip.h"
#include "model/pickle.h"

/* The object's pickle holds names and shapes; a hundred thousand tensors take less. */
enum { MAX_PICKLE = 64 << 20, MAX_PREFIX = 256 };

/* Pickle of the integer 0x1950a86a20f9469cfc6c, then (any protocol) of 1001. */
static const char magic[] = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

enum { MAGIC_BYTES = sizeof magic - 1 };

typedef struct pt pt;

struct pt {
    mc_str file;
    mci_zip zip;
    char prefix[MAX_PREFIX];         /* "archive/" */
    struct legacy_storage *storages; /* the older form's, by key */
    size_t n_storages;
    mci_arena arena;
    mci_pickled_storages named;
    mci_buf name;
};

/* Where the magic number's pickle ends, which has a frame from protocol 4 on; 0 if it is none. */
static size_t magic_end(mc_str start)
{
    static const size_t places[] = { 2, 11 };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        size_t end = places[i] + MAGIC_BYTES;
        if (start.len >= end && start.data[0] == '\x80' && (i == 0 || start.data[2] == '\x95') &&
            memcmp(start.data + places[i], magic, MAGIC_BYTES) == 0)
            return end;
    }
    return 0;
}

bool mci_pt_is(mc_str start)
{
    return mci_zip_is(start) || magic_end(start) > 0;
}

/* ---- the state dict ---- */

static bool holds_tensors(const mci_pickled *value)
{
    if (!value || value->kind != MCI_PICKLED_DICT)
        return false;
    for (size_t i = 1; i < value->list.n; i += 2)
        if (value->list.items[i]->kind == MCI_PICKLED_TENSOR)
            return true;
    return false;
}

static mc_status find_state(const mci_pickled *root, const mci_pickled **out, mc_error *err)
{
    static const char *const keys[] = { "state_dict", "model", "model_state_dict" };
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        *out = mci_pickled_get(root, keys[i]);
        if (holds_tensors(*out))
            return MC_OK;
    }
    *out = root;
    if (holds_tensors(root))
        return MC_OK;
    return mc_fail(err, MC_E_FORMAT,
                   "holds no tensors by name: neither itself nor under state_dict, model or "
                   "model_state_dict");
}

/* ---- the zip form ---- */

static const mci_zip_entry *find_entry(pt *file, const char *folder, mc_str name, mc_error *err)
{
    mci_buf_clear(&file->name);
    if (mci_buf_printf(&file->name, err, "%s%s", file->prefix, folder) < 0 ||
        mci_buf_add(&file->name, name, err) < 0)
        return NULL;
    return mci_zip_find(&file->zip, mci_buf_str(&file->name));
}

/* Whether a later name says that this is a program: torch.jit.save's form. */
static bool is_script(pt *file)
{
    return find_entry(file, "", mc_str_of("constants.pkl"), NULL) != NULL;
}

static mc_status check_stored(const mci_zip *zip, mc_error *err)
{
    for (size_t i = 0; i < zip->n; i++) {
        mc_str name = zip->entries[i].name;
        if (zip->entries[i].is_compressed)
            return mc_fail(err, MC_E_FORMAT,
                           "%.*s is compressed; torch.save stores what it writes as it is, so pack "
                           "the file again without compression",
                           name.len < 200 ? (int)name.len : 200, name.data);
    }
    return MC_OK;
}

static bool ends_with(mc_str text, const char *end)
{
    size_t n = strlen(end);
    return text.len >= n && memcmp(text.data + text.len - n, end, n) == 0;
}

/* The folder that all lies in is called as the file once was. */
static mc_status find_pickle(pt *file, const mci_zip_entry **out, mc_error *err)
{
    *out = NULL;
    for (size_t i = 0; i < file->zip.n; i++) {
        const mci_zip_entry *entry = &file->zip.entries[i];
        size_t n = entry->name.len - strlen("data.pkl");
        if (!ends_with(entry->name, "data.pkl") || n >= sizeof file->prefix ||
            (*out && (*out)->name.len <= entry->name.len))
            continue;
        memcpy(file->prefix, entry->name.data, n);
        file->prefix[n] = '\0';
        *out = entry;
    }
    if (!*out)
        return mc_fail(err, MC_E_FORMAT, "a zip archive, but not PyTorch's: it has no data.pkl");
    if (strlen(file->prefix) != (*out)->name.len - strlen("data.pkl"))
        return mc_fail(err, MC_E_FORMAT, "a zip archive with a NUL in a name");
    if (is_script(file))
        return mc_fail(err, MC_E_FORMAT,
                       "a TorchScript archive, which is a program; save the model's state_dict() "
                       "with torch.save instead");
    MC_TRY(check_stored(&file->zip, err));
    if ((*out)->bytes.len > MAX_PICKLE)
        return mc_fail(err, MC_E_LIMIT, "a pickle of %zu bytes", (*out)->bytes.len);
    const mci_zip_entry *order = find_entry(file, "", mc_str_of("byteorder"), err);
    if (order && !mc_str_equal(order->bytes, mc_str_of("little")))
        return mc_fail(err, MC_E_FORMAT,
                       "its numbers are big-endian; save it again on a "
                       "little-endian machine");
    return MC_OK;
}

static mc_status zip_storage(pt *file, const mci_pickled_storage *storage, mc_str *out,
                             mc_error *err)
{
    const mci_zip_entry *entry = find_entry(file, "data/", storage->key, err);
    if (!entry)
        return mc_fail(err, MC_E_FORMAT, "the storage %.*s is missing",
                       storage->key.len < 100 ? (int)storage->key.len : 100, storage->key.data);
    size_t bytes = mci_stored_type_bytes(storage->type);
    if (bytes && entry->bytes.len / bytes < storage->n_values)
        return mc_fail(err, MC_E_FORMAT, "the storage %.*s is shorter than stated",
                       storage->key.len < 100 ? (int)storage->key.len : 100, storage->key.data);
    *out = entry->bytes;
    return MC_OK;
}

static mc_status open_zip(pt *file, const mci_pickled **root, mc_error *err)
{
    const mci_zip_entry *entry = NULL;
    size_t n_used = 0;
    MC_TRY(mci_zip_parse(file->file, &file->zip, err));
    MC_TRY(find_pickle(file, &entry, err));
    return mci_pickle_read(entry->bytes, &file->arena, root, &n_used, NULL, err);
}

/* ---- the older form ---- */

typedef struct legacy_storage {
    mc_str key;
    mci_stored_type type;
    mc_str bytes;
} legacy_storage;

static int by_key(const void *a, const void *b)
{
    mc_str x = ((const legacy_storage *)a)->key, y = ((const legacy_storage *)b)->key;
    size_t n = x.len < y.len ? x.len : y.len;
    int order = n ? memcmp(x.data, y.data, n) : 0;
    return order ? order : (x.len > y.len) - (x.len < y.len);
}

static legacy_storage *find_storage(const pt *file, mc_str key)
{
    legacy_storage wanted = { .key = key };
    return file->n_storages
               ? bsearch(&wanted, file->storages, file->n_storages, sizeof wanted, by_key)
               : NULL;
}

/* One for each key that the object's pickle names, with no bytes yet. */
static mc_status list_storages(pt *file, mc_error *err)
{
    size_t n = 0;
    file->storages = mci_alloc_zeroed(file->named.n, sizeof *file->storages);
    if (!file->storages)
        return mci_nomem(err, file->named.n * sizeof *file->storages);
    for (size_t i = 0; i < file->named.n; i++)
        file->storages[i] = (legacy_storage){ .key = file->named.items[i]->key,
                                              .type = file->named.items[i]->type };
    if (file->named.n)
        qsort(file->storages, file->named.n, sizeof *file->storages, by_key);
    for (size_t i = 0; i < file->named.n; i++) {
        if (n && by_key(&file->storages[n - 1], &file->storages[i]) == 0) {
            if (file->storages[n - 1].type != file->storages[i].type)
                return mc_fail(err, MC_E_FORMAT, "one storage has two types");
            continue;
        }
        file->storages[n++] = file->storages[i];
    }
    file->n_storages = n;
    return MC_OK;
}

static mc_status next_pickle(pt *file, size_t *at, const mci_pickled **root,
                             mci_pickled_storages *storages, mc_error *err)
{
    mc_str rest = { file->file.data + *at, file->file.len - *at };
    size_t n_used = 0;
    if (rest.len > MAX_PICKLE)
        rest.len = MAX_PICKLE;
    MC_TRY(mci_pickle_read(rest, &file->arena, root, &n_used, storages, err));
    *at += n_used;
    return MC_OK;
}

/* The values of one storage, which lie at *at. */
static mc_status take_storage(pt *file, size_t *at, const mci_pickled *key, mc_error *err)
{
    legacy_storage *storage = key->kind == MCI_PICKLED_TEXT ? find_storage(file, key->text) : NULL;
    if (!storage || storage->bytes.data)
        return mc_fail(err, MC_E_FORMAT, "a storage comes that nobody named, or twice");
    size_t bytes = mci_stored_type_bytes(storage->type);
    if (bytes == 0)
        return mc_fail(err, MC_E_FORMAT, "holds numbers of a type that is not known here");
    uint64_t n = 0;
    if (file->file.len - *at < 8)
        return mc_fail(err, MC_E_FORMAT, "the file is cut short");
    for (size_t i = 8; i-- > 0;)
        n = n << 8 | (unsigned char)file->file.data[*at + i];
    *at += 8;
    if (n > (file->file.len - *at) / bytes)
        return mc_fail(err, MC_E_FORMAT, "the file is cut short");
    storage->bytes = (mc_str){ file->file.data + *at, (size_t)n * bytes };
    *at += storage->bytes.len;
    return MC_OK;
}

static mc_status check_system(const mci_pickled *facts, mc_error *err)
{
    const mci_pickled *order = mci_pickled_get(facts, "little_endian");
    if (order && order->kind == MCI_PICKLED_BOOL && !order->integer)
        return mc_fail(err, MC_E_FORMAT,
                       "its numbers are big-endian; save it again on a "
                       "little-endian machine");
    return MC_OK;
}

static mc_status open_legacy(pt *file, const mci_pickled **root, mc_error *err)
{
    size_t at = magic_end(file->file);
    const mci_pickled *protocol = NULL, *system = NULL, *keys = NULL;
    MC_TRY(next_pickle(file, &at, &protocol, NULL, err));
    if (protocol->kind != MCI_PICKLED_INT || protocol->integer != 1001)
        return mc_fail(err, MC_E_FORMAT,
                       "a PyTorch file of a protocol that is not known (1001 is)");
    MC_TRY(next_pickle(file, &at, &system, NULL, err));
    MC_TRY(check_system(system, err));
    MC_TRY(next_pickle(file, &at, root, &file->named, err));
    MC_TRY(next_pickle(file, &at, &keys, NULL, err));
    MC_TRY(list_storages(file, err));
    if (keys->kind != MCI_PICKLED_LIST)
        return mc_fail(err, MC_E_FORMAT, "the list of storages is missing");
    for (size_t i = 0; i < keys->list.n; i++)
        MC_TRY(take_storage(file, &at, keys->list.items[i], err));
    return MC_OK;
}

static mc_status legacy_storage_bytes(pt *file, const mci_pickled_storage *storage, mc_str *out,
                                      mc_error *err)
{
    const legacy_storage *found = find_storage(file, storage->key);
    if (!found || !found->bytes.data)
        return mc_fail(err, MC_E_FORMAT, "the storage %.*s is missing",
                       storage->key.len < 100 ? (int)storage->key.len : 100, storage->key.data);
    size_t bytes = mci_stored_type_bytes(found->type);
    uint64_t n = found->bytes.len / bytes;
    *out = found->bytes;
    if (!storage->is_view)
        return MC_OK;
    if (storage->view_offset > n || storage->view_values > n - storage->view_offset)
        return mc_fail(err, MC_E_FORMAT, "a view reaches beyond its storage");
    *out = (mc_str){ found->bytes.data + storage->view_offset * bytes,
                     (size_t)storage->view_values * bytes };
    return MC_OK;
}

/* ---- the tensors ---- */

static mc_status add_tensor(pt *file, mc_str name, const mci_pickled_tensor *from,
                            mci_tensor_store *store, mc_error *err)
{
    mci_stored tensor = { .name = name, .type = from->type, .rank = from->rank };
    mc_str storage = { 0 };
    memcpy(tensor.dims, from->dims, sizeof tensor.dims);
    memcpy(tensor.strides, from->strides, sizeof tensor.strides);
    mc_status status = MC_OK;
    if (mci_stored_n_values(from->rank, from->dims) > 0)
        status = file->zip.n ? zip_storage(file, from->storage, &storage, err)
                             : legacy_storage_bytes(file, from->storage, &storage, err);
    if (status >= 0)
        return mci_tensor_store_add(store, &tensor, storage, from->offset, err);
    return mc_add_context(err, status, "%.*s", name.len < 200 ? (int)name.len : 200, name.data);
}

static mc_status add_tensors(pt *file, const mci_pickled *root, mci_tensor_store *store,
                             mc_error *err)
{
    const mci_pickled *state = NULL;
    MC_TRY(find_state(root, &state, err));
    for (size_t i = 0; i + 1 < state->list.n; i += 2) {
        const mci_pickled *name = state->list.items[i], *value = state->list.items[i + 1];
        if (name->kind == MCI_PICKLED_TEXT && value->kind == MCI_PICKLED_TENSOR)
            MC_TRY(add_tensor(file, name->text, value->tensor, store, err));
    }
    return MC_OK;
}

mc_status mci_pt_parse(mc_str bytes, mci_tensor_store *store, mc_error *err)
{
    pt file = { .file = bytes };
    const mci_pickled *root = NULL;
    bool is_zip = mci_zip_is(bytes);
    store->form = is_zip ? "PyTorch, zip" : "PyTorch, before 1.6";
    mc_status status = is_zip ? open_zip(&file, &root, err) : open_legacy(&file, &root, err);
    if (status >= 0)
        status = add_tensors(&file, root, store, err);
    mci_zip_release(&file.zip);
    mci_arena_release(&file.arena);
    mci_buf_release(&file.name);
    mci_free(file.storages);
    mci_free(file.named.items);
    return status;
}
