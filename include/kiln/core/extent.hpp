// Extents and axes as template arguments: 784, "batch", extent("batch") * extent("time"), axes<0, 2>, keepdims.
#pragma once
#include <kiln/core/types.hpp>

namespace kiln {

/// A text as a template argument.
template <std::size_t N>
struct text {
    char s[N];
    constexpr text(const char (&a)[N]) : s{} {
        for (std::size_t i = 0; i < N; ++i) s[i] = a[i];
    }
};

/// An extent of a shape: a number times at most two names. Names (at most 23 characters) are packed into integers, so
/// that they stay short in symbol names.
struct extent {
    static constexpr int name_capacity = 23;
    struct packed {
        u64 word[3];
        constexpr bool operator==(const packed&) const = default;
    };
    i64 number;
    packed name[2];

    constexpr extent(i64 n) : number(n), name{} {}
    template <std::size_t N>
    constexpr extent(const char (&s)[N]) : number(1), name{} {
        static_assert(N <= name_capacity + 1, "kiln: the name of an extent has at most 23 characters");
        static_assert(N > 1, "kiln: the name of an extent is empty");
        for (std::size_t i = 0; i + 1 < N; ++i)
            name[0].word[i / 8] |= static_cast<u64>(static_cast<unsigned char>(s[i])) << (8 * (i % 8));
    }
    constexpr extent(i64 n, packed a, packed b) : number(n), name{a, b} {}   // for compilers that rebuild the value

    constexpr int n_names() const { return (name[0].word[0] != 0) + (name[1].word[0] != 0); }
    constexpr void copy_name(int k, char* to) const {
        for (int i = 0; i < name_capacity; ++i)
            to[i] = static_cast<char>(name[k].word[i / 8] >> (8 * (i % 8)) & 255);
        to[name_capacity] = 0;
    }
    constexpr bool operator==(const extent&) const = default;
};
constexpr extent operator*(extent a, extent b) {
    extent r(a.number * b.number);
    int n = 0;
    for (int k = 0; k < a.n_names(); ++k) r.name[n++] = a.name[k];
    for (int k = 0; k < b.n_names() && n < 2; ++k) r.name[n++] = b.name[k];
    return r;
}

/// Axes of a reduction; negative ones count from the end.
struct axis_list {
    int at[8]{};
    int n = 0;
    constexpr axis_list() = default;
    constexpr axis_list(int a) : at{a}, n(1) {}
    template <class... I>
        requires(sizeof...(I) > 1)
    constexpr axis_list(I... a) : at{static_cast<int>(a)...}, n(sizeof...(I)) {}
};
template <int... A>
inline constexpr axis_list axes = [] {
    axis_list r;
    ((r.at[r.n++] = A), ...);
    return r;
}();

/// Reduced axes stay, with extent 1.
struct keepdims_tag {};
inline constexpr keepdims_tag keepdims{};

/// What the template arguments of a reduction say: `sum<0>`, `sum<axes<0, 2>, keepdims>`.
struct reduction_options {
    axis_list over{};
    bool all = true, keep = false;

    constexpr void add(int axis) {
        all = false;
        over.at[over.n++] = axis;
    }
    constexpr void add(axis_list l) {
        all = false;
        for (int k = 0; k < l.n; ++k) over.at[over.n++] = l.at[k];
    }
    constexpr void add(keepdims_tag) { keep = true; }
};
template <auto... Options>
consteval reduction_options options_of() {
    reduction_options r;
    (r.add(Options), ...);
    return r;
}

}  // namespace kiln
