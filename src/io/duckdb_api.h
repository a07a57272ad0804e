/* DuckDB's C library, which reads Parquet, loaded while the program runs: who has no
 * Parquet needs none of its 70 MB. No header of it is used; what we call is declared here, after
 * its documentation (https://duckdb.org/docs/stable/clients/c/api). For parquet*.c alone. */
#ifndef MCI_IO_DUCKDB_API_H
#define MCI_IO_DUCKDB_API_H

#include "base/buf.h"

/* ---- what DuckDB calls its things ---- */

typedef struct mci_duck_config_object *mci_duck_config;
typedef struct mci_duck_database_object *mci_duck_database;
typedef struct mci_duck_connection_object *mci_duck_connection;
typedef struct mci_duck_statement_object *mci_duck_statement;
typedef struct mci_duck_pending_object *mci_duck_pending;
typedef struct mci_duck_chunk_object *mci_duck_chunk;
typedef struct mci_duck_vector_object *mci_duck_vector;
typedef struct mci_duck_type_object *mci_duck_type;

/* Passed by value, so its size is part of the contract; the members before the last are of the
 * past.
 */
typedef struct {
    uint64_t old_columns, old_rows, old_changed;
    void *old_data;
    char *old_error;
    void *internal;
} mci_duck_result;

/* A string in a vector: short ones stand in it, of longer ones only the beginning. */
typedef union {
    struct {
        uint32_t len;
        char prefix[4];
        const char *data;
    } far;
    struct {
        uint32_t len;
        char bytes[12];
    } near;
} mci_duck_string;

typedef enum { MCI_DUCK_OK = 0, MCI_DUCK_FAILED = 1 } mci_duck_state;

/* Of the types those that we tell apart. */
enum {
    MCI_DUCK_BOOLEAN = 1,
    MCI_DUCK_TINYINT = 2, /* with SMALLINT INTEGER BIGINT and the same four unsigned up to... */
    MCI_DUCK_UINTEGER = 8,
    MCI_DUCK_DOUBLE = 11, /* ...FLOAT and DOUBLE: all that JSON has numbers for */
    MCI_DUCK_VARCHAR = 17,
    MCI_DUCK_BLOB = 18,
};

/* X(result, name without duckdb_, parameters) */
#define MCI_DUCK_FUNCTIONS(X)                                                                \
    X(const char *, library_version, (void))                                                 \
    X(mci_duck_state, create_config, (mci_duck_config *))                                    \
    X(mci_duck_state, set_config, (mci_duck_config, const char *name, const char *value))    \
    X(void, destroy_config, (mci_duck_config *))                                             \
    X(mci_duck_state, open_ext,                                                              \
      (const char *path, mci_duck_database *, mci_duck_config, char **error))                \
    X(void, close, (mci_duck_database *))                                                    \
    X(mci_duck_state, connect, (mci_duck_database, mci_duck_connection *))                   \
    X(void, disconnect, (mci_duck_connection *))                                             \
    X(void, free, (void *))                                                                  \
    X(mci_duck_state, query, (mci_duck_connection, const char *sql, mci_duck_result *))      \
    X(mci_duck_state, prepare, (mci_duck_connection, const char *sql, mci_duck_statement *)) \
    X(const char *, prepare_error, (mci_duck_statement))                                     \
    X(void, destroy_prepare, (mci_duck_statement *))                                         \
    X(mci_duck_state, pending_prepared_streaming, (mci_duck_statement, mci_duck_pending *))  \
    X(mci_duck_state, execute_pending, (mci_duck_pending, mci_duck_result *))                \
    X(const char *, pending_error, (mci_duck_pending))                                       \
    X(void, destroy_pending, (mci_duck_pending *))                                           \
    X(const char *, result_error, (mci_duck_result *))                                       \
    X(void, destroy_result, (mci_duck_result *))                                             \
    X(uint64_t, column_count, (mci_duck_result *))                                           \
    X(const char *, column_name, (mci_duck_result *, uint64_t column))                       \
    X(mci_duck_type, column_logical_type, (mci_duck_result *, uint64_t column))              \
    X(mci_duck_chunk, fetch_chunk, (mci_duck_result))                                        \
    X(int, get_type_id, (mci_duck_type))                                                     \
    X(void, destroy_logical_type, (mci_duck_type *))                                         \
    X(uint64_t, data_chunk_get_size, (mci_duck_chunk))                                       \
    X(mci_duck_vector, data_chunk_get_vector, (mci_duck_chunk, uint64_t column))             \
    X(void, destroy_data_chunk, (mci_duck_chunk *))                                          \
    X(void *, vector_get_data, (mci_duck_vector))                                            \
    X(uint64_t *, vector_get_validity, (mci_duck_vector))

/* ---- the library, with a database in memory ---- */

typedef struct {
    char file[32]; /* what SQL calls the one file that it may touch */
    void *library;
    mci_duck_database database;
    mci_duck_connection connection;
#define X(result, name, parameters) result(*name) parameters;
    MCI_DUCK_FUNCTIONS(X)
#undef X
} mci_duck;

/* Loads the library and opens a database that keeps to itself: one thread, bounded memory, no
 * extensions from anywhere, no file but the one behind fd, no spilling to disk. Files are known by
 * descriptor so that no name is ever taken for a pattern, an address of the web or a piece of SQL.
 * The library is $METACLIP_DUCKDB if that is set; else libduckdb.so in ../lib or lib beside the
 * program's file, else where the system finds it.
 * Errors: MC_E_BACKEND: no library, saying how to get it, or one that does not do. */
mc_status mci_duck_open(mci_duck *duck, int fd, mc_error *err);
/* Takes one that is zero-initialised or could not be opened. The library stays in memory. */
void mci_duck_close(mci_duck *duck);

/* Runs a statement and drops its result. */
mc_status mci_duck_run(const mci_duck *duck, const char *sql, mc_error *err);
/* DuckDB's words for a failure as a status and one line. */
mc_status mci_duck_fail(const mci_duck *duck, const char *why, mc_error *err);

/* The string at string; lives as long as its chunk. */
static inline mc_str mci_duck_str(const mci_duck_string *string)
{
    mc_str view = { string->near.bytes, string->near.len };
    if (view.len > sizeof string->near.bytes)
        view.data = string->far.data;
    return view;
}

static inline bool mci_duck_is_null(const uint64_t *validity, uint64_t row)
{
    return validity && !(validity[row / 64] >> row % 64 & 1);
}

#endif
