#include "io/wiki_xml.h"

#include "test.h"

static const char whole[] =
    "<page>\n<title>A &amp; B</title><ns>0</ns><id>1</id>\n"
    "<revision><id>5</id><contributor><username>title</username></contributor>"
    "<model>wikitext</model><text bytes=\"3\">old</text></revision>\n"
    "<revision><model>wikitext</model><text xml:space=\"preserve\">''new'' &lt;ref&gt;</text>"
    "</revision>\n</page>";

static void a_page_gives_its_title_and_last_text(void **state)
{
    (void)state;
    mci_wiki_xml *xml = NULL;
    mci_wiki_page page;
    mc_error err = { 0 };
    assert_ok(mci_wiki_xml_new(&xml, &err), err);
    for (int i = 0; i < 2; i++) { /* a parser is used again */
        assert_ok(mci_wiki_xml_parse(xml, mc_str_of(whole), &page, &err), err);
        assert_str(page.title, "A & B");
        assert_str(page.text, "''new'' <ref>");
        assert_str(page.model, "wikitext");
        assert_int_equal(page.ns, 0);
        assert_false(page.is_redirect);
    }
    assert_ok(mci_wiki_xml_parse(xml, mc_str_of("<page><ns>10</ns><redirect title=\"x\"/></page>"),
                                 &page, &err),
              err);
    assert_int_equal(page.ns, 10);
    assert_true(page.is_redirect);
    assert_int_equal(page.text.len, 0);
    mci_wiki_xml_free(xml);
}

static void every_cut_page_is_told(void **state)
{
    (void)state;
    mci_wiki_xml *xml = NULL;
    assert_int_equal(mci_wiki_xml_new(&xml, NULL), MC_OK);
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        mci_wiki_page page;
        mc_error err = { 0 };
        assert_int_equal(mci_wiki_xml_parse(xml, (mc_str){ whole, n }, &page, &err), MC_SKIPPED);
        assert_true(err.text[0] != '\0');
    }
    mci_wiki_xml_free(xml);
}

static void what_is_no_page_is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "<page><title>a</page>",      "<page>\xFF</page>",
        "<page>&nosuch;</page>",      "<other/>",
        "<page></page><page></page>", "<!DOCTYPE x [<!ENTITY a \"b\">]><x/>",
    };
    mci_wiki_xml *xml = NULL;
    assert_int_equal(mci_wiki_xml_new(&xml, NULL), MC_OK);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        mci_wiki_page page;
        mc_error err = { 0 };
        print_message("  case: %s\n", wrong[i]);
        assert_int_equal(mci_wiki_xml_parse(xml, mc_str_of(wrong[i]), &page, &err), MC_SKIPPED);
    }
    mci_wiki_xml_free(xml);
}

static void pages_are_found(void **state)
{
    (void)state;
    size_t end;
    mc_str text = mc_str_of("<pages><page id='1'>a</page> <page>b");
    assert_int_equal(mci_wiki_find_page(text, &end), 7);
    assert_int_equal(end, 28);
    text = (mc_str){ text.data + end, text.len - end };
    assert_int_equal(mci_wiki_find_page(text, &end), 1);
    assert_int_equal(end, 0);
    text = mc_str_of("nothing <pag");
    assert_int_equal(mci_wiki_find_page(text, &end), text.len);
}

static void a_dump_names_its_namespaces(void **state)
{
    (void)state;
    mci_buf names = { 0 };
    mc_str head = mc_str_of("<namespaces><namespace key=\"0\" case=\"first-letter\" />"
                            "<namespace key=\"6\" case=\"first-letter\">Datei</namespace>"
                            "<namespace key=\"14\" case=\"first-letter\">Kategorie</namespace>");
    assert_int_equal(mci_wiki_namespaces(head, &names, NULL), MC_OK);
    assert_str(mci_buf_str(&names), "datei\nkategorie\n");
    mci_buf_release(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_gives_its_title_and_last_text),
        cmocka_unit_test(every_cut_page_is_told),
        cmocka_unit_test(what_is_no_page_is_told),
        cmocka_unit_test(pages_are_found),
        cmocka_unit_test(a_dump_names_its_namespaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
