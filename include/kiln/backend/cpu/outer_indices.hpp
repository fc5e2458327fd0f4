// The outer axes of a kernel: pointers move from index to index, what is done at each of them stays the same.
#pragma once
#include <kiln/backend/cpu/simd.hpp>
#include <kiln/backend/cpu/threads.hpp>
#include <kiln/plan/key.hpp>

#include <utility>

namespace kiln::cpu {

/// The argument of a kernel that is scratch, if it has any.
template <class K>
constexpr int scratch_slot = K::header.kind == group_kind::contraction ? 2 : 0;

/// How many outer indices there are.
template <class K>
KILN_INLINE i64 count_of_outer([[maybe_unused]] const i64* sizes) {
    i64 count = 1;
    for (int k = 0; k < K::header.outer; ++k) count *= sizes[k];
    return count;
}
/// Have so many parts as much to do each, if they share the outer axes; where these are long, nearly.
template <class K>
KILN_INLINE bool outer_axes_come_out_even(const i64* sizes, int parts) {
    const i64 count = count_of_outer<K>(sizes);
    return count % parts == 0 || count > 4 * parts;
}

/// The outer indices that belong to a part, or all of them, where parts are of what is done at each, or one alone:  outer_indices<K> o(...); if (o.left) do { ... }
/// while (o.next());  A kernel without outer axes has one, and no loop.
template <class K>
struct outer_indices {
    static constexpr int axes = K::header.axes, outer = K::header.outer;
    static constexpr bool sections = [] {
        bool yes = false;
        for (int i = 0; i < K::n; ++i) yes |= K::node(i).section;
        return yes;
    }();

    KILN_INLINE outer_indices(char* const* arguments, const i64* extents, i64 scratch_bytes, int part, int parts, bool every = false, i64 only = -1) : given(arguments), sizes(extents) {
        copy(std::make_integer_sequence<int, K::header.slots>{});
        if (scratch_bytes) q[scratch_slot<K>] += part * scratch_bytes;
        if constexpr (outer > 0) {
            const i64 count = count_of_outer<K>(sizes);
            const part_range mine = only >= 0 ? part_range{only, only + 1} : every ? part_range{0, count} : range_of(count, part, parts, 1);
            left = mine.last - mine.first;
            for (i64 k = outer - 1, r = mine.first; k >= 0 && left > 0; --k) {
                index[k] = r % sizes[k];
                r /= sizes[k];
            }
            last = sizes[outer - 1];
            find_steps(nodes{});
            if (left > 0) move(nodes{});
        } else if constexpr (sections) move_sections(nodes{});
    }
    KILN_INLINE bool next() {
        if constexpr (outer == 0) return false;
        else {
            if (--left == 0) return false;
            if (++index[outer - 1] < last) {
                advance(nodes{});
                return true;
            }
            index[outer - 1] = 0;
            for (int k = outer - 2; k >= 0; --k) {
                if (++index[k] < sizes[k]) break;
                index[k] = 0;
            }
            move(nodes{});
            return true;
        }
    }

    char* q[K::header.slots + 1];   // the arguments at this index: copies, for which no store can be taken, so that they stay in registers
    i64 index[outer + 1]{}, left = 1;

private:
    using nodes = std::make_integer_sequence<int, K::n>;
    template <int... S>
    KILN_INLINE void copy(std::integer_sequence<int, S...>) { ((q[S] = given[S]), ...); }
    template <int... I>
    KILN_INLINE void move(std::integer_sequence<int, I...>) { (move_argument<I>(), ...); }
    /// Where what is read elsewhere begins.
    template <int I>
    KILN_INLINE i64 shift() const {
        constexpr key_node k = K::node(I);
        i64 r = 0;
        for (int a = 0; a < axes; ++a)
            if (k.mask >> a & 1) r += sizes[k.in[1] + a] * sizes[k.in[0] + a];
        return r;
    }
    template <int... I>
    KILN_INLINE void move_sections(std::integer_sequence<int, I...>) { (move_section<I>(), ...); }
    template <int I>
    KILN_INLINE void move_section() {
        if constexpr (K::node(I).section) q[K::node(I).slot] += shift<I>() * size_of(K::node(I).type);
    }
    template <int I>
    KILN_INLINE void move_argument() {
        constexpr key_node k = K::node(I);
        if constexpr (is_argument(k)) {
            i64 offset = 0, inner = 1;
            if constexpr (k.section) offset = shift<I>();
            for (int a = axes - 1; a >= 0; --a) {
                if (!(k.mask >> a & 1)) continue;
                if (k.strided || k.section) {
                    if (a < outer) offset += index[a] * sizes[k.in[0] + a];
                } else {
                    if (a < outer) offset += index[a] * inner;
                    inner *= sizes[a];
                }
            }
            if ((k.strided || k.section) && !given[k.slot]) offset = 0;   // as below
            q[k.slot] = given[k.slot] + offset * size_of(k.type);
        }
    }

    /// How far an argument moves from index to index along the last of the outer axes, which is found once: what a kernel stores could be
    /// the extents, for all that the compiler knows.
    template <int... I>
    KILN_INLINE void find_steps(std::integer_sequence<int, I...>) { (find_step<I>(), ...); }
    template <int I>
    KILN_INLINE void find_step() {
        constexpr key_node k = K::node(I);
        if constexpr (moves(I)) {
            i64 r = size_of(k.type);
            if constexpr (k.strided || k.section) r *= given[k.slot] ? sizes[k.in[0] + outer - 1] : 0;   // an operand without elements may be null
            else
                for (int a = outer; a < axes; ++a)
                    if (k.mask >> a & 1) r *= sizes[a];
            step[k.slot] = r;
        }
    }
    static constexpr bool is_argument(const key_node& k) { return k.kind == kiln::step::load || k.kind == kiln::step::store; }
    /// Does node I stand for an argument, which another may share with it, that moves along that axis?
    static constexpr bool moves(int i) {
        const key_node k = K::node(i);
        bool first = is_argument(k);
        for (int j = 0; j < i; ++j) first &= !(is_argument(K::node(j)) && K::node(j).slot == k.slot);
        return first && (k.mask >> (outer - 1) & 1);
    }
    template <int... I>
    KILN_INLINE void advance(std::integer_sequence<int, I...>) { (advance_argument<I>(), ...); }

    template <int I>
    KILN_INLINE void advance_argument() {
        if constexpr (moves(I)) q[K::node(I).slot] += step[K::node(I).slot];
    }

    char* const* given;
    const i64* sizes;
    i64 last = 0, step[outer > 0 ? K::header.slots + 1 : 1];
};

}  // namespace kiln::cpu
