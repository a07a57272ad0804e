/* A state dict as a pickle, and the archive around it. The pickle says for each tensor
 *
 *   NAME: torch._utils._rebuild_tensor_v2(STORAGE, 0, SIZE, STRIDES, False, OrderedDict())
 *   STORAGE: persistent id ("storage", torch.FloatStorage, KEY, "cpu", NUMBER OF VALUES)
 *
 * and STORAGE's values are the archive's entry data/KEY. */
#include <inttypes.h>
#include <stdio.h>

#include "io/zip.h"
#include "model/convert_plan.h"

/* The pickle that is being written; the first failure is kept and ends it. */
typedef struct {
    mci_buf out;
    mc_status status;
    mc_error *err;
} pickler;

static void put_bytes(pickler *p, const void *bytes, size_t n)
{
    if (p->status >= 0)
        p->status = mci_buf_append(&p->out, bytes, n, p->err);
}

static void put(pickler *p, const char *text)
{
    put_bytes(p, text, strlen(text));
}

static void put_text(pickler *p, const char *text)
{
    size_t n = strlen(text);
    const unsigned char op[5] = { 'X', (unsigned char)n, (unsigned char)(n >> 8),
                                  (unsigned char)(n >> 16), (unsigned char)(n >> 24) };
    put_bytes(p, op, sizeof op);
    put_bytes(p, text, n);
}

/* BININT1, BININT2, BININT, or LONG1 of nine bytes, the last being its sign. */
static void put_whole(pickler *p, uint64_t value)
{
    size_t n = value < 256 ? 1 : value < 65536 ? 2 : value < (uint64_t)1 << 31 ? 4 : 9;
    unsigned char op[11] = { n == 1 ? 'K' : n == 2 ? 'M' : 'J' };
    size_t at = 1;
    if (n == 9) {
        op[0] = 0x8a;
        op[at++] = 9;
    }
    for (size_t i = 0; i < n; i++)
        op[at++] = i < 8 ? (unsigned char)(value >> 8 * i) : 0;
    put_bytes(p, op, at);
}

static void put_wholes(pickler *p, size_t n, const uint64_t *values)
{
    if (n == 0) {
        put(p, ")");
        return;
    }
    put(p, "(");
    for (size_t i = 0; i < n; i++)
        put_whole(p, values[i]);
    put(p, "t");
}

static const char *storage_of(mci_dtype type)
{
    return type == MCI_F32 ? "FloatStorage" : type == MCI_F16 ? "HalfStorage" : "BFloat16Storage";
}

static void put_tensor(pickler *p, const mci_planned *tensor, size_t key)
{
    char text[64];
    mci_stored shape = { .rank = tensor->rank };
    memcpy(shape.dims, tensor->dims, sizeof shape.dims);
    mci_stored_set_strides(&shape);
    put_text(p, tensor->name);
    put(p, "ctorch._utils\n_rebuild_tensor_v2\n((");
    put_text(p, "storage");
    snprintf(text, sizeof text, "ctorch\n%s\n", storage_of(tensor->type));
    put(p, text);
    snprintf(text, sizeof text, "%zu", key);
    put_text(p, text);
    put_text(p, "cpu");
    put_whole(p, mci_stored_n_values(tensor->rank, tensor->dims));
    put(p, "tQ");
    put_whole(p, 0);
    put_wholes(p, tensor->rank, tensor->dims);
    put_wholes(p, tensor->rank, shape.strides);
    put(p, "\x89"
           "ccollections\nOrderedDict\n)RtR");
}

static mc_status write_pickle(const mci_convert_plan *plan, mci_zip_out *zip, mc_error *err)
{
    pickler p = { .err = err };
    put(&p, "\x80\x02"
            "ccollections\nOrderedDict\n)R(");
    for (size_t i = 0; i < plan->n; i++)
        put_tensor(&p, &plan->items[i], i);
    put(&p, "u.");
    if (p.status >= 0)
        p.status = mci_zip_out_entry(zip, mc_str_of("archive/data.pkl"), mci_buf_str(&p.out), err);
    mci_buf_release(&p.out);
    return p.status;
}

static mc_status write_to_zip(void *user, mc_str bytes, mc_error *err)
{
    return mci_zip_out_write(user, bytes, err);
}

static mc_status write_archive(mci_convert_plan *plan, mci_zip_out *zip, mc_error *err)
{
    MC_TRY(write_pickle(plan, zip, err));
    MC_TRY(mci_zip_out_entry(zip, mc_str_of("archive/byteorder"), mc_str_of("little"), err));
    for (size_t i = 0; i < plan->n; i++) {
        char name[64];
        snprintf(name, sizeof name, "archive/data/%zu", i);
        MC_TRY(mci_zip_out_begin(zip, mc_str_of(name), mci_planned_bytes(&plan->items[i]), err));
        MC_TRY(mci_planned_write(plan, &plan->items[i], write_to_zip, zip, err));
        MC_TRY(mci_zip_out_end(zip, err));
    }
    MC_TRY(mci_zip_out_entry(zip, mc_str_of("archive/version"), mc_str_of("3\n"), err));
    return mci_zip_out_finish(zip, err);
}

mc_status mci_pt_write(mci_convert_plan *plan, mci_output *output, mc_error *err)
{
    mci_zip_out *zip = NULL;
    MC_TRY(mci_zip_out_new(output, &zip, err));
    mc_status status = write_archive(plan, zip, err);
    mci_zip_out_free(zip);
    return status;
}
