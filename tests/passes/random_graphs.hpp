// Random graphs from a seed: all operations of the op table with what needs shapes of its own, named extents among the
// shapes, shared nodes, bodies, several roots; and how they are run, exactly and with noise.
#pragma once
#include "ops/table.hpp"
#include "ops/trial.hpp"

#include <kiln/ops/pooling.hpp>
#include <kiln/passes/simplify.hpp>
#include <kiln/plan/legalise.hpp>

#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace kiln::testing {

// ---- builders are a megabyte; they are used again
inline void reset(builder& b) {
    std::memset(b.node_table, 0, sizeof b.node_table);
    std::memset(b.list_table, 0, sizeof b.list_table);
    b.n = b.n_lists = b.n_chars = b.n_pool = b.n_regions = 0;
    b.current = b.n_scopes = b.n_captured = b.n_holes = b.depth = b.n_params[0] = 0;
    std::memset(b.path, 0, sizeof b.path);
    std::memset(b.origin, 0, sizeof b.origin);
    b.new_path = b.new_origin = b.n_openings = 0;
    b.labelled = b.upcasts = false;
    b.found = {};
    b.file = nullptr;
    b.line = 0;
}
/// An empty builder while it lives.
class scratch {
public:
    scratch() : own(give_back::spare().empty() ? new builder() : give_back::spare().back().release()) {
        if (!give_back::spare().empty()) give_back::spare().pop_back();
        reset(*own);
    }
    builder& operator*() { return *own; }
    builder* operator->() { return own.get(); }

private:
    std::unique_ptr<builder, give_back> own;
};

inline u64 scattered(u64 a, u64 b) { return scrambled(a ^ scrambled(b + 0x9E3779B97F4A7C15)); }

/// What the named extents of a graph are.
struct extents_of_names {
    i64 n = 2, m = 3;
};

inline extents_of_names extents_for(u64 seed) {
    const i64 of[]{2, 3, 5, 1, 2, 3, 5, 0};
    return {of[seed % 8], of[seed / 8 % 8]};
}

/// Random choices.
class chooser {
public:
    explicit chooser(u64 seed) : bits(seed) {}
    u64 word() { return bits = scrambled(bits + 0x9E3779B97F4A7C15); }
    int below(int n) { return static_cast<int>(word() % static_cast<u64>(n)); }
    bool chance(int percent) { return below(100) < percent; }
    real uniform(real low, real high) { return low + (high - low) * std::ldexp(static_cast<real>(word() >> 11), -53); }
    template <class T>
    const T& of(const std::vector<T>& v) { return v[static_cast<std::size_t>(below(static_cast<int>(v.size())))]; }

private:
    u64 bits;
};

struct graph_settings {
    int nodes = 30;
    bool bodies = true, narrow = true;   // narrow: other dtypes than float64, int32 and bool
    int variables = 30;                                     // per cent of the symbols of static shape
    int named = 30;                                         // per cent of the extents
    i64 elements = 150;                                     // of a value, at most
};

/// Writes a random graph into a builder.
class random_graph {
public:
    random_graph(builder& to, u64 seed, graph_settings s) : b(to), choose(seed), set(s) {
        n = b.named("n");
        m = b.named("m");
        for (int k = 0; k < 2 + choose.below(3); ++k) keep(leaf(any_type()), true);
        while (b.n < set.nodes && !b.found) step();
        const int roots_wanted = 1 + choose.below(4);
        for (int k = 0; k < roots_wanted; ++k)   // the latest come first
            roots.push_back(choose.chance(60) && k < size() ? pool[static_cast<std::size_t>(size() - 1 - k)] : pick());
    }
    std::vector<value> roots;

    /// A value of the type of v, made from what is there.
    value another(value v) { return some(v.element(), v.n().shape); }
    chooser& choices() { return choose; }

    /// The rows of the op table that random graphs have been made of.
    static std::set<std::string>& tried() {
        static std::set<std::string> names;
        return names;
    }

private:
    int size() const { return static_cast<int>(pool.size()); }
    void keep(value v, bool is_moderate = false) {
        if (v.zero() || is_weak(v.element())) return;
        if (v.rank() > 5 || cells_of(v.n().shape) > set.elements) return;
        pool.push_back(v);
        moderate.push_back(is_moderate);
    }
    /// How many elements a shape has with the largest named extents.
    i64 cells_of(int shape) const {
        i64 r = 1;
        for (int k = 0; k < b.length(shape); ++k) {
            const i64 e = b.at(shape, k);
            if (!is_product(e)) { r *= e; continue; }
            const int l = static_cast<int>(extent_tag - e);
            r *= b.at(l, 0);
            for (int j = 1; j < b.length(l); ++j) r *= 5;
        }
        return r;
    }
    value pick() {
        const int k = choose.chance(50) ? choose.below(size()) : size() - 1 - choose.below(std::min(size(), 6));
        return pool[static_cast<std::size_t>(k)];
    }
    bool is_moderate(value v) const {
        for (int k = size() - 1; k >= 0; --k)
            if (pool[static_cast<std::size_t>(k)].id == v.id) return moderate[static_cast<std::size_t>(k)];
        return false;
    }
    dtype any_floating() { return set.narrow && choose.chance(25) ? dtype::float32 : dtype::float64; }
    dtype any_dtype() {
        if (choose.chance(65)) return any_floating();
        if (choose.chance(30)) return dtype::boolean;
        return set.narrow ? every_dtype[choose.below(11)] : dtype::int32;
    }
    i64 any_extent() {
        if (choose.chance(set.named)) return choose.chance(65) ? n : m;
        const int k = choose.below(14);
        return k == 0 ? 0 : k < 4 ? 1 : k < 8 ? 2 : k < 12 ? 3 : 5;
    }
    type any_type() {
        list s{};
        const int rank = choose.below(10) == 0 ? 0 : choose.chance(25) ? 1 : choose.chance(70) ? 2 : 3;
        for (int k = 0; k < rank; ++k) s.put(any_extent());
        return {b.intern(s), any_dtype()};
    }
    value number(type t) {
        if (!is_floating(t.element))
            return b.literal(t, t.element == dtype::boolean ? choose.below(2) : arithmetic::wrap(t.element, choose.below(5) - 1));
        const double some_of[]{0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 0.125, 3.0, 0.3};
        return full_of(b, t, operand(some_of[choose.below(10)]));
    }
    value leaf(type t) {
        if (b.current != 0 || choose.chance(12)) return number(t);   // a body has no symbols of its own
        bool fixed = true;
        for (int k = 0; k < b.length(t.shape); ++k) fixed = fixed && !is_product(b.at(t.shape, k));
        if (b.length(t.shape) == 1 && t.element != dtype::boolean && choose.chance(15)) return iota_in(b, b.at(t.shape, 0), t.element);
        if (fixed && choose.chance(set.variables)) {
            const std::string name = "v" + std::to_string(n_leaves++);
            return variable_of(b, name.c_str(), t, b.literal(t, 0));
        }
        const std::string name = "p" + std::to_string(n_leaves++);
        return placeholder_of(b, name.c_str(), t);
    }
    /// A value of this dtype and shape, made from what is there if it can be.
    value some(dtype t, int shape) {
        const list target = b.get(shape);
        for (int attempt = 0; attempt < 6; ++attempt) {
            const value v = pick();
            if (v.element() == dtype::none) continue;
            if (v.n().shape == shape) return choose.chance(70) || v.element() == t ? cast(v, t) : leaf({shape, t});
            list common{};
            if (v.rank() <= target.n && broadcast_shape(b, v.n().shape, shape, common) && common == target)
                return cast(broadcast_by(v, target), t);
            if (b.count(v.n().shape) == b.count(shape)) return cast(reshape_to(v, target), t);
        }
        return leaf({shape, t});
    }
    /// The shape with axes left out or of extent 1, so that it broadcasts.
    int thinner(int shape) {
        list s{};
        const int drop = choose.chance(50) ? choose.below(b.length(shape) + 1) : 0;
        for (int k = drop; k < b.length(shape); ++k) s.put(choose.chance(30) ? 1 : b.at(shape, k));
        return b.intern(s);
    }
    value within(value v, const from& f) {
        if (!is_floating(v.element())) return v;
        if (f.low == -3 && f.high == 3) {
            if (is_moderate(v) || choose.chance(55)) return v;
            return choose.chance(50) ? tanh(v) : 3 * sin(v);
        }
        return f.low + (f.high - f.low) * sigmoid(v);
    }

    void step() {
        const int k = choose.below(104);
        if (k < 42) elementwise_step();
        else if (k < 55) reduction_step();
        else if (k < 68) view_step();
        else if (k < 74) contraction_step();
        else if (k < 82) pattern_step();
        else if (k < 88) composition_step();
        else if (k < 92) generator_step();
        else if (k < 94) top_k_step();
        else if (k < 97 && set.bodies) cond_step();
        else if (k == 100) pooled_step();
        else if (k > 100) window_step();
        else keep(leaf(any_type()), true);
    }
    dtype dtype_for(domain d, dtype wish) {
        if (accepts(d, wish)) return wish;
        for (int k = 0; k < 20; ++k)
            if (const dtype t = any_dtype(); accepts(d, t)) return t;
        return d == domain::boolean ? dtype::boolean : d == domain::floating ? dtype::float64 : dtype::int32;
    }
    void elementwise_step() {
        const row* r = nullptr;
        do r = &rows[choose.below(static_cast<int>(std::size(rows)))];
        while (!r->elementwise());
        const value x = pick();
        const dtype t = dtype_for(r->takes, x.element());
        const int main = choose.below(r->arity), shape = x.n().shape;
        value in[3];
        for (int k = 0; k < r->arity; ++k) {
            const dtype e = r->dtype_of_operand(k, t);
            const value v = k == main && e == x.element() ? x : some(e, k == main || choose.chance(75) ? shape : thinner(shape));
            in[k] = within(v, r->in[k]);
        }
        const std::string name = r->name;
        tried().insert(name);
        keep(r->apply({b, in, t}), name == "tanh" || name == "sin" || name == "cos" || name == "sigmoid" || name == "erf" || name == "atan" || name == "sign");
    }
    axis_list any_axes(value x) {
        axis_list a;
        for (int k = 0; k < x.rank(); ++k)
            if (choose.chance(50)) a.at[a.n++] = choose.chance(50) ? k : k - x.rank();
        return a;
    }
    template <class F>
    value reduce_as(value x) {
        reduction_options o;
        if (choose.chance(70)) {
            o.all = false;
            o.over = any_axes(x);
        }
        o.keep = choose.chance(40);
        tried().insert(F::name);
        return reduce_by<F>(x, o);
    }
    void reduction_step() {
        value x = pick();
        const int k = choose.below(14);
        if (k >= 12) x = cast(x, dtype::boolean);
        else if (x.element() == dtype::boolean) x = cast(x, any_floating());
        if (k >= 8 && k < 12 && !is_floating(x.element())) x = cast(x, any_floating());
        switch (k) {
        case 0: case 1: keep(reduce_as<sum_call>(x)); break;
        case 2: keep(reduce_as<prod_call>(is_floating(x.element()) ? 1.3 * tanh(x) : x)); break;
        case 3: case 4: keep(reduce_as<max_call>(x)); break;
        case 5: keep(reduce_as<min_call>(x)); break;
        case 6: keep(reduce_as<argmax_call>(x)); break;
        case 7: keep(reduce_as<argmin_call>(x)); break;
        case 8: keep(reduce_as<mean_call>(x), is_moderate(x)); break;
        case 9: keep(reduce_as<variance_call>(x)); break;
        case 10: keep(reduce_as<norm_call>(x)); break;
        case 11: keep(reduce_as<logsumexp_call>(x)); break;
        case 12: keep(reduce_as<any_call>(x)); break;
        default: keep(reduce_as<all_call>(x)); break;
        }
    }
    /// Another shape of as many elements: the factors of the extents in groups.
    list regrouped(value x) {
        list p = b.factors(b.count(x.n().shape)), f{}, s{};
        i64 number = p[0];
        if (number == 0) {
            s.put(choose.below(3));
            s.put(0);
            return s;
        }
        for (i64 q = 2; q <= number; ++q)
            for (; number % q == 0; number /= q) f.put(q);
        for (int k = 1; k < p.n; ++k) f.put(b.named(b.text_of(p[k])));
        if (choose.chance(50))
            for (int k = f.n - 1; k > 0; --k) std::swap(f.at[k], f.at[choose.below(k + 1)]);
        for (int k = 0; k < f.n; ++k)
            if (s.n > 0 && (s.n == 4 || choose.chance(50))) s.at[s.n - 1] = b.times(s[s.n - 1], f[k]);
            else s.put(f[k]);
        if (s.n < 4 && choose.chance(30)) {
            s.put(1);
            std::swap(s.at[s.n - 1], s.at[choose.below(s.n)]);
        }
        if (s.n && choose.chance(20)) s.at[choose.below(s.n)] = inferred;
        return s;
    }
    value any_transpose(value x) {
        list p{};
        for (int k = 0; k < x.rank(); ++k) p.put(k);
        for (int k = p.n - 1; k > 0; --k) std::swap(p.at[k], p.at[choose.below(k + 1)]);
        return transpose_by(x, p);
    }
    value any_expand(value x) {
        list axes{}, extents{};
        const int more = 1 + choose.below(2), rank = x.rank() + more;
        for (int k = -rank; k < 0; ++k)
            if (axes.n < more && choose.below(-k) < more - axes.n) {
                axes.put(k);
                extents.put(any_extent());
            }
        return expand(x, axes, extents);
    }
    void view_step() {
        const value x = pick();
        const bool mod = is_moderate(x);
        const int k = choose.below(13);
        if (k >= 9) return section_step(x, mod);
        tried().insert(k < 2 ? "reshape" : k < 4 ? "transpose" : k == 4 ? "expand_dims" : k == 5 ? "squeeze" : k == 6 ? "expand" : k == 7 ? "ravel" : "broadcast_to");
        if (k < 2) keep(reshape_to(x, regrouped(x)), mod);
        else if (k < 4) keep(any_transpose(x), mod);
        else if (k == 4) keep(expand_dims(x, choose.below(x.rank() + 1)), mod);
        else if (k == 5) keep(squeeze(x), mod);
        else if (k == 6) keep(any_expand(x), mod);
        else if (k == 7) keep(ravel(x), mod);
        else {
            list s = shape_list(x);
            for (int j = 0; j < s.n; ++j)
                if (s[j] == 1 && choose.chance(70)) s.at[j] = any_extent();
            if (s.n < 4 && choose.chance(50)) {
                s.put(any_extent());
                std::rotate(s.at, s.at + s.n - 1, s.at + s.n);
            }
            keep(broadcast_by(x, s), mod);
        }
    }
    /// A part, of every axis something, or zeros around; of an extent with a name the first few elements are not known to be there.
    void section_step(value x, bool mod) {
        list a{};
        const bool pads = choose.chance(50);
        tried().insert(pads ? "pad" : "slice");
        for (int k = 0; k < x.rank(); ++k)
            for (int side = 0; side < 2; ++side) {
                const i64 e = b.minus(x.extent(k), side && !pads ? a[a.n - 1] : 0);
                if (b.plus(e, 1) == inferred) { a.put(0); continue; }   // a product
                const i64 there = is_product(e) ? name_and_number_of(b.text_of(b.at(static_cast<int>(extent_tag - e), 1))).number : e;
                const int most = pads ? 3 : static_cast<int>(std::clamp<i64>(there + 1, 1, 3));
                a.put(choose.chance(40) ? 0 : choose.below(most));
            }
        keep(pads ? section_by<pad_op>(x, a) : section_by<slice_op>(x, a), mod);
    }
    void contraction_step() {
        value x = pick();
        if (x.rank() == 0 || choose.chance(30)) x = leaf({b.intern(ints(any_extent(), any_extent())), any_floating()});
        if (x.element() == dtype::boolean || (is_integer(x.element()) && choose.chance(70))) x = cast(x, any_floating());
        const dtype t = x.element();
        if (is_floating(t) && !is_moderate(x)) x = tanh(x);
        if (choose.chance(25)) x = any_transpose(x);
        if (x.rank() > 3) return;
        if (choose.chance(15)) {
            tried().insert("outer");
            keep(outer(x, some(t, b.intern(ints(any_extent())))));
            return;
        }
        list s{};
        if (choose.chance(20)) s.put(x.extent(-1));
        else {
            for (int k = 0; k < x.rank() - 2; ++k)
                if (s.n > 0 || choose.chance(60)) s.put(choose.chance(30) ? 1 : x.extent(k));
            s.put(x.extent(-1));
            s.put(any_extent());
        }
        value y = some(t, b.intern(s));
        if (choose.chance(30) && s.n >= 2) {   // as the transpose of what lies the other way round
            std::swap(s.at[s.n - 1], s.at[s.n - 2]);
            y = swap_last(some(t, b.intern(s)));
        }
        if (is_floating(t) && !is_moderate(y)) y = tanh(y);
        const bool dots = choose.chance(20) && x.rank() + y.rank() - 2 <= 4;
        tried().insert(dots ? "dot" : "matmul");
        keep(dots ? dot(x, y) : matmul(x, y));
    }
    value floating_value() {
        value x = pick();
        if (!is_floating(x.element())) x = cast(x, any_floating());
        return is_moderate(x) ? x : 2 * tanh(x);
    }
    /// What the rewrites are looking for.
    void pattern_step() {
        const value x = floating_value(), y = some(x.element(), x.n().shape), c = some(dtype::boolean, x.n().shape);
        list last{};
        if (x.rank()) last.put(-1);
        auto widened = [&](value v) { return expand(v, last, extents_at(x, last)); };
        const value e = exp(x), total = x.rank() ? sum_over(e, last) : e;
        switch (choose.below(36)) {
        case 0: keep(log(1 + exp(x))); break;
        case 1: keep(exp(x) - 1); break;
        case 2: keep(log(1.5 + tanh(x) * -0.5)); keep(log(1 - 0.5 * tanh(x))); break;
        case 3: keep(1 / (1 + exp(-x))); break;
        case 4: keep(exp(x) / (1 + exp(x))); break;
        case 5: keep(1 - sigmoid(x)); break;
        case 6: keep(log(sigmoid(x))); keep(log(1 - sigmoid(x))); break;
        case 7: keep(log(exp(x))); break;
        case 8: keep(log(total)); break;
        case 9: keep(e / widened(total)); break;
        case 10: keep(log(e / widened(total))); break;
        case 11: keep(e * widened(1 / total)); break;
        case 12: keep(pow(absolute(x), 0.5)); keep(pow(x, 2)); break;
        case 13: keep(pow(x + 4, -0.5)); keep(pow(x, 3)); break;
        case 14: keep(x * 1 + -0.0); break;
        case 32: keep(x - number(type_of(x))); keep(number(type_of(x)) - y); break;
        case 33: keep(x + number(type_of(x))); keep(number(type_of(x)) * y); break;
        case 34: keep(x / number(type_of(x))); keep(maximum(number(type_of(x)), y)); break;
        case 15: keep(-(-x)); keep(x - -y); break;
        case 16: keep(-x + y); keep(x / 8); break;
        case 17: keep(-x * -y); keep(square(-x)); break;
        case 18: keep(relu(relu(x))); keep(absolute(absolute(-y))); break;
        case 19: keep(where(c, where(c, x, y), 3)); break;
        case 20: keep(where(!c, x, where(c, y, 0))); break;
        case 21: keep(where(c, x, x) + maximum(y, y)); break;
        case 22: keep(reshape_to(reshape_to(x, regrouped(x)) * 2 + 1, regrouped(x))); break;
        case 23: keep(any_transpose(any_transpose(x) * 2 + 1)); break;
        case 24: keep(any_transpose(any_expand(x))); break;
        case 25: keep(any_expand(any_expand(x))); break;
        case 26: keep(reduce_as<max_call>(reduce_as<max_call>(x))); break;
        case 27: keep(reduce_as<sum_call>(reduce_as<sum_call>(x))); break;
        case 28: keep(reduce_as<max_call>(any_expand(x))); keep(reduce_as<sum_call>(any_expand(x))); break;
        case 29: keep(cast(cast(cast(x, dtype::float32), dtype::float64), dtype::int32)); break;
        case 30: {
            const value i = cast(c, dtype::int32);
            keep((i + 0) * 1 - i);
            keep((i & -1) | (i ^ i));
            break;
        }
        case 31: keep(reshape_to(tanh(reshape_to(x, regrouped(x))), regrouped(x)) ); break;
        default: keep(sum_over(number(type_of(x)), last) + sum_over(x * 0.5, last));
        }
    }
    void composition_step() {
        const value x = floating_value();
        const int k = choose.below(4);
        if (x.rank() == 0) return;
        const int axis = choose.below(x.rank());
        tried().insert(k == 0 ? "softmax" : k == 1 ? "log_softmax" : "softmax_cross_entropy");
        if (k == 0) keep(softmax(x, axis), true);
        else if (k == 1) keep(log_softmax(x, axis));
        else if (k == 2) keep(softmax_cross_entropy(x, softmax(some(x.element(), x.n().shape))));
        else {
            list s = shape_list(x);
            --s.n;
            value labels = some(choose.chance(70) ? dtype::int32 : dtype::uint8, b.intern(s));
            keep(softmax_cross_entropy(x, labels & 3));
        }
    }
    void generator_step() {
        const value x = pick();
        const int k = choose.below(11);
        const type t{b.intern(ints(any_extent(), any_extent())), any_floating()};
        const char* const names[]{"iota", "iota", "one_hot", "size", "zeros", "ones", "full", "random_uniform", "random_normal", "truncated_normal", "random_bits"};
        if (k >= 7 && b.current != 0) return;
        tried().insert(names[k]);
        const std::string name = "random" + std::to_string(choose.below(3));
        if (k == 0) keep(iota_in(b, any_extent(), any_floating()), true);
        else if (k == 1) keep(iota_in(b, b.times(any_extent(), any_extent()), dtype::int32));
        else if (k == 2) keep(is_integer(x.element()) ? one_hot_of(x, 1 + choose.below(4), any_floating()) : value{}, true);
        else if (k == 3) keep(size_value(b, b.times(n, choose.chance(50) ? m : 3), any_floating()));
        else if (k == 4) keep(zeros.initial(b, t, 0), true);
        else if (k == 5) keep(ones.initial(b, t, 0), true);
        else if (k == 6) keep(full<3>.initial(b, t, 0), true);
        else if (k == 10) {   // as random integers use them
            const value bits = random<random_bits_op>(b, {t.shape, dtype::uint64}, b.name(name.c_str()));
            keep(cast(bits % b.literal(type_of(bits), 5), dtype::int32));
        } else {
            const i64 key = b.name(name.c_str());
            keep(k == 7 ? random<random_uniform_op>(b, t, key) : k == 8 ? random<random_normal_op>(b, t, key) : random<truncated_normal_op>(b, t, key), true);
        }
    }
    /// Windows over small images: convolutions, pools, and what they are made of.
    void window_step() {
        const int which = choose.below(14), axes = which == 0 ? 1 : which == 3 ? 3 : 2;
        sliding_options o;
        list image = ints(choose.chance(40) ? n : any_extent()), kernel{};
        const int in = 1 + choose.below(2), out = 1 + choose.below(2);
        o.n_strides = o.n_dilations = o.n_sizes = axes;
        for (int k = 0; k < axes; ++k) {
            o.stride[k] = 1 + choose.below(2);
            o.dilation[k] = choose.chance(20) ? 2 : 1;
            o.size[k] = 1 + choose.below(2);
            image.put((o.size[k] - 1) * o.dilation[k] + 1 + choose.below(axes == 3 ? 1 : 3));
            kernel.put(o.size[k]);
        }
        o.reach = choose.chance(50) ? border::same : border::valid;
        image.put(in);
        const dtype t = any_floating();
        value x = some(t, b.intern(image));
        if (!is_moderate(x)) x = tanh(x);
        auto filters = [&](i64 third, i64 fourth) {
            list s = kernel;
            s.put(third);
            s.put(fourth);
            return tanh(some(t, b.intern(s)));
        };
        const char* const names[]{"conv1d", "conv2d", "conv2d", "conv3d", "depthwise_conv2d", "separable_conv2d", "conv2d_transpose", "max_pool", "avg_pool", "patches", "fold", "window_max", "window_at_max", "window_from_max"};
        tried().insert(names[which]);
        if (which == 11) tried().insert("full_like");
        window_geometry g;
        g.n = 2;
        g.inner = in;
        for (int k = 0; k < 2; ++k) g.axis[k] = sliding_frame{"", o, 2}.along(k, image[k + 1], o.size[k]);
        if (which < 4) keep(convolution(names[which], axes, o, x, filters(in, out)));
        else if (which == 4) keep(depthwise(names[which], 2, o, x, filters(in, out)));
        else if (which == 5) keep(separable_conv2d(x, filters(in, 1), some(t, b.intern(ints(1, 1, in, out)))));
        else if (which == 6) keep(transposed(names[which], 2, o, x, filters(out, in)));
        else if (which == 7) keep(largest_in_windows(o, x), true);
        else if (which == 8) keep(mean_of_windows(o, x), true);
        else if (which == 9) keep(reshape_to(patches(x, g), ints(inferred, in)), true);
        else if (which == 10) keep(call<fold_op>(g.attributes(), call<patches_op>(g.attributes(), x)), true);
        else if (which == 11) keep(call<window_max_op>(g.attributes(), x) + full_like_call<1>::apply(sum(x)), true);
        else if (which == 12) keep(call<window_at_max_op>(g.attributes(), some(t, b.intern(image)), x));
        else keep(call<window_from_max_op>(g.attributes(), tanh(call<window_max_op>(g.attributes(), x)), x), true);
    }
    /// A convolution of few channels, what is made of it, and what a pool takes of that: one kernel, where nobody else reads it.
    void pooled_step() {
        const dtype t = any_floating();
        const i64 in = 1 + choose.below(2), out = 1 + choose.below(3), high = 4 + choose.below(3), wide = 4 + choose.below(3);
        sliding_options o;
        o.n_strides = o.n_dilations = o.n_sizes = 2;
        for (int k = 0; k < 2; ++k) {
            o.stride[k] = o.dilation[k] = 1;
            o.size[k] = 3;
        }
        o.reach = choose.chance(50) ? border::same : border::valid;
        value x = some(t, b.intern(ints(choose.chance(60) ? n : 8, high, wide, in)));
        if (!is_moderate(x)) x = tanh(x);
        value y = convolution("conv2d", 2, o, x, tanh(some(t, b.intern(ints(3, 3, in, out)))));
        if (choose.chance(70)) y = y + some(t, b.intern(ints(out)));
        if (choose.chance(70)) y = choose.chance(50) ? tanh(y) : maximum(y, 0);
        for (int k = 0; k < 2; ++k) o.stride[k] = o.size[k] = 1 + choose.below(2);
        o.reach = border::valid;
        keep(largest_in_windows(o, y), is_moderate(y));
        if (choose.chance(30)) keep(y);
    }
    void top_k_step() {
        const value x = pick();
        if (x.rank() == 0 || is_product(x.extent(-1))) return;
        tried().insert("top_k");
        const value t = top_k(x, choose.below(static_cast<int>(x.extent(-1)) + 1));
        keep(result(t, 0), is_moderate(x));
        if (choose.chance(60)) keep(result(t, 1));
    }
    value truth() {
        const value x = pick();
        if (x.element() == dtype::boolean) return reduce_by<any_call>(x, {});
        return is_floating(x.element()) ? reduce_by<sum_call>(x, {}) > 0.1 : reduce_by<max_call>(x, {}) != 1;
    }
    void cond_step() {
        if (depth == 2) return;
        ++depth;
        tried().insert("cond");
        const value p = truth(), target = pick();
        const type t = type_of(target);
        auto body = [&]() -> value {
            const std::size_t here = pool.size();
            const int goal = b.n + 2 + choose.below(10);
            for (int k = 0; k < 12 && b.n < goal; ++k) {
                if (choose.chance(15)) cond_step();
                else if (choose.chance(60)) elementwise_step();
                else if (choose.chance(40)) reduction_step();
                else if (choose.chance(40)) contraction_step();
                else if (choose.chance(60)) view_step();
                else pattern_step();
            }
            const value y = choose.chance(8) ? number(t) : choose.chance(8) ? target : some(t.element, t.shape);
            pool.resize(here);
            moderate.resize(here);
            return y;
        };
        const value y = cond(p, body, body);
        --depth;
        keep(y);
    }

    builder& b;
    chooser choose;
    graph_settings set;
    i64 n = 0, m = 0;
    std::vector<value> pool;
    std::vector<bool> moderate;
    int n_leaves = 0, depth = 0;
};

// ---- a graph in a builder, with its roots
struct rooted {
    scratch own;
    int roots = 0;   // interned list
    builder& b() { return *own; }
    graph_view view() { return graph_view_of(*own, roots); }
    std::vector<value> values() {
        std::vector<value> r;
        for (int k = 0; k < view().n_roots(); ++k) r.push_back({&b(), view().root(k)});
        return r;
    }
    digest name() { return digest_of(view(), b().n_pool, b().n_chars, b().n_regions); }
    void settle(const graph_view& from, const std::vector<int>& ids) {
        roots = canonical(unlabelled(from), ids.data(), static_cast<int>(ids.size()), b());   // names are tested elsewhere
    }
};
inline std::vector<int> ids_of(const std::vector<value>& v) {
    std::vector<int> r;
    for (const value x : v) r.push_back(x.id);
    return r;
}
inline void make_canonical(builder& from, const std::vector<value>& roots, rooted& to) { to.settle(graph_view_of(from), ids_of(roots)); }

/// Legalised until there are no bodies left: what has come out of one is legalised too.
inline void open_bodies(rooted& from, signature sig, rooted& to) {
    to.settle(from.view(), ids_of(from.values()));
    for (bool opened = true; opened && !to.b().found;) {
        opened = has_bodies(to.b());
        scratch b;
        int roots[max_roots];
        const int n = to.view().n_roots();
        for (int k = 0; k < n; ++k) roots[k] = to.view().root(k);
        legalise(to.view(), sig, *b, roots, n);
        rooted next;
        next.settle(graph_view_of(*b), {roots, roots + n});
        next.b().found = b->found;
        std::swap(to, next);
    }
}

// ---- running it
inline i64 find_name(const graph_view& g, int n_chars, const char* s) {
    for (int i = 0; i < n_chars; i += static_cast<int>(std::strlen(g.chars + i)) + 1)
        if (std::strcmp(g.chars + i, s) == 0) return name_tag + i;
    return -1;
}
inline extent_bindings bindings_for(builder& b, extents_of_names e) {
    extent_bindings r{};
    b.name("n");   // a graph may have "n + 2" alone
    b.name("m");
    const graph_view g = graph_view_of(b);
    if (const i64 k = find_name(g, b.n_chars, "n"); k >= 0) { r.name[r.n] = k; r.extent[r.n++] = e.n; }
    if (const i64 k = find_name(g, b.n_chars, "m"); k >= 0) { r.name[r.n] = k; r.extent[r.n++] = e.m; }
    return r;
}
/// The elements of a symbol follow from its name.
inline std::vector<cell> elements_of_leaf(const char* name, dtype t, i64 count, u64 seed) {
    chooser draw(scattered(seed, hash(name)));
    std::vector<cell> c(static_cast<std::size_t>(count > 0 ? count : 1));
    for (i64 i = 0; i < count; ++i) {
        real v = 0;
        if (t == dtype::boolean) v = draw.below(2);
        else if (is_floating(t)) v = draw.chance(25) ? static_cast<real>(draw.below(7) - 3) / 2 : draw.chance(12) ? -0.0L : rounded(t, draw.uniform(-3, 3));
        else if (draw.chance(60)) v = wrapped(t, draw.below(9) - 3);
        else v = wrapped(t, static_cast<integer>(draw.word()));
        c[static_cast<std::size_t>(i)] = to_cell(t, v);
    }
    return c;
}

using tensors = std::vector<std::vector<cell>>;

/// Does an operation round, so that its result is not certain to the last bit?
inline bool rounds(const node& x) {
    if (!is_floating(x.type)) return false;
    static const std::vector<std::string> exact{"max", "min", "where", "relu", "absolute", "negative", "maximum", "minimum", "clip", "sign",
                                                "floor", "ceil", "round", "trunc", "stop_gradient", "copy"};
    if (x.op->kind != pattern::pointwise && x.op->kind != pattern::reduction && x.op->kind != pattern::contraction) return false;
    for (const std::string& s : exact)
        if (s == x.op->name) return false;
    return x.op != &info<cast_op> || x.type == dtype::float32;
}

/// A canonical graph with concrete extents, and the elements of its leaves.
class runnable {
public:
    runnable(rooted& g, extents_of_names e, u64 seed) : seed_word{0, 20240229}, leaf_seed(seed) {
        const extent_bindings bound = bindings_for(g.b(), e);
        value r[max_roots];
        import(*own, g.view(), r, &bound);
        roots.assign(r, r + g.view().n_roots());
        fed.resize(static_cast<std::size_t>(own->n));
        for (int i = 0; i < own->n; ++i) {
            const node& x = own->nodes[i];
            if (!x.op->leaf() || x.op == &literal_op || x.op == &seed_op || x.op == &parameter_op || x.op == &hole_op) continue;
            fed[static_cast<std::size_t>(i)] = elements_of_leaf(own->text_of(own->at(x.attrs, 0)), x.type, kiln::elements(*own, x.shape), leaf_seed);
        }
    }
    builder& b() { return *own; }
    const cell* leaf(int i) const {
        const node& x = own_nodes()[i];
        return x.op == &seed_op ? &seed_word : fed[static_cast<std::size_t>(i)].data();
    }
    u64 seed_of_leaves() const { return leaf_seed; }
    i64 count(std::size_t k) { return kiln::elements(*own, roots[k].n().shape); }
    tensors run() {
        const interpretation done(*own, roots.data(), static_cast<int>(roots.size()), [&](int i) { return leaf(i); });
        tensors r;
        for (std::size_t k = 0; k < roots.size(); ++k) r.emplace_back(done[roots[k]], done[roots[k]] + count(k));
        return r;
    }
    /// The same where everything that rounds is off by some units of the last place: how much of a result is certain?
    tensors run_noisily(u64 noise, int ties) {   // ties: as they fall, all equal, none
        chooser draw(noise);
        std::vector<std::vector<cell>> at(static_cast<std::size_t>(own->n));
        std::vector<char> live(static_cast<std::size_t>(own->n));
        for (const value v : roots) live[static_cast<std::size_t>(v.id)] = 1;
        for (int i = own->n - 1; i >= 0; --i)
            if (live[static_cast<std::size_t>(i)] && !own->nodes[i].op->leaf())
                for (int k = 0; k < own->nodes[i].n_in; ++k) live[static_cast<std::size_t>(own->operand(own->nodes[i], k))] = 1;
        const int n = own->n;
        for (int i = 0; i < n; ++i) {
            const node x = own->nodes[i];
            if (!live[static_cast<std::size_t>(i)] || x.op == &result_op) continue;
            auto make = [&](int k) {
                at[static_cast<std::size_t>(k)].assign(static_cast<std::size_t>(std::max<i64>(1, kiln::elements(*own, own->nodes[k].shape))), cell{});
                return at[static_cast<std::size_t>(k)].data();
            };
            if (x.op == &literal_op) {
                make(i);
                for (cell& c : at[static_cast<std::size_t>(i)])
                    if (is_floating(x.type)) c.f = double_of(own->at(x.attrs, 0));
                    else c.i = own->at(x.attrs, 0);
                continue;
            }
            if (x.op->leaf()) {
                const i64 m = kiln::elements(*own, x.shape);
                at[static_cast<std::size_t>(i)].assign(leaf(i), leaf(i) + std::max<i64>(1, m));
                continue;
            }
            const cell* in[64];
            cell* out[most_values];
            for (int k = 0; k < x.n_in; ++k) in[k] = at[static_cast<std::size_t>(own->operand(x, k))].data();
            const site s{&*own, i};
            const int r = results_of(s);
            for (int k = 0; k < r; ++k) out[k] = make(x.type == dtype::none ? i + 1 + k : i);
            x.op->reference(s, in, out);
            const dtype from = x.n_in ? own->nodes[own->operand(x, x.n_in - 1)].type : x.type;
            if (x.op->boolean && x.n_in == 2 && is_floating(from)) {   // almost equal is equal or not; the same number is
                for (i64 k = 0, m = kiln::elements(*own, x.shape); k < m; ++k) {
                    const double a = in[0][k].f, c = in[1][k].f;
                    if (a == c || !(std::fabs(a - c) <= (from == dtype::float32 ? 0x1p-16 : 0x1p-40) * (1 + std::fabs(a)))) continue;
                    const bool with_equals = x.op == &info<equal_op> || x.op == &info<less_equal_op> || x.op == &info<greater_equal_op>;
                    out[0][k].i = ties == 0 ? draw.below(2) : ties == 1 ? with_equals : x.op == &info<not_equal_op>;
                }
            }
            if (x.op == &info<cast_op> && x.type == dtype::boolean && is_floating(from))   // so is almost 0
                for (i64 k = 0, m = kiln::elements(*own, x.shape); k < m; ++k)
                    if (in[0][k].f != 0 && std::fabs(in[0][k].f) <= (from == dtype::float32 ? 0x1p-16 : 0x1p-40)) out[0][k].i = ties == 0 ? draw.below(2) : ties == 2;
            if (!rounds(x)) continue;
            const double unit = x.type == dtype::float32 ? 0x1p-19 : 0x1p-46;
            for (cell& c : at[static_cast<std::size_t>(i)]) c.f = arithmetic::round_to(x.type, c.f * (1 + (draw.chance(50) ? unit : -unit)));
        }
        tensors r;
        for (std::size_t k = 0; k < roots.size(); ++k)
            r.emplace_back(at[static_cast<std::size_t>(roots[k].id)].begin(), at[static_cast<std::size_t>(roots[k].id)].begin() + count(k));
        return r;
    }
    std::vector<value> roots;

private:
    const node* own_nodes() const { return const_cast<scratch&>(own)->nodes; }
    scratch own;
    std::vector<std::vector<cell>> fed;
    cell seed_word;
    u64 leaf_seed;
};

inline bool same_cell(dtype t, const cell& a, const cell& c) {
    if (!is_floating(t)) return a.i == c.i;
    return a.f == c.f ? std::signbit(a.f) == std::signbit(c.f) : a.f != a.f && c.f != c.f;
}

inline std::string text_of_cell(dtype t, const cell& c) { return is_floating(t) ? text_of(real{c.f}) : std::to_string(c.i); }

/// Where two results differ in a bit; empty: nowhere.
inline std::string differs(const std::vector<dtype>& t, const tensors& want, const tensors& got) {
    for (std::size_t k = 0; k < want.size(); ++k) {
        if (want[k].size() != got[k].size()) return "root " + std::to_string(k) + ": another size";
        for (std::size_t i = 0; i < want[k].size(); ++i)
            if (!same_cell(t[k], want[k][i], got[k][i]))
                return "root " + std::to_string(k) + " " + name_of(t[k]) + ", element " + std::to_string(i) + ": got " +
                       text_of_cell(t[k], got[k][i]) + ", want " + text_of_cell(t[k], want[k][i]);
    }
    return "";
}

inline std::vector<dtype> dtypes_of(const std::vector<value>& v) {
    std::vector<dtype> r;
    for (const value x : v) r.push_back(x.element());
    return r;
}

/// What of a result is certain, from some runs with noise.
struct certainty {
    tensors low, high;
    certainty(rooted& graph, extents_of_names e, u64 seed_of_leaves, int runs = 3) {
        rooted flat;   // bodies would be run without noise
        open_bodies(graph, {graph.view().n_roots(), 0, 0}, flat);
        runnable g(flat, e, seed_of_leaves);
        const std::vector<dtype> t = dtypes_of(g.roots);
        const u64 noise = seed_of_leaves + static_cast<u64>(runs);
        low = high = g.run();
        for (int r = 0; r < runs; ++r) {
            const tensors v = g.run_noisily(scattered(noise, static_cast<u64>(r)), r % 3);
            for (std::size_t k = 0; k < v.size(); ++k)
                for (std::size_t i = 0; i < v[k].size(); ++i) {
                    if (is_floating(t[k])) {   // a NaN of any run stays
                        double &l = low[k][i].f, &h = high[k][i].f;
                        const double x = v[k][i].f;
                        if (x != x || l != l) l = h = std::nan("");
                        else {
                            l = std::min(l, x);
                            h = std::max(h, x);
                        }
                    } else if (v[k][i].i != low[k][i].i) {
                        low[k][i].i = 0;
                        high[k][i].i = 1;
                    }
                }
        }
    }
};
/// Where two results differ by more than the uncertainty of one of them.
inline std::string differs(const std::vector<dtype>& t, const tensors& want, const tensors& got, const certainty& c) {
    for (std::size_t k = 0; k < want.size(); ++k) {
        if (want[k].size() != got[k].size()) return "root " + std::to_string(k) + ": another size";
        for (std::size_t i = 0; i < want[k].size(); ++i) {
            bool good = false;
            if (!is_floating(t[k])) good = c.low[k][i].i != c.high[k][i].i || want[k][i].i == got[k][i].i;
            else {
                const double w = want[k][i].f, g = got[k][i].f, spread = c.high[k][i].f - c.low[k][i].f;
                const double unit = t[k] == dtype::float32 ? 0x1p-21 : 0x1p-49;
                good = !std::isfinite(w) || !std::isfinite(spread) || std::fabs(g - w) <= 8 * spread + unit * std::fabs(w) + 1e-30;   // below: numbers that float32 rounds off
            }
            if (!good)
                return "root " + std::to_string(k) + " " + name_of(t[k]) + ", element " + std::to_string(i) + ": got " +
                       text_of_cell(t[k], got[k][i]) + ", want " + text_of_cell(t[k], want[k][i]);
        }
    }
    return "";
}

// ---- a graph as text, for reports
inline std::string text_of(const graph_view& g, builder& b) {
    std::string s;
    auto nodes = [&](const node* p, int n, const std::string& indent) {
        for (int i = 0; i < n; ++i) {
            const node& x = p[i];
            s += indent + std::to_string(i) + " = " + x.op->name + "(";
            for (int k = 0; k < x.n_in; ++k) s += (k ? ", " : "") + std::to_string(g.operand(x, k));
            s += ")";
            if (x.op == &literal_op)
                s += " " + (is_floating(x.type) ? text_of(real{double_of(g.at(x.attrs, 0))}) : std::to_string(g.at(x.attrs, 0)));
            else
                for (int k = 0; k < g.length(x.attrs); ++k) {
                    const i64 v = g.at(x.attrs, k);
                    s += " ";
                    if (is_name(v)) s += std::string("'") + g.text_of(v) + "'";
                    else if (is_region(v)) s += "region" + std::to_string(v - region_tag);
                    else if (is_product(v)) {
                        word w{};
                        b.put_extent(w, v);
                        s += w.s;
                    } else s += std::to_string(v);
                }
            s += std::string("  : ") + (x.type == dtype::none ? "-" : name_of(x.type)) + " " + b.shape_text(x.shape).s + "\n";
        }
    };
    nodes(g.nodes, g.n, "  ");
    for (int r = 0; r < b.n_regions; ++r) {
        s += "  region" + std::to_string(r) + ", " + std::to_string(b.regions[r].params) + " parameters, roots";
        for (int k = 0; k < g.length(b.regions[r].roots); ++k) s += " " + std::to_string(g.at(b.regions[r].roots, k));
        s += "\n";
        nodes(g.pool + b.regions[r].first, b.regions[r].n, "    ");
    }
    s += "  roots";
    for (int k = 0; k < g.n_roots(); ++k) s += " " + std::to_string(g.root(k));
    return s + "\n";
}

/// KILN_GRAPHS=first,count narrows a test to some graphs, for debugging.
inline void range_of_graphs(int& first, int& count) {
    if (const char* s = std::getenv("KILN_GRAPHS")) std::sscanf(s, "%d,%d", &first, &count);
}
#ifdef KILN_SANITIZED
inline constexpr bool sanitized = true;
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace kiln::testing
