// Memory of buffers: slots from a free list, equal sizes share.
#pragma once
#include <kiln/plan/calls.hpp>
#include <kiln/plan/sizes.hpp>

namespace kiln {

template <int N>
struct slot_pool {
    plan_slot slots[N + 1];
    int n, free[N + 1], n_free;

    /// A free slot that is as large, or up to twice where both sizes are known; else a new one.
    template <class Sizes>
    constexpr int take(const plan_slot& want, const Sizes& sizes) {
        for (int k = n_free - 1; k >= 0; --k) {
            const plan_slot& s = slots[free[k]];
            const size_expr &has = sizes.sizes[s.count], &wants = sizes.sizes[want.count];
            const bool fixed = !s.scratch() && !want.scratch() && has.fixed() && wants.fixed() &&
                               has.number * s.bytes >= wants.number * want.bytes && has.number * s.bytes <= 2 * wants.number * want.bytes;
            if (!fixed && !(s == want)) continue;
            const int r = free[k];
            free[k] = free[--n_free];
            return r;
        }
        slots[n] = want;
        return n++;
    }
    constexpr void give(int slot) { free[n_free++] = slot; }
};

}  // namespace kiln
