#include "train/buckets.h"

#include "base/alloc.h"

mc_status mci_buckets_make(mci_buckets *buckets, mci_dist *dist, const mci_params *params,
                           mc_error *err)
{
    *buckets = (mci_buckets){ .dist = dist, .params = params };
    buckets->sent = mci_alloc_zeroed(params->n, sizeof *buckets->sent);
    return buckets->sent ? MC_OK : mci_nomem(err, params->n);
}

void mci_buckets_release(mci_buckets *buckets)
{
    mci_free(buckets->sent);
    *buckets = (mci_buckets){ 0 };
}

void mci_buckets_start(mci_buckets *buckets, float *grads)
{
    memset(buckets->sent, 0, buckets->params->n * sizeof *buckets->sent);
    buckets->grads = grads;
    buckets->status = MC_OK;
}

static void send(mci_buckets *buckets, size_t at, size_t n)
{
    if (n && buckets->status >= 0)
        buckets->status = mci_dist_sum_begin(buckets->dist, buckets->grads + at, n, &buckets->err);
}

/* Neighbours in the vector go together. */
void mci_buckets_send(mci_buckets *buckets, const char *prefix)
{
    const mci_params *params = buckets->params;
    const size_t len = strlen(prefix);
    for (int decaying = 1; decaying >= 0; decaying--) {
        size_t at = 0, n = 0;
        for (size_t i = 0; i < params->n; i++) {
            const mci_param *param = &params->items[i];
            if (buckets->sent[i] || param->decays != decaying ||
                strncmp(param->name, prefix, len) != 0)
                continue;
            buckets->sent[i] = true;
            if (n && param->at != at + n) {
                send(buckets, at, n);
                n = 0;
            }
            at = n ? at : param->at;
            n += param->n;
        }
        send(buckets, at, n);
    }
}

mc_status mci_buckets_finish(mci_buckets *buckets, mc_error *err)
{
    mci_buckets_send(buckets, "");
    const mc_status status = mci_dist_wait(buckets->dist, err);
    if (buckets->status < 0)
        return mc_fail(err, buckets->status, "%s", buckets->err.text);
    return status;
}
