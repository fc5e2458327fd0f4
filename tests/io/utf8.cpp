// io/utf8.hpp: the bounds of table 3-7 of the Unicode Standard.
#include "kiln/io/utf8.hpp"

#include <catch2/catch.hpp>
#include <string>

using kiln::io::detail::is_utf8;

static_assert(is_utf8("") && is_utf8("größe/€/\U0001f525") && !is_utf8("\xff"));

TEST_CASE("utf8: the first and the last of each row") {
    for (const char* sound : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xe0\xbf\xbf", "\xe1\x80\x80", "\xed\x9f\xbf",
                              "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf3\xbf\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
        CHECK(is_utf8(sound));
        CHECK(is_utf8(std::string("a") + sound + "b"));
    }
    CHECK(is_utf8(std::string("a\0b", 3)));
}

TEST_CASE("utf8: what is beside them is none") {
    for (const std::string broken : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2\x7f", "\xc2\xc0", "\xe0\x9f\xbf", "\xed\xa0\x80",
                                     "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe1\x80\x7f",
                                     "\xf0\x90\x80\xc0", "\xc2", "\xe1\x80", "\xf1\x80\x80"}) {
        CHECK_FALSE(is_utf8(broken));
        CHECK_FALSE(is_utf8(broken + "a"));
        CHECK_FALSE(is_utf8("a" + broken));
    }
}
