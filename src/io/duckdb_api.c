#include "io/duckdb_api.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Of the row groups that are at work; what does not fit is an error, not the end of the machine. */
#define MEMORY_LIMIT "512MB"

/* ---- the library ---- */

/* Once loaded it stays: it is large, and C++ libraries do not like to be sent away. */
static void *load(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
}

static void *load_beside_program(const char *folder)
{
    char path[PATH_MAX + 64];
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
    if (n <= 0)
        return NULL;
    while (n > 0 && path[n - 1] != '/')
        n--;
    snprintf(path + n, sizeof path - (size_t)n, "%s/libduckdb.so", folder);
    return access(path, F_OK) == 0 ? load(path) : NULL;
}

static mc_status find_library(mci_duck *duck, mc_error *err)
{
    const char *path = getenv("METACLIP_DUCKDB");
    if (path && path[0]) {
        duck->library = load(path);
        if (!duck->library)
            return mc_fail(err, MC_E_BACKEND, "METACLIP_DUCKDB: cannot load DuckDB's library: %s",
                           dlerror());
        return MC_OK;
    }
    static const char *const folders[] = { "../lib", "lib" };
    for (size_t i = 0; i < COUNT_OF(folders) && !duck->library; i++)
        duck->library = load_beside_program(folders[i]);
    if (!duck->library)
        duck->library = load("libduckdb.so");
    if (!duck->library)
        return mc_fail(err, MC_E_BACKEND,
                       "Parquet needs DuckDB's library, which is not here; get it with "
                       "scripts/fetch-duckdb (where metaclip is installed: "
                       "share/metaclip/fetch-duckdb), or name a libduckdb.so in METACLIP_DUCKDB");
    return MC_OK;
}

/* ISO C has no way from an object pointer to a function pointer; POSIX promises that the bytes fit.
 */
static bool find_function(void *library, const char *name, void *place)
{
    void *symbol = dlsym(library, name);
    memcpy(place, &symbol, sizeof symbol);
    return symbol != NULL;
}

static mc_status find_functions(mci_duck *duck, mc_error *err)
{
#define X(result, name, parameters)                                                 \
    if (!find_function(duck->library, "duckdb_" #name, &duck->name))                \
        return mc_fail(err, MC_E_BACKEND,                                           \
                       "DuckDB's library that is here lacks duckdb_" #name "; get " \
                       "the one that is known to do with scripts/fetch-duckdb");
    MCI_DUCK_FUNCTIONS(X)
#undef X
    return MC_OK;
}

/* ---- the database ---- */

static mc_status set(mci_duck *duck, mci_duck_config config, const char *name, const char *value,
                     mc_error *err)
{
    if (duck->set_config(config, name, value) != MCI_DUCK_OK)
        return mc_fail(err, MC_E_BACKEND, "DuckDB %s does not know the setting %s",
                       duck->library_version(), name);
    return MC_OK;
}

static mc_status set_all(mci_duck *duck, mci_duck_config config, mc_error *err)
{
    static const struct {
        const char *name, *value;
    } settings[] = {
        { "threads", "1" },
        { "memory_limit", MEMORY_LIMIT },
        { "preserve_insertion_order", "true" },
        { "autoinstall_known_extensions", "false" },
        { "autoload_known_extensions", "false" },
        { "allow_community_extensions", "false" },
        { "allow_persistent_secrets", "false" },
        { "enable_external_file_cache", "false" },
        { "temp_directory", "" },
    };
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        MC_TRY(set(duck, config, settings[i].name, settings[i].value, err));
    return MC_OK;
}

static mc_status open_database(mci_duck *duck, mc_error *err)
{
    mci_duck_config config = NULL;
    char *why = NULL;
    if (duck->create_config(&config) != MCI_DUCK_OK)
        return mc_fail(err, MC_E_NOMEM, "DuckDB cannot make a configuration");
    mc_status status = set_all(duck, config, err);
    if (status >= 0 && duck->open_ext(NULL, &duck->database, config, &why) != MCI_DUCK_OK)
        status = mc_fail(err, MC_E_BACKEND, "DuckDB cannot open a database: %s", why ? why : "");
    duck->free(why);
    duck->destroy_config(&config);
    if (status >= 0 && duck->connect(duck->database, &duck->connection) != MCI_DUCK_OK)
        status = mc_fail(err, MC_E_BACKEND, "DuckDB cannot connect to its database");
    return status;
}

/* In this order: what is allowed can only be said while everything still is. */
static mc_status close_doors(mci_duck *duck, mc_error *err)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "SET allowed_paths = ['%s']; SET enable_external_access = false; "
             "SET lock_configuration = true",
             duck->file);
    return mci_duck_run(duck, sql, err);
}

mc_status mci_duck_open(mci_duck *duck, int fd, mc_error *err)
{
    *duck = (mci_duck){ 0 };
    snprintf(duck->file, sizeof duck->file, "/proc/self/fd/%d", fd);
    mc_status status = find_library(duck, err);
    if (status >= 0)
        status = find_functions(duck, err);
    if (status >= 0)
        status = open_database(duck, err);
    if (status >= 0)
        status = close_doors(duck, err);
    if (status < 0)
        mci_duck_close(duck);
    return status;
}

void mci_duck_close(mci_duck *duck)
{
    if (duck->connection)
        duck->disconnect(&duck->connection);
    if (duck->database)
        duck->close(&duck->database);
    if (duck->library)
        dlclose(duck->library);
    *duck = (mci_duck){ 0 };
}

/* ---- failures ---- */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* DuckDB tells kinds of failures by how their text begins. A file that ends early is damaged; the
 * system that cannot read it is something else. */
static mc_status status_of(const char *why)
{
    if (starts_with(why, "Out of Memory Error"))
        return MC_E_NOMEM;
    if (starts_with(why, "IO Error") && !starts_with(why, "IO Error: Could not read enough bytes"))
        return MC_E_IO;
    return MC_E_FORMAT;
}

/* "Invalid Input Error: No magic bytes" -> "No magic bytes": the status says the rest. */
static const char *pass_kind(const char *why, const char *end)
{
    const char *colon = strstr(why, "Error: ");
    return colon && colon < end ? colon + sizeof "Error: " - 1 : why;
}

/* The first line tells; behind it comes advice for those who wrote the SQL. What we made the file
 * be called is left out with its quotes: it says nothing to anybody. */
mc_status mci_duck_fail(const mci_duck *duck, const char *why, mc_error *err)
{
    if (!why || !why[0])
        return mc_fail(err, MC_E_BACKEND, "DuckDB failed and does not say why");
    const char *end = why + strcspn(why, "\n");
    const char *what = pass_kind(why, end);
    const char *name = strstr(what, duck->file);
    if (!name || name > end)
        name = end;
    const char *behind = name == end ? end : name + strlen(duck->file);
    if (behind < end && (*behind == '\'' || *behind == '"'))
        behind++;
    while (name > what && name < end && strchr(" '\"", name[-1]))
        name--;
    return mc_fail(err, status_of(why), "%.*s%.*s", (int)(name - what), what, (int)(end - behind),
                   behind);
}

mc_status mci_duck_run(const mci_duck *duck, const char *sql, mc_error *err)
{
    mci_duck_result result = { 0 };
    mc_status status = MC_OK;
    if (duck->query(duck->connection, sql, &result) != MCI_DUCK_OK)
        status = mci_duck_fail(duck, duck->result_error(&result), err);
    duck->destroy_result(&result);
    return status;
}
