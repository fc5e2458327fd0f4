// narrow.hpp where a register is a row.
#pragma once

namespace hand {

struct per_row {
    f32 v;
    HAND_INLINE f32 at(int r) const { return lane(v, r); }
};
template <long C>
struct per_column {
    f32 v;
    HAND_INLINE explicit per_column(const float* p) : v(load(p, first(C))) {}
    HAND_INLINE f32 at(int) const { return v; }
};

template <long C>
struct narrow {
    f32 row[width];
    HAND_INLINE f32 at(int r) const { return row[r]; }

    HAND_INLINE explicit narrow(const float* x, float fill = 0) {
#pragma GCC unroll 16
        for (int r = 0; r < width; ++r) row[r] = load(x + r * C, first(C), all(fill));
    }
    HAND_INLINE void store_to(float* y) const {
#pragma GCC unroll 16
        for (int r = 0; r < width; ++r) store(y + r * C, row[r], first(C));
    }
    template <class F>
    HAND_INLINE f32 folded(F f) const {
        f32 copy[width];
#pragma GCC unroll 16
        for (int r = 0; r < width; ++r) copy[r] = row[r];
        return fold_each(copy, f);
    }
    template <class F, class... Others>
    HAND_INLINE void change(F f, const Others&... others) {
#pragma GCC unroll 16
        for (int r = 0; r < width; ++r) row[r] = f(row[r], others.at(r)...);
    }
    HAND_INLINE static f32 kept(f32 x) { return keep(first(C), x); }
    /// Subtracts x in the column `label` of each row.
    HAND_INLINE void subtract_at(const std::int32_t* label, f32 x) {
#pragma GCC unroll 16
        for (int r = 0; r < width; ++r) row[r] = where(equal(positions(), all(label[r])), row[r] - x, row[r]);
    }
};

template <long C>
struct column_sums {
    f32 v{};
    template <class F, class... Others>
    HAND_INLINE void add(F f, const Others&... others) {
#pragma GCC unroll 16
        for (int r = 0; r < width; ++r) v = f(v, others.at(r)...);
    }
    HAND_INLINE void store_to(float* y) const { store(y, v, first(C)); }
};

}  // namespace hand
