/* A machine without libcurl. */
#include "test.h"

#include <dlfcn.h>

#include "metaclip/metaclip.h"
#include "pull/curl_api.h"

static bool has_curl = true, has_functions = true;

void *__real_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags)
{
    return has_curl ? __real_dlopen(name, flags) : NULL;
}

void *__real_dlsym(void *library, const char *name);
void *__wrap_dlsym(void *library, const char *name);
void *__wrap_dlsym(void *library, const char *name)
{
    return has_functions ? __real_dlsym(library, name) : NULL;
}

static void without_libcurl_it_says_what_to_install(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mc_pulled pulled = { 0 };
    mc_pull_job job = { .what = "b32_400m", .models_dir = "/nowhere" };
    has_curl = false;
    assert_int_equal(mc_pull_run(&job, &pulled, &err), MC_E_BACKEND);
    has_curl = true;
    assert_says(err.text, "install libcurl4");
    assert_null(pulled.files);
}

static void a_libcurl_that_lacks_functions_is_named(void **state)
{
    (void)state;
    mc_error err = { 0 };
    mci_curl curl;
    has_functions = false;
    assert_int_equal(mci_curl_load(&curl, &err), MC_E_BACKEND);
    has_functions = true;
    assert_says(err.text, "lacks curl_easy_init");
    assert_ok(mci_curl_load(&curl, &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_libcurl_it_says_what_to_install),
        cmocka_unit_test(a_libcurl_that_lacks_functions_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
