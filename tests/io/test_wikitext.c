#include "io/wikitext.h"

#include "test.h"

static const struct {
    const char *name, *text, *want;
} cases[] = {
    { "plain", "A red car.", "A red car." },
    { "bold and italics", "'''A''' ''red'' '''''car'''''", "A red car" },
    { "an apostrophe", "don't, the dogs' tails", "don't, the dogs' tails" },
    { "an elision in italics", "l''''amour''' fou", "l'amour fou" },
    { "link", "a [[car]] and a [[Bus|coach]]", "a car and a coach" },
    { "link with an ending", "many [[bus]]es", "many buses" },
    { "link with formatting", "[[x|''a'' b]]", "a b" },
    { "link to a section", "[[Car#Wheels|wheels]]", "wheels" },
    { "file", "a [[File:x.jpg|thumb|A [[red]] car]] b", "a  b" },
    { "file of another language", "a [[Datei:x.jpg|mini|Rot]] b", "a  b" },
    { "category", "a\n[[Category:Cars| ]]\n", "a\n\n" },
    { "link to a category", "see [[:Category:Cars]]", "see Category:Cars" },
    { "other languages", "a [[fr:Voiture]] [[zh-yue:x]] b", "a   b" },
    { "a title with a colon", "[[Star Trek: First Contact]]", "Star Trek: First Contact" },
    { "another wiki, with a label", "[[wikt:car|car]]", "car" },
    { "template", "a {{cite|x|{{y}}}} b", "a  b" },
    { "template over lines", "a {{Infobox\n| x = 1\n}} b", "a  b" },
    { "parameter", "a {{{1|b}}} c", "a } c" },
    { "not closed template", "a {{b c", "a {{b c" },
    { "not opened template", "a }} b", "a }} b" },
    { "not closed link", "a [[b c", "a [[b c" },
    { "link inside a template that is not closed", "a {{ [[b|c]] d", "a {{ c d" },
    { "table", "a\n{| class=x\n! h\n|-\n| c\n|}\nb", "a\n\nb" },
    { "table in a table", "a\n{|\n|\n{|\n| x\n|}\n|}\nb", "a\n\nb" },
    { "HTML table", "a <table><tr><td>x</td></tr></table> b", "a  b" },
    { "reference", "a<ref>b</ref> c<ref name=\"d\"/> e<ref name=f>{{g}}</ref>", "a c e" },
    { "reference that is not closed", "a<ref>b c", "ab c" },
    { "mathematics", "let <math>x^{2}}</math> be", "let  be" },
    { "code", "a <syntaxhighlight lang=\"c\">int x;</syntaxhighlight> b", "a  b" },
    { "gallery", "a <gallery>\nx.jpg|y\n</gallery> b", "a  b" },
    { "comment", "a<!-- b [[c]] --> d", "a d" },
    { "comment that is not closed", "a <!-- b", "a " },
    { "nowiki", "<nowiki>[[a]] ''b'' {{c}}</nowiki>", "[[a]] ''b'' {{c}}" },
    { "tags", "H<sub>2</sub>O is <span style=\"x\">wet</span><br />yes", "H2O is wet\nyes" },
    { "no tag", "a < b and c > d <3", "a < b and c > d <3" },
    { "character references", "a&nbsp;b &amp; c &#65;&#x42; &lt;i&gt; &nosuch; d&e",
      "a\xC2\xA0"
      "b & c AB <i> &nosuch; d&e" },
    { "headings", "== History ==\ntext\n=== A = B ===\n", " History \ntext\n A = B \n" },
    { "items", "* one\n** two\n# three\n; term\n: text", " one\n two\n three\n term\n text" },
    { "urls", "see http://a.b/c?d=e now [https://x.y a label] [http://z] end",
      "see   now  a label  end" },
    { "magic words", "__NOTOC__a __ b_c", "a __ b_c" },
    { "variants of Chinese", "-{zh-hans:A;zh-hant:B}- -{C}- -{T|D}- - {E}", "A C D - {E}" },
    { "brackets", "a [b] c [1]", "a [b] c [1]" },
    { "empty", "", "" },
};

static void wikitext_becomes_prose(void **state)
{
    (void)state;
    mci_wikitext w = { 0 };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        mci_buf out = { 0 };
        mc_error err = { 0 };
        print_message("  case: %s\n", cases[i].name);
        assert_ok(
            mci_wikitext_to_prose(&w, mc_str_of(cases[i].text), mc_str_of("datei\n"), &out, &err),
            err);
        assert_str(mci_buf_str(&out), cases[i].want);
        mci_buf_release(&out);
    }
    mci_wikitext_release(&w);
}

/* What once could be quadratic: a megabyte of openings; the test's time limit would tell. */
static void nothing_takes_more_than_linear_time(void **state)
{
    (void)state;
    static const char *const pieces[] = { "{{",   "[[",       "[[a|",    "<ref>", "{|",
                                          "\n{|", "<!-",      "= ",      "}}",    "-{",
                                          "__A",  "[http://", "&",       "<a ",   "''''",
                                          "]]",   "<nowiki>", "[[File:", "{{{" };
    mci_wikitext w = { 0 };
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        mci_buf text = { 0 }, out = { 0 };
        while (text.len < 1 << 20)
            assert_int_equal(mci_buf_add(&text, mc_str_of(pieces[i]), NULL), MC_OK);
        assert_int_equal(mci_wikitext_to_prose(&w, mci_buf_str(&text), (mc_str){ 0 }, &out, NULL),
                         MC_OK);
        for (size_t j = 0; j < i % 3; j++) /* and closed */
            assert_int_equal(mci_buf_add(&text, mc_str_of("]]}}"), NULL), MC_OK);
        assert_int_equal(mci_wikitext_to_prose(&w, mci_buf_str(&text), (mc_str){ 0 }, &out, NULL),
                         MC_OK);
        mci_buf_release(&text);
        mci_buf_release(&out);
    }
    mci_wikitext_release(&w);
}

/* Any cut of wikitext is wikitext, and prose is hardly longer. */
static void every_prefix_has_prose(void **state)
{
    (void)state;
    static const char text[] = "'''A''' {{b|[[c]]}} [[d|e {{f}}]]<ref>g</ref>\n{| h\n| i\n|}\n"
                               "[http://j k] &amp; <!-- l --> <nowiki>[[m]]</nowiki> == n ==";
    mci_wikitext w = { 0 };
    for (size_t n = 0; n <= sizeof text - 1; n++) {
        mci_buf out = { 0 };
        assert_int_equal(mci_wikitext_to_prose(&w, (mc_str){ text, n }, (mc_str){ 0 }, &out, NULL),
                         MC_OK);
        assert_true(out.len <= n);
        mci_buf_release(&out);
    }
    mci_wikitext_release(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wikitext_becomes_prose),
        cmocka_unit_test(nothing_takes_more_than_linear_time),
        cmocka_unit_test(every_prefix_has_prose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
