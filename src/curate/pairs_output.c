#include "curate/pairs_output.h"

#include "curate/stages.h"

mc_status mci_pairs_output_open(mci_pairs_output *output, const char *path, mci_codec codec,
                                mc_error *err)
{
    *output = (mci_pairs_output){ 0 };
    if (mci_is_parquet_name(path))
        return mci_parquet_out_open(path, &output->table, err);
    return mci_output_open(path, codec, &output->file, err);
}

mc_status mci_pairs_output_format(const mci_pairs_output *output, mci_batch *batch, mc_error *err)
{
    if (!output->table)
        return mci_format_batch(batch, err);
    mci_keep_batch(batch);
    return MC_OK;
}

static mc_status write_rows(mci_parquet_out *table, const mci_record_list *list, mc_error *err)
{
    for (size_t i = 0; i < list->n; i++)
        MC_TRY(mci_parquet_out_add(table, &list->records[i], err));
    return MC_OK;
}

mc_status mci_pairs_output_write(mci_pairs_output *output, const mci_batch *batch, mc_error *err)
{
    return output->table ? write_rows(output->table, &batch->list, err)
                         : mci_output_write(output->file, mci_buf_str(&batch->out), err);
}

mc_status mci_pairs_output_end(mci_pairs_output *output, mc_status status, mc_error *err)
{
    mci_pairs_output it = *output;
    *output = (mci_pairs_output){ 0 };
    if (it.table && status >= 0)
        return mci_parquet_out_commit(it.table, err);
    mci_parquet_out_abort(it.table);
    return mci_output_end(it.file, status, err);
}
