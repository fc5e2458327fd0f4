// Which numbers of a function of scalars are computed side by side: what is costly always is, what is cheap where vectors save more than it
// takes to put them together. (Superword level parallelism: Larsen, Amarasinghe, PLDI 2000, by levels instead of from neighbouring stores.)
#pragma once
#include <kiln/backend/cpu/number_steps.hpp>

namespace kiln::cpu {

template <class K, int Widest>
struct number_packs : number_schedule<K, Widest> {
    using base = number_schedule<K, Widest>;
    using base::n, base::computes, base::arity, base::may_pack, base::is_costly, base::most_lanes, base::fewest;
    using typename base::builder, typename base::steps;

    /// Where the lanes of a vector come from: packs as wide as it or narrower, numbers by themselves.
    struct origins {
        int source[2], count;   // steps, or -1 - a node that is by itself; 3: of more than two
        bool in_order;          // it is one pack as it is
        int lane[64];           // among the lanes of both sources
    };
    static constexpr origins origins_of(const steps& r, const int* nodes, int width) {
        origins o{{0, 0}, 0, true, {}};
        for (int k = 0; k < width && o.count < 3; ++k) {
            const int at = r.packed_at[nodes[k]], lane = at >= 0 ? r.lane[nodes[k]] : 0, id = at >= 0 ? at : -1 - nodes[k];
            int which = 0;
            while (which < o.count && o.source[which] != id) ++which;
            if (which == o.count && which < 2) o.source[o.count++] = id;
            if (which == 2 || lane >= width) o.count = 3;
            o.lane[k] = which * width + lane;
            o.in_order &= at >= 0 && r.width[at] == width && lane == k;
        }
        o.in_order &= o.count == 1;
        return o;
    }
    /// Instructions that put numbers side by side. Loads of neighbours are one, of others as many as there are: taken for half of them.
    static constexpr int cost_of(const steps& r, const int* nodes, int width) {
        const origins o = origins_of(r, nodes, width);
        if (o.count < 3) return !o.in_order;
        int loads = 0;
        for (int k = 0; k < width; ++k) loads += K::node(nodes[k]).kind == kiln::step::load;
        return loads == width ? width / 2 : width;
    }
    /// How many instructions these steps save.
    static constexpr int gain(const steps& r) {
        int g = 0, list[64]{};
        for (int s = 0; s < r.n_steps; ++s) {
            const int first = r.first[s], i = r.member[first], width = r.width[s];
            if (r.sums[s]) {
                for (int t = 0; t < r.whole_terms[i]; t += width) {
                    g += width - 1;
                    for (int k = 0; k < 2; ++k) {
                        for (int u = 0; u < width; ++u) list[u] = r.factor[r.first_term[i] + t + u][k];
                        if (list[0] >= 0) g -= cost_of(r, list, width);
                    }
                }
                for (int w = width; w > 1; w /= 2) g -= 2;
            } else if (width > 1 && computes(i)) {
                g += (r.count[s] - 1) * (is_costly(i) ? 20 : 1);
                for (int k = 0; k < arity(i); ++k) {
                    for (int u = 0; u < width; ++u) list[u] = K::node(r.member[u < r.count[s] ? first + u : first]).in[k];
                    g -= cost_of(r, list, width);
                }
            } else if (width == 1)   // a lane that is read by itself
                for (int k = 0; k < arity(i); ++k) g -= computes(i) && r.packed_at[K::node(i).in[k]] >= 0;
        }
        return g;
    }
    static constexpr bool has_many = [] {   // enough of one operation for a pack at all
        int many[256]{};
        for (int i = 0; i < n; ++i)
            if (may_pack(i) && most_lanes(i) >= fewest && ++many[K::node(i).op & 255] >= fewest) return true;
        return false;
    }();
    static constexpr steps plan = [] {
        builder alone;
        alone.order(false);
        if (!has_many) return alone.r;
        builder packed;
        packed.order(true);
        return gain(packed.r) > gain(alone.r) + n / 8 ? packed.r : alone.r;
    }();
    /// Is anything done side by side?
    static constexpr bool gains = [] {
        for (int s = 0; s < plan.n_steps; ++s)
            if (plan.width[s] > 1) return true;
        return false;
    }();
};

}  // namespace kiln::cpu
