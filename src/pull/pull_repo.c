#include "pull/pull_repo.h"

#include "base/alloc.h"
#include "io/whole.h"

const char *const mci_repo_files[] = {
    "config.json",
    "open_clip_config.json",
    "preprocessor_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    NULL,
};

enum { MOST_NAME = 128 };

static bool is_shard_name(mc_str name)
{
    static const char suffix[] = ".safetensors";
    size_t n = sizeof suffix - 1;
    if (name.len <= n || name.len > MOST_NAME || name.data[0] == '.' ||
        memcmp(name.data + name.len - n, suffix, n) != 0)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!is_plain)
            return false;
    }
    return true;
}

static bool has_name(const mci_buf *names, mc_str name)
{
    for (size_t at = 0; at < names->len; at += strlen(names->data + at) + 1) {
        if (mc_str_equal(mc_str_of(names->data + at), name))
            return true;
    }
    return false;
}

static mc_status add_name(mci_buf *names, size_t *n, mc_str name, mc_error *err)
{
    if (!is_shard_name(name))
        return mc_fail(err, MC_E_FORMAT, "the index names \"%.*s\", which is no name of a shard",
                       (int)(name.len < 60 ? name.len : 60), name.len ? name.data : "");
    if (has_name(names, name))
        return MC_OK;
    if (*n == MCI_MOST_SHARDS)
        return mc_fail(err, MC_E_LIMIT, "the index names more than %d shards", MCI_MOST_SHARDS);
    ++*n;
    MC_TRY(mci_buf_add(names, name, err));
    return mci_buf_byte(names, '\0', err);
}

static mc_status read_index(mci_json_value root, mci_buf *names, size_t *n, mc_error *err)
{
    mci_json_value map, file;
    mc_str last = { 0 };
    if (!mci_json_get(root, "weight_map", &map) || mci_json_type_of(map) != MCI_JSON_OBJECT)
        return mc_fail(err, MC_E_FORMAT, "the index has no weight_map");
    for (mci_json_iter it = mci_json_iterate(map); mci_json_next(&it, NULL, &file);) {
        mc_str name = mci_json_string(file);
        if (last.len && mc_str_equal(name, last)) /* nearly always */
            continue;
        MC_TRY(add_name(names, n, name, err));
        last = name;
    }
    return *n ? MC_OK : mc_fail(err, MC_E_FORMAT, "the index names no shard");
}

mc_status mci_shard_names(mc_str index, mci_buf *names, size_t *n, mc_error *err)
{
    mci_json *json = NULL;
    mci_json_value root;
    mci_buf_clear(names);
    *n = 0;
    mc_status status = mci_parse_whole(index, &json, &root, err);
    if (status >= 0)
        status = read_index(root, names, n, err);
    mci_json_free(json);
    return status;
}
