// A pair that needs nothing of kiln: it shows that the harness works, and what a pair looks like.
// first: matmul: inner extents differ
// first: \(4, 8\).*\(9, 2\)
// expect[g++]: sample.cpp:[0-9]+:[0-9]+:   required from here
// expect[clang]: matmul<4, 8, inner, 2>\(\)
// max-lines: 15
template <int N>
struct words {
    char text[N]{};
    consteval words(const char (&t)[N]) {
        for (int i = 0; i < N; ++i) text[i] = t[i];
    }
};
template <bool Bad, words... Words>
struct error {
    static constexpr bool never = true;
};
#ifdef __clang__
template <words... Words>
struct error<true, Words...> {
    static constexpr bool never = false;
};
#else
template <words... Words>
struct error<true, Words...>;
#endif

template <int N, int K, int L, int M>
constexpr bool matmul() {
    static_assert(error<(K != L), "matmul: inner extents differ", "(4, 8)", "(9, 2)">::never);
    return true;
}

#ifdef KILN_SHOULD_FAIL
constexpr int inner = 9;
#else
constexpr int inner = 8;
#endif
static_assert(matmul<4, 8, inner, 2>());
