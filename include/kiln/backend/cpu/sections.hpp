// Where bodies are computed, and what is read elsewhere than there: slices and pads, as loads and masks that know at which rows and
// columns they have something.
#pragma once
#include <kiln/backend/cpu/body_parts.hpp>

namespace kiln::cpu {

/// Where a step is: row, first column, how many lanes are there.
struct place {
    char* const* q;        // the arguments, moved to the current outer index
    const i64* sizes;
    const i64* outer;      // the current outer index
    i64 row, column, n1;
    int count;
    bool inside = false;   // what is read elsewhere is there, in all lanes
    int ahead = 0;         // of the first of several vectors; a constant
};

struct lane_range {
    int from, to;
};
struct column_range {
    i64 from, to;
};

template <class K, int Lanes>
struct sections : body_parts<K, Lanes> {
    using parts = body_parts<K, Lanes>;
    using parts::L, parts::n, parts::axes, parts::f;

    /// The lanes of a vector at this column that lie in the columns [from, to).
    static KILN_INLINE lane_range lanes_within(i64 from, i64 to, const place& p, int count) {
        const auto clamped = [&](i64 v) KILN_INLINE_LAMBDA { return static_cast<int>(v < 0 ? 0 : v < count ? v : count); };
        return {clamped(from - p.column), clamped(to - p.column)};
    }
    /// The columns at which a node that is read elsewhere, or a mask, has something.
    template <int I>
    static KILN_INLINE column_range columns_of(const i64* sizes) {
        constexpr key_node k = K::node(I);
        if constexpr (k.kind == kiln::step::counter) return {sizes[k.in[0]] - sizes[k.in[0] + 2], sizes[k.in[0] + 1] - sizes[k.in[0] + 2]};
        else return {-sizes[k.in[1] + axes - 1], sizes[k.in[1] + 2 * axes - 1] - sizes[k.in[1] + axes - 1]};
    }
    /// May node I have nothing at some columns?
    static constexpr bool checked(int i) {
        const key_node k = K::node(i);
        if (k.kind == kiln::step::counter) return k.type == dtype::boolean && k.slot == axes - 1;
        return k.section && (k.op >> (axes - 1) & 1);
    }
    /// Is there something in this row?
    template <int I>
    static KILN_INLINE bool has_row(const place& p) {
        constexpr key_node k = K::node(I);
        bool yes = true;
        for (int a = 0; a < axes - 1; ++a)
            if (k.op >> a & 1) {
                const i64 at = (K::header.has_rows && a == axes - 2 ? p.row : p.outer[a]) + p.sizes[k.in[1] + a];
                yes &= at >= 0 && at < p.sizes[k.in[1] + axes + a];
            }
        return yes;
    }
    /// The columns at which everything is there that is read elsewhere.
    template <int... I>
    static KILN_INLINE column_range columns_with_all(std::integer_sequence<int, I...>, const place& p, i64 first, i64 last) {
        column_range r{first, last};
        ([&]() KILN_INLINE_LAMBDA {
            if constexpr (checked(I)) {
                const column_range there = columns_of<I>(p.sizes);
                r = {there.from > r.from ? there.from : r.from, there.to < r.to ? there.to : r.to};
            }
        }(), ...);
        return r;
    }
    static constexpr bool has_edges = [] {
        bool yes = false;
        for (int i = 0; i < n; ++i) yes |= checked(i);
        return yes;
    }();
};

}  // namespace kiln::cpu
