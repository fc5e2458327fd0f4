// narrow.hpp where a register is a column.
#pragma once

namespace hand {

struct per_row {
    f32 v;
    HAND_INLINE f32 at(int) const { return v; }
};
template <long C>
struct per_column {
    const float* p;
    HAND_INLINE explicit per_column(const float* from) : p(from) {}
    HAND_INLINE f32 at(int c) const { return all(p[c]); }
};

template <long C>
struct narrow {
    static_assert(C >= 8 && C <= 16 && C % 2 == 0);
    f32 column[C];
    HAND_INLINE f32 at(int c) const { return column[c]; }

    HAND_INLINE explicit narrow(const float* x, float = 0) {
        f32 low[8], high[8];   // what is not used of the second is not computed
#pragma GCC unroll 8
        for (int r = 0; r < 8; ++r) low[r] = load(x + r * C), high[r] = load(x + r * C + C - 8);
        transpose_square(low);
        transpose_square(high);
#pragma GCC unroll 8
        for (int c = 0; c < 8; ++c) column[C - 8 + c] = high[c];
#pragma GCC unroll 8
        for (int c = 0; c < 8; ++c) column[c] = low[c];
    }
    HAND_INLINE void store_to(float* y) const {
        f32 row[8];
#pragma GCC unroll 8
        for (int c = 0; c < 8; ++c) row[c] = column[c];
        transpose_square(row);
#pragma GCC unroll 8
        for (int r = 0; r < 8; ++r) store(y + r * C, row[r]);
#pragma GCC unroll 4
        for (int c = 8; c < C; c += 2) store_pairs(y + c, C, column[c], column[c + 1]);
    }
    template <class F>
    HAND_INLINE f32 folded(F f) const {
        f32 part[2]{column[0], column[1]};
#pragma GCC unroll 16
        for (int c = 2; c < C; ++c) part[c % 2] = f(part[c % 2], column[c]);
        return f(part[0], part[1]);
    }
    template <class F, class... Others>
    HAND_INLINE void change(F f, const Others&... others) {
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) column[c] = f(column[c], others.at(c)...);
    }
    HAND_INLINE static f32 kept(f32 x) { return x; }
    /// Subtracts x in the column `label` of each row.
    HAND_INLINE void subtract_at(const std::int32_t* label, f32 x) {
        const i32 labels = load(label);
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) column[c] = column[c] - keep(equal(labels, all(c)), x);
    }
};

template <long C>
struct column_sums {
    f32 v[C]{};
    template <class F, class... Others>
    HAND_INLINE void add(F f, const Others&... others) {
#pragma GCC unroll 16
        for (int c = 0; c < C; ++c) v[c] = f(v[c], others.at(c)...);
    }
    HAND_INLINE void store_to(float* y) const {
        for (int c = 0; c < C; ++c) y[c] = total(v[c]);
    }
};

}  // namespace hand
