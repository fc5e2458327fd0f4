// Names of symbols: which ones a user may give, and what stands for the name where none is given.
#pragma once
#include <kiln/core/extent.hpp>

namespace kiln {

/// TensorFlow's rule for names: ^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$.
constexpr bool is_valid_name(const char* s) {
    for (int k = 0; s[k]; ++k) {
        const char c = s[k];
        const bool first = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
        if (!first && (k == 0 || (c != '_' && c != '\\' && c != '/' && c != '>' && c != '-'))) return false;
    }
    return s[0] != 0;
}

// A symbol without a name is one of its own at each place where it is written. The public function has the last template
// parameter `class Place = decltype([] {})`, and no two closure types are one; but compilers number closures each in their own
// way, and a graph needs a number that all agree on. So places are counted: that place number N is taken is a friend function
// which nobody sees until the place that takes it defines it, and a new place takes the first number that is free.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-template-friend"
#endif
template <text Kind, int N>
struct nth_place {
    friend constexpr auto taken(nth_place);
};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
template <text Kind, int N>
struct take_place {
    friend constexpr auto taken(nth_place<Kind, N>) { return true; }
};
/// How many places of this kind the translation unit has before this one. nvcc 13 finds no function template with a closure as
/// a default argument: in a .cu everything has a name.
template <text Kind, class Place, int N = 0>
constexpr int place_number() {
    if constexpr (requires { taken(nth_place<Kind, N>{}); }) return place_number<Kind, Place, N + 1>();
    else {
        static_assert(sizeof(take_place<Kind, N>) != 0);   // defines the friend
        return N;
    }
}

}  // namespace kiln
