// Symbols without a name: each place in the source where one is written is a symbol of its own. It is called Placeholder#0,
// Placeholder#1, ... or Variable#0, ..., by the number of such places that the translation unit has before; a user's name has no
// #. Whoever shows graphs makes `Placeholder`, `Placeholder_1` of them.
//
// In headers give names: the number counts within one translation unit, and another one counts differently. The same holds for
// variables that are saved, which files call Variable#0.
#pragma once
#include <kiln/expr/symbols.hpp>

namespace kiln {

/// Kind#N as a template argument.
template <text Kind, int N>
inline constexpr auto unnamed = [] {
    constexpr word w = word{}.put(Kind.s).put("#").put(i64{N});
    char s[w.n + 1]{};
    for (int k = 0; k < w.n; ++k) s[k] = w.s[k];
    return text(s);
}();

/// unnamed_placeholder<float, "batch", 784>(): a placeholder without a name, at each place where it is written another one.
template <element T, extent... E, class Place = decltype([] {})>
constexpr auto unnamed_placeholder() {
    return symbol<placeholder_maker<unnamed<"Placeholder", place_number<"Placeholder", Place>()>, T, E...>>();
}

/// variable<float, 5, 5>(initial): a variable without a name, at each place where it is written another one.
template <element T, extent... E, class I, class Place = decltype([] {})>
constexpr auto variable(I) {
    if constexpr (!initial_value<I>) return failed{};
    else return symbol<variable_maker<unnamed<"Variable", place_number<"Variable", Place>()>, I, T, E...>>();
}

}  // namespace kiln
