// The steps in which a function of scalars is computed: numbers of one operation, of which none waits for another's result, are lanes of a
// vector, and sums of many terms are added by lanes.
#pragma once
#include <kiln/backend/cpu/body_parts.hpp>

namespace kiln::cpu {

/// The steps of a body without rows and columns, in an order in which operands come first.
template <int N>
struct number_steps {
    int n_steps = 0, n_members = 0, n_terms = 0;
    int first[N + 1]{}, count[N + 1]{}, width[N + 1]{};   // of a step: its members, and lanes: 1 for a number by itself
    bool sums[N + 1]{};                                   // adds up terms, `width` at a time
    int member[N + 1]{};
    int packed_at[N + 1]{}, lane[N + 1]{};                // of a node: its step and lane; -1: it is by itself
    bool gone[N + 1]{};                                   // of a node: part of a sum, and of nothing else
    int first_term[N + 1]{}, term_count[N + 1]{}, whole_terms[N + 1]{};   // of a node that is a sum: terms that fill vectors come first
    int factor[2 * N + 1][2]{};                           // of a term: its factors; the second is -1 where there is one
};

template <class K, int Widest>
struct number_schedule : body_parts<K, 16 / K::header.lane_bytes> {
    using parts = body_parts<K, 16 / K::header.lane_bytes>;
    using parts::f, parts::n;
    using steps = number_steps<n>;
    static constexpr int fewest = 4, fewest_terms = 8;

    template <int... I>
    static constexpr auto arities(std::integer_sequence<int, I...>) {
        struct table { int of[sizeof...(I) + 1]; };
        return table{{op_struct<K::op(I)>::arity..., 0}};
    }
    static constexpr auto arity_of_op = arities(std::make_integer_sequence<int, K::header.ops>{});
    static constexpr bool computes(int i) { return K::node(i).kind == kiln::step::operation; }
    static constexpr int arity(int i) { return computes(i) ? arity_of_op.of[K::node(i).op] : f.arity(i) > 0; }
    /// Is a node of floating operands, and of their type?
    static constexpr bool may_pack(int i) {
        if (!computes(i) || !is_floating(K::node(i).type)) return false;
        for (int k = 0; k < arity(i); ++k)
            if (K::node(K::node(i).in[k]).type != K::node(i).type) return false;
        return true;
    }
    static constexpr bool is_costly(int i) { return f.costly[i] && arity(i) == 1 && may_pack(i); }
    static constexpr int most_lanes(int i) { return Widest / static_cast<int>(size_of(K::node(i).type)); }
    static constexpr bool adds(int i) { return may_pack(i) && (is_operation<K>(i, hash(add_op::name)) || is_operation<K>(i, hash(fma_op::name))); }
    static constexpr bool multiplies(int i) { return may_pack(i) && (is_operation<K>(i, hash(multiply_op::name)) || is_operation<K>(i, hash(square_op::name))); }

    /// What operands of one vector have in common: a constant is itself, and what is computed has its operation and level.
    static constexpr int kind_of(int o, const int* level) {
        if (o < 0) return -2;
        const key_node x = K::node(o);
        return x.kind == kiln::step::constant ? -3 - o : computes(o) ? x.op << 16 | level[o] : -1;
    }

    struct builder {
        steps r;
        int uses[n + 1]{}, level[n + 1]{};
        bool done[n + 1]{}, is_put[n + 1]{};
        int parts_of[n + 1]{}, n_parts = 0, list[n + 1]{}, kind[2 * n + 1][2]{};   // nodes for a moment; of terms

        constexpr void count_uses() {
            for (int i = 0; i < n; ++i)
                for (int k = 0; k < arity(i); ++k) ++uses[K::node(i).in[k]];
        }
        // ---- sums of many terms
        constexpr void add_term(int a, int b) {
            r.factor[r.n_terms][0] = a;
            r.factor[r.n_terms++][1] = b;
        }
        /// The terms of what is added up in node i, and its parts: nodes that nothing else reads.
        constexpr void collect(int i) {
            int left = 0;
            list[left++] = i;
            while (left > 0) {
                const int v = list[--left];
                const key_node x = K::node(v);
                const bool part = v == i || uses[v] == 1;
                if (part && adds(v)) {
                    const bool product = is_operation<K>(v, hash(fma_op::name));
                    if (product) add_term(x.in[0], x.in[1]);
                    else list[left++] = x.in[1];
                    list[left++] = x.in[product ? 2 : 0];
                } else if (part && multiplies(v)) add_term(x.in[0], x.in[arity(v) - 1]);
                else {
                    add_term(v, -1);
                    continue;
                }
                parts_of[n_parts++] = v;
            }
        }
        constexpr void find_sums() {
            for (int i = n - 1; i >= 0; --i) {
                if (r.gone[i] || !adds(i)) continue;
                n_parts = 0;
                r.first_term[i] = r.n_terms;
                collect(i);
                if (r.n_terms - r.first_term[i] < fewest_terms) r.n_terms = r.first_term[i];
                else {
                    r.term_count[i] = r.n_terms - r.first_term[i];
                    for (int k = 0; k < n_parts; ++k) r.gone[parts_of[k]] = parts_of[k] != i;
                }
            }
        }
        constexpr bool one_kind(int s, int t) const { return kind[s][0] == kind[t][0] && kind[s][1] == kind[t][1]; }
        constexpr void exchange(int s, int t) {
            for (int k = 0; k < 2; ++k) {
                const int x = r.factor[s][k], y = kind[s][k];
                r.factor[s][k] = r.factor[t][k];
                r.factor[t][k] = x;
                kind[s][k] = kind[t][k];
                kind[t][k] = y;
            }
        }
        constexpr int place_of(int t) const { return r.factor[t][0] > r.factor[t][1] ? r.factor[t][0] : r.factor[t][1]; }
        /// Puts terms of one kind side by side, in whole vectors at the beginning.
        constexpr int arrange_terms(int i) {
            const int from = r.first_term[i], to = from + r.term_count[i];
            int most = 0;
            for (int t = from; t < to; ++t)
                for (int k = 0; k < 2; ++k) kind[t][k] = kind_of(r.factor[t][k], level);
            for (int t = from; t < to; ++t) {
                int alike = 0;
                for (int u = from; u < to; ++u) alike += one_kind(t, u);
                most = alike > most ? alike : most;
            }
            int width = most_lanes(i);
            while (width > most) width /= 2;
            r.whole_terms[i] = 0;
            if (width < fewest) return 1;
            for (int at = from; at < to;) {   // the kind of the first that is left
                int alike = 0;
                for (int u = at; u < to; ++u) alike += one_kind(at, u);
                const int whole = alike / width * width;
                int put = at;
                for (int u = at; u < to && put < at + alike; ++u)
                    if (u == at || one_kind(at, u)) {
                        for (int w = u; w > put; --w) exchange(w, w - 1);
                        ++put;
                    }
                for (int a = at; a < put; ++a)   // in the order of what they are made of
                    for (int b = a + 1; b < put; ++b)
                        if (place_of(b) < place_of(a)) exchange(a, b);
                for (int k = 0; k < whole; ++k)   // before those of other kinds that fill no vector
                    for (int w = at + k; w > from + r.whole_terms[i] + k; --w) exchange(w, w - 1);
                r.whole_terms[i] += whole;
                at += alike;
            }
            return width;
        }

        // ---- steps
        constexpr void put(const int* nodes, int size, int width, bool sums = false) {
            r.first[r.n_steps] = r.n_members;
            r.count[r.n_steps] = size;
            r.width[r.n_steps] = width;
            r.sums[r.n_steps] = sums;
            for (int k = 0; k < size; ++k) {
                r.member[r.n_members++] = nodes[k];
                r.packed_at[nodes[k]] = width > 1 && !sums && computes(nodes[k]) ? r.n_steps : -1;
                r.lane[nodes[k]] = k;
                is_put[nodes[k]] = true;
            }
            ++r.n_steps;
        }
        constexpr bool is_sum(int i) const { return r.term_count[i] > 0; }
        constexpr bool ready(int i) const {
            if (done[i] || r.gone[i]) return false;
            if (is_sum(i)) {
                for (int t = r.first_term[i]; t < r.first_term[i] + r.term_count[i]; ++t)
                    for (int k = 0; k < 2; ++k)
                        if (r.factor[t][k] >= 0 && !done[r.factor[t][k]]) return false;
                return true;
            }
            for (int k = 0; k < arity(i); ++k)
                if (!done[K::node(i).in[k]]) return false;
            return true;
        }
        constexpr void find_level(int i) {
            int highest = -1;
            const auto look = [&](int o) { highest = o >= 0 && level[o] > highest ? level[o] : highest; };
            for (int t = r.first_term[i]; is_sum(i) && t < r.first_term[i] + r.term_count[i]; ++t) {
                look(r.factor[t][0]);
                look(r.factor[t][1]);
            }
            for (int k = 0; k < arity(i) && !is_sum(i); ++k) look(K::node(i).in[k]);
            level[i] = highest + 1;
        }
        constexpr bool alike(int i, int j) const {
            if (level[i] != level[j] || K::node(i).op != K::node(j).op || K::node(i).type != K::node(j).type) return false;
            for (int k = 0; k < arity(i); ++k)
                if (kind_of(K::node(i).in[k], level) != kind_of(K::node(j).in[k], level)) return false;
            return true;
        }
        /// Where all lanes of a pack are stored, of which node i stores one: puts the stores among nodes[from, to) into `list`, in the order of
        /// the lanes, and says how many they are.
        constexpr int stored_pack(int i, const int* nodes, int from, int to) {
            if (K::node(i).kind != kiln::step::store || r.packed_at[K::node(i).in[0]] < 0) return 0;
            const int pack = r.packed_at[K::node(i).in[0]];
            for (int u = 0; u < r.width[pack]; ++u) {
                list[u] = -1;
                for (int k = from; k < to && list[u] < 0 && u < r.count[pack]; ++k)
                    if (!is_put[nodes[k]] && K::node(nodes[k]).kind == kiln::step::store && K::node(nodes[k]).in[0] == r.member[r.first[pack] + u]) list[u] = nodes[k];
                if (list[u] < 0) return 0;
            }
            return r.width[pack];
        }
        /// Nodes [from, to) of one level.
        constexpr void put_level(const int* nodes, int from, int to, bool pack) {
            for (int k = from; k < to; ++k) {
                const int i = nodes[k];
                if (is_put[i]) continue;
                if (is_sum(i)) put(&i, 1, arrange_terms(i), true);
                else if (const int width = stored_pack(i, nodes, k, to); width > 0) put(list, width, width);
                else if (!pack || !may_pack(i)) put(&i, 1, 1);
                else {
                    int many = 0, at = 0;
                    for (int j = k; j < to; ++j)
                        if (!is_put[nodes[j]] && !is_sum(nodes[j]) && alike(i, nodes[j])) list[many++] = nodes[j];
                    for (int lanes = most_lanes(i); lanes >= fewest; lanes /= 2)
                        for (; many - at >= lanes; at += lanes) put(list + at, lanes, lanes);
                    for (; at < many; ++at) put(list + at, 1, 1);
                }
            }
        }
        /// Cheap nodes, level by level.
        constexpr void put_cheap(const int* nodes, int size, bool pack) {
            int before[n + 2]{}, sorted[n + 1]{}, highest = 0;
            for (int k = 0; k < size; ++k) {
                ++before[level[nodes[k]] + 1];
                highest = level[nodes[k]] > highest ? level[nodes[k]] : highest;
            }
            for (int l = 0; l <= highest; ++l) before[l + 1] += before[l];
            for (int k = 0; k < size; ++k) sorted[before[level[nodes[k]]]++] = nodes[k];   // before: where the next of a level goes, in the end its end
            for (int l = 0; l <= highest; ++l) put_level(sorted, l == 0 ? 0 : before[l - 1], before[l], pack);
        }
        constexpr void order(bool pack) {
            for (int i = 0; i <= n; ++i) r.packed_at[i] = -1;
            count_uses();
            if (pack) find_sums();
            for (bool more = true; more;) {
                int cheap[n + 1]{}, n_cheap = 0, costly = -1;
                for (int i = 0; i < n; ++i) {   // operands come first, so one look finds all that are cheap
                    if (!ready(i)) continue;
                    if (is_costly(i)) {
                        if (costly < 0) costly = i;
                        continue;
                    }
                    find_level(i);
                    cheap[n_cheap++] = i;
                    done[i] = true;
                }
                put_cheap(cheap, n_cheap, pack);
                more = costly >= 0;
                if (!more) break;
                int size = 0, width = 1;   // found before the first of them is done, on which another may wait
                for (int i = costly; i < n && size < most_lanes(costly); ++i)
                    if (is_costly(i) && ready(i) && K::node(i).op == K::node(costly).op && K::node(i).type == K::node(costly).type) list[size++] = i;
                while (width < size) width *= 2;
                put(list, size, width);
                for (int k = 0; k < size; ++k) {
                    done[list[k]] = true;
                    find_level(list[k]);
                }
            }
        }
    };
};

}  // namespace kiln::cpu
