#include "dnnl_product.h"

#ifdef HAVE_DNNL
#include <dnnl.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

typedef struct {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[4]; /* x, W, b, y */
    void *data[4];
} product;

static bool add_memory(product *p, int i, const dnnl_memory_desc_t *desc)
{
    size_t n_bytes = dnnl_memory_desc_get_size(desc);
    p->data[i] = aligned_alloc(4096, (n_bytes + 4095) / 4096 * 4096);
    if (!p->data[i])
        return false;
    memset(p->data[i], 0, n_bytes);
    return dnnl_memory_create(&p->memory[i], desc, p->engine, p->data[i]) == dnnl_success;
}

static bool prepare(product *p, size_t M, size_t N, size_t K, bool bf16)
{
    dnnl_data_type_t type = bf16 ? dnnl_bf16 : dnnl_f32;
    /* dnnl_dims_t, of which two are read */
    dnnl_dims_t x = { (dnnl_dim_t)M, (dnnl_dim_t)K }, w = { (dnnl_dim_t)K, (dnnl_dim_t)N };
    dnnl_dims_t y = { (dnnl_dim_t)M, (dnnl_dim_t)N }, b = { 1, (dnnl_dim_t)N };
    dnnl_memory_desc_t of_x, of_w, of_b, of_y;
    dnnl_matmul_desc_t desc;
    bool good =
        dnnl_engine_create(&p->engine, dnnl_cpu, 0) == dnnl_success &&
        dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags) == dnnl_success &&
        dnnl_memory_desc_init_by_tag(&of_x, 2, x, type, dnnl_ab) == dnnl_success &&
        dnnl_memory_desc_init_by_tag(&of_w, 2, w, type, dnnl_format_tag_any) == dnnl_success &&
        dnnl_memory_desc_init_by_tag(&of_b, 2, b, dnnl_f32, dnnl_ab) == dnnl_success &&
        dnnl_memory_desc_init_by_tag(&of_y, 2, y, type, dnnl_ab) == dnnl_success &&
        dnnl_matmul_desc_init(&desc, &of_x, &of_w, &of_b, &of_y) == dnnl_success &&
        dnnl_primitive_desc_create(&p->desc, &desc, NULL, p->engine, NULL) == dnnl_success &&
        dnnl_primitive_create(&p->primitive, p->desc) == dnnl_success;
    return good && add_memory(p, 0, &of_x) &&
           add_memory(p, 1, dnnl_primitive_desc_query_md(p->desc, dnnl_query_weights_md, 0)) &&
           add_memory(p, 2, &of_b) && add_memory(p, 3, &of_y);
}

static void release(product *p)
{
    for (int i = 0; i < 4; i++) {
        dnnl_memory_destroy(p->memory[i]);
        free(p->data[i]);
    }
    dnnl_primitive_destroy(p->primitive);
    dnnl_primitive_desc_destroy(p->desc);
    dnnl_stream_destroy(p->stream);
    dnnl_engine_destroy(p->engine);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double dnnl_product_seconds(size_t M, size_t N, size_t K, bool bf16, unsigned n_threads,
                            size_t n_rounds)
{
    product p = { 0 };
    double seconds[BENCH_MAX_ROUNDS] = { 0 };
    if (n_rounds > BENCH_MAX_ROUNDS)
        n_rounds = BENCH_MAX_ROUNDS;
    omp_set_num_threads((int)n_threads);
    bool good = prepare(&p, M, N, K, bf16);
    dnnl_exec_arg_t arguments[] = { { DNNL_ARG_SRC, p.memory[0] },
                                    { DNNL_ARG_WEIGHTS, p.memory[1] },
                                    { DNNL_ARG_BIAS, p.memory[2] },
                                    { DNNL_ARG_DST, p.memory[3] } };
    for (size_t i = 0; good && i < n_rounds + 1; i++) { /* the first one warms up */
        double began = bench_now();
        good = dnnl_primitive_execute(p.primitive, p.stream, 4, arguments) == dnnl_success &&
               dnnl_stream_wait(p.stream) == dnnl_success;
        seconds[i ? i - 1 : 0] = bench_now() - began;
    }
    release(&p);
    qsort(seconds, n_rounds, sizeof *seconds, by_size);
    return good ? seconds[n_rounds / 2] : 0.0;
}

#else

double dnnl_product_seconds(size_t M, size_t N, size_t K, bool bf16, unsigned n_threads,
                            size_t n_rounds)
{
    (void)M, (void)N, (void)K, (void)bf16, (void)n_threads, (void)n_rounds;
    return 0.0;
}

#endif
