// The operands of a contraction: where they lie, the panels into which they are copied (plan/packing.hpp) and what is computed for them (prologue.hpp).
#pragma once
#include <kiln/backend/cpu/contraction_tiles.hpp>
#include <kiln/backend/cpu/prologue.hpp>

namespace kiln::cpu {

template <class K, int VB, int Registers>
struct contraction_operands : contraction_tiles<K, VB, Registers> {
    using shape = contraction_tiles<K, VB, Registers>;
    using typename shape::base, typename shape::T;
    using base::L, base::axes, shape::NV, shape::computes_left, shape::computes_right, shape::line_of, shape::panel_width;

    struct operands {
        const T *a, *b;
        i64 a_row, a_inner, b_inner, b_column, inner, rows;
    };
    struct panels {
        T *right, *left, *waiting, *lines;   // null: not copied, all steps at once
        bool products;
        i64 waiting_row, computed_row;
        T* all_sums;      // of a slice of the inner axis,
        bool sums_done;   // or of all of them
    };
    struct computed {   // operands that lie nowhere
        prologue<K, VB, 0> left;
        prologue<K, VB, 1> right;
    };
    static KILN_INLINE i64 offset(const i64* strides, const i64* outer) {
        i64 r = 0;
        for (int k = 0; k < K::header.outer; ++k) r += outer[k] * strides[k];
        return r;
    }

    /// Where the operands lie at this index of the outer axes.
    static KILN_INLINE operands operands_of(char* const* a, const i64* sizes, const i64* outer) {
        const i64* a_strides = sizes + axes + 1;   // where they do not follow from the extents
        const i64* b_strides = a_strides + axes + 1;
        const i64 n0 = known_or<K::extent(axes - 2)>(sizes[axes - 2]), n1 = known_or<K::extent(axes - 1)>(sizes[axes - 1]);
        const i64 inner = known_or<K::inner>(sizes[axes]);
        static constexpr T no_element{};   // an operand without elements may be null, from which no address follows
        const auto begin = [&](const char* p, const i64* strides) KILN_INLINE_LAMBDA { return inner ? reinterpret_cast<const T*>(p) + offset(strides, outer) : &no_element; };
        return {computes_left ? nullptr : begin(a[0], a_strides), computes_right ? nullptr : begin(a[1], b_strides),
                K::header.left == by_rows ? inner : K::header.left == by_columns ? 1 : a_strides[axes - 2],
                K::header.left == by_rows ? 1 : K::header.left == by_columns ? n0 : a_strides[axes],
                K::header.right == by_rows ? n1 : K::header.right == by_columns ? 1 : b_strides[axes],
                K::header.right == by_rows ? 1 : K::header.right == by_columns ? inner : b_strides[axes - 1], inner, n0};
    }

    /// The panel of a column, so many columns from the first one.
    static KILN_INLINE T* panel_of(const panels& p, i64 column, i64 d) { return p.right + column / panel_width * contraction_blocks::panel(d, sizeof(T), VB); }
    /// The steps [k, k + d) of the columns [from, to), of which `first` begins the first panel: in panels, or as rows where they are computed.
    static KILN_INLINE void fill_right(const computed& maps, const operands& o, const panels& p, i64 first, i64 from, i64 to, i64 k, i64 d) {
        constexpr i64 width = NV * L;
        if constexpr (!computes_right) pack<T, L>(panel_of(p, from - first, d), panel_width, contraction_blocks::panel(d, sizeof(T), VB), o.b + from * o.b_column + k * o.b_inner, to - from, o.b_column, o.b_inner, d);
        else if constexpr (K::header.right == by_rows) maps.right.compute(p.right, p.computed_row, k, d, from, to - from);
        else
            for (i64 j = from; j < to; j += width) {   // it is computed along the inner axis
                const i64 columns = to - j < width ? to - j : width;
                maps.right.compute(p.lines, line_of(d), j, columns, k, d);
                pack<T, L>(p.right + (j - from), p.computed_row, 0, p.lines, columns, line_of(d), 1, d);
            }
    }
    /// Asks for the parts [first, last) of `parts` of the left operand's next panel. The tiles of one beside another wait for nothing then, where each line
    /// of the first would come from beyond L2 (Zen 5, 2048 x 2048 x 2048: 75.9 ms, 71.2; 4096 x 4096 x 1024 157, 144).
    static KILN_INLINE void fetch_part(const T* next, i64 n, i64 first, i64 last, i64 parts) {
        constexpr i64 line = 64 / sizeof(T);
        for (i64 x = n * first / parts / line * line, end = n * last / parts; x < end; x += line) __builtin_prefetch(next + x, 0, 2);
    }
};

}  // namespace kiln::cpu
