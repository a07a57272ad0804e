#include "run/verify_list.h"

#include "io/items.h"

enum { MAX_UUID_BYTES = 1 << 16 };

mci_hash128 mci_uuid_key(mc_str uuid)
{
    return mci_hash128_pair(uuid, mc_str_of(""));
}

/* ---- reading ---- */

/* Does something with one uuid of the file. */
typedef mc_status take_fn(void *user, mc_str uuid, uint64_t line, mc_error *err);

static mc_status each_item(mci_stream *stream, take_fn *take, void *user, mc_error *err)
{
    mci_items *items = NULL;
    mc_str uuid;
    uint64_t offset, line = 0;
    MC_TRY(mci_items_open(stream, MAX_UUID_BYTES, &items, err));
    mc_status status;
    while ((status = mci_items_next(items, &uuid, &offset, err)) == MC_OK) {
        status = take(user, uuid, ++line, err);
        if (status < 0)
            break;
    }
    mci_items_close(items);
    if (status == MC_SKIPPED)
        status = mc_add_context(err, MC_E_FORMAT, "the list cannot be read whole");
    return status < 0 ? status : MC_OK;
}

static mc_status each_uuid(const char *path, take_fn *take, void *user, mc_error *err)
{
    mci_stream *stream = NULL;
    MC_TRY(mci_stream_open(path, &stream, err));
    mc_status status = each_item(stream, take, user, err);
    mci_stream_close(stream);
    return status < 0 ? mc_add_context(err, status, "%s", path) : MC_OK;
}

static mc_status add_listed(void *user, mc_str uuid, uint64_t line, mc_error *err)
{
    mci_uuid_list *list = user;
    bool is_new;
    (void)line;
    MC_TRY(mci_key_set_add(&list->listed, mci_uuid_key(uuid), &is_new, err));
    list->report->list.n_listed += is_new;
    list->report->list.n_repeated += !is_new;
    return MC_OK;
}

mc_status mci_uuid_list_open(const char *path, mc_verification *report, mci_uuid_list *out,
                             mc_error *err)
{
    *out = (mci_uuid_list){ .path = path, .report = report };
    pthread_mutex_init(&out->lock, NULL);
    return path ? each_uuid(path, add_listed, out, err) : MC_OK;
}

void mci_uuid_list_close(mci_uuid_list *list)
{
    if (!list->report)
        return;
    mc_balancer_free(list->balancer);
    mci_key_set_release(&list->listed);
    mci_key_set_release(&list->drawn);
    pthread_mutex_destroy(&list->lock);
}

/* ---- comparing ---- */

static mc_status take_locked(mci_uuid_list *list, mci_hash128 uuid, bool *is_listed, mc_error *err)
{
    bool is_first, is_missing;
    *is_listed = true;
    MC_TRY(mci_key_set_add(&list->drawn, uuid, &is_first, err));
    if (!is_first)
        return MC_OK;
    MC_TRY(mci_key_set_add(&list->listed, uuid, &is_missing, err));
    *is_listed = !is_missing;
    list->report->list.n_drawn++;
    list->report->list.n_only_drawn += is_missing;
    list->report->list.n_both += !is_missing;
    return MC_OK;
}

mc_status mci_uuid_list_take(mci_uuid_list *list, mci_hash128 uuid, bool *is_listed, mc_error *err)
{
    pthread_mutex_lock(&list->lock);
    mc_status status = take_locked(list, uuid, is_listed, err);
    pthread_mutex_unlock(&list->lock);
    return status;
}

typedef struct {
    mci_uuid_list *list;
    mci_findings *findings;
    uint64_t n_named;
} naming;

/* Added to the drawn ones, so that a repeated line is named once. */
static mc_status name_unless_drawn(void *user, mc_str uuid, uint64_t line, mc_error *err)
{
    naming *n = user;
    bool is_new = false;
    if (n->n_named == MC_MAX_FINDINGS)
        return MC_OK;
    MC_TRY(mci_key_set_add(&n->list->drawn, mci_uuid_key(uuid), &is_new, err));
    if (!is_new)
        return MC_OK;
    /* Leaves room for some that are only drawn. */
    uint64_t place = n->n_named < MC_MAX_FINDINGS / 2 ? MCI_PLACE_FIRST : MCI_PLACE_LAST;
    mci_found(n->findings, MC_CHECK_list, place, "%s, line %llu: %.*s is not in the set",
              n->list->path, (unsigned long long)line, (int)(uuid.len < 100 ? uuid.len : 100),
              uuid.data);
    n->n_named++;
    return MC_OK;
}

mc_status mci_uuid_list_end(mci_uuid_list *list, mci_findings *findings, mc_error *err)
{
    uint64_t n_only = list->report->list.n_listed - list->report->list.n_both;
    naming n = { .list = list, .findings = findings };
    list->report->list.n_only_listed = n_only;
    mci_checked(findings, MC_CHECK_list, list->report->list.n_listed);
    if (n_only > 0 && strcmp(list->path, "-") != 0)
        MC_TRY(each_uuid(list->path, name_unless_drawn, &n, err));
    else if (n_only > 0)
        mci_found(findings, MC_CHECK_list, MCI_PLACE_FIRST,
                  "standard input: %llu of its uuids are not in the set",
                  (unsigned long long)n_only);
    n.n_named += strcmp(list->path, "-") == 0 && n_only > 0;
    if (n_only > n.n_named)
        mci_found_more(findings, MC_CHECK_list, n_only - n.n_named);
    return MC_OK;
}
