// Compile-time errors: the name of an undefined (g++) or false (clang) template, so that the first error line has the
// words. The public function that was called names it: static_assert(compile_error<words...>::never). A macro for that
// would cost three lines of output.
#pragma once
#include <kiln/graph/finding.hpp>

namespace kiln {

/// A text of exact length, which compilers print as text.
template <int N>
struct words {
    char s[N];
};
template <int N>
constexpr words<N> exact(const char (&s)[N]) {
    words<N> r{};
    for (int i = 0; i < N; ++i) r.s[i] = s[i];
    return r;
}
template <int N>
constexpr words<N> first_words(const char* p) {
    words<N> r{};
    for (int i = 0; i < N - 1; ++i) r.s[i] = p[i];
    r.s[N - 1] = 0;
    return r;
}

/// Fixed words in a template: they depend on D, so that they are said only where it is instantiated.
template <class D, auto W>
constexpr auto said = W;

#ifdef __clang__
template <auto... Words>
struct compile_error {
    static constexpr bool never = false;
};
#else
template <auto... Words>
struct compile_error;
#endif

/// A number that only run time knows stands between expressions.
template <int K, class D>
constexpr auto number_words = [] {
    if constexpr (K == 0) return exact("a number between expressions:");
    else if constexpr (K == 1) return exact("write 2.5_c, or a placeholder for it");
    else return exact("or put it all in a trace");
}();

/// The words of a finding F::found as template arguments.
template <class F, int K>
constexpr auto word_of = [] {
    constexpr const word& w = K == 0 ? F::found.what : K == 1 ? F::found.left : K == 2 ? F::found.right : F::found.where;
    return first_words<w.n + 1>(w.s);
}();

/// The result of an operation that was refused; later operations pass it on in silence: one mistake is one error.
struct failed {
    using expression_tag = void;
    template <class F, class... X>
    static constexpr failed lift(X...) { return {}; }
    template <class T>
        requires std::is_arithmetic_v<T>
    constexpr operator T() const { return T(1); }   // where a number or a condition is wanted
    template <class T>
    constexpr failed operator=(const T&) const { return {}; }
    template <class... T>
    constexpr failed fill(const T&...) const { return {}; }   // as what a session stores
    constexpr failed() = default;
    constexpr failed(const failed&) = default;
};
template <class... E>
concept any_failed = (std::is_same_v<E, failed> || ...);

}  // namespace kiln
