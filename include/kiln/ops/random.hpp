// Random numbers: initial values of variables, and nodes that are drawn anew in each call. Each element is a pure function of
// (seed, key of the node, step, position), by the counter-based generator Philox 4x32-10: so a node that is read twice has the
// same bits, whatever is fused, split among threads, or computed again in a backward sweep.
#pragma once
#include <kiln/core/philox.hpp>
#include <kiln/ops/generators.hpp>

namespace kiln {

// ---- what a session knows: two seeds and a step
/// Attribute 0: the seed of nodes that have none of their own; 1: of those that have one (TensorFlow's two levels).
constexpr value seed_leaf(builder& b, bool own) { return b.leaf(seed_op, {0, dtype::uint64}, own ? 1 : 0); }
/// How many draws came before, from 1; initial values have none. Its name is for those who list leaves.
inline constexpr op_info step_op{hash("step"), "step", pattern::leaf};
constexpr value step_leaf(builder& b) { return b.leaf(step_op, {0, dtype::uint64}, b.name("step")); }

// ---- operations
/// Base of random numbers. Operands: a seed, and the step where each call draws others. Attributes: the key (a name), dtype,
/// extents. Slope 0.
template <class Op>
struct random_numbers {
    static constexpr pattern kind = pattern::opaque;
    static constexpr bool flat = true;
    static constexpr type infer(site n) { return {n.b->intern(n.attrs(2)), static_cast<dtype>(n.attr(1))}; }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        const u64 key = key_of(n.b->text_of(n.attr(0)), static_cast<u64>(in[0][0].i));
        const u64 step = n.size() > 1 ? static_cast<u64>(in[1][0].i) : 0;
        const dtype t = n.n().type;
        for (i64 k = 0, m = elements(*n.b, n.n().shape); k < m; ++k) {
            const u64 i = static_cast<u64>(k);
            if constexpr (makes<float>)
                out[0][k].f = t == dtype::float32 ? static_cast<double>(draw<float>(key, step, i)) : draw<double>(key, step, i);
            else out[0][k].i = static_cast<i64>(draw<u64>(key, step, i));
        }
    }
    template <class T>
    static constexpr bool makes = requires(std::uint32_t (&w)[4], typename Op::template raw<T>* x) { Op::numbers(w, x); };
    /// Number i of a stream. A block makes per_block<X> numbers at once: `numbers` writes them, as raw<T>; `settled` may refuse one.
    template <class T>
    static constexpr T draw(u64 key, u64 step, u64 i) {
        using X = typename Op::template raw<T>;
        constexpr int n = Op::template per_block<X>;
        std::uint32_t words[4]{};
        X all[n]{};
        philox::stream_block(key, step, i / n, words);
        Op::numbers(words, all);
        return static_cast<T>(Op::settled(all[i % n], key, step, i));
    }
    template <class T>
    using raw = T;
    template <class X>
    static constexpr int per_block = 16 / sizeof(X);
    template <class X>
    static constexpr X settled(X x, u64, u64, u64) { return x; }
};
/// 64 random bits as uint64.
struct random_bits_op : random_numbers<random_bits_op> {
    static constexpr auto name = "random_bits";
    static constexpr void numbers(const std::uint32_t (&w)[4], u64* x) {
        for (int k = 0; k < 2; ++k) x[k] = u64{w[2 * k]} << 32 | w[2 * k + 1];
    }
};
/// Uniform on [0, 1): 24 bits of a float, 53 of a double.
struct random_uniform_op : random_numbers<random_uniform_op> {
    static constexpr auto name = "random_uniform";
    static constexpr void numbers(const std::uint32_t (&w)[4], float* x) {
        for (int k = 0; k < 4; ++k) x[k] = philox::uniform01<float>(w[k]);
    }
    static constexpr void numbers(const std::uint32_t (&w)[4], double* x) {
        for (int k = 0; k < 2; ++k) x[k] = philox::uniform01<double>(w[2 * k], w[2 * k + 1]);
    }
};
/// Normal with mean 0 and standard deviation 1.
struct random_normal_op : random_numbers<random_normal_op> {
    static constexpr auto name = "random_normal";
    template <class>
    using raw = double;
    static constexpr void numbers(const std::uint32_t (&w)[4], double* x) {
        const double radius = philox::normal_radius(w), angle = philox::normal_angle(w);
        x[0] = radius * math::cos(angle);
        x[1] = radius * math::sin(angle);
    }
};
/// Normal, drawn again beyond two standard deviations (TensorFlow).
struct truncated_normal_op : random_numbers<truncated_normal_op> {
    static constexpr auto name = "truncated_normal";
    template <class>
    using raw = double;
    static constexpr void numbers(const std::uint32_t (&w)[4], double* x) { random_normal_op::numbers(w, x); }
    static constexpr double settled(double x, u64 key, u64 step, u64 i) { return philox::redrawn(x, key, step, i); }
};

/// Which numbers a node draws: the name behind its key, whether it has a seed of its own, whether each call draws others.
struct randomness {
    i64 key;
    bool own_seed = false, each_call = false;
    constexpr randomness(i64 name, bool own = false, bool anew = false) : key(name), own_seed(own), each_call(anew) {}
};
template <class Op>
constexpr value random(builder& b, type t, randomness r) {
    const bool floating = t.element == dtype::float32 || t.element == dtype::float64;
    if (Op::template makes<float> ? !floating : t.element != dtype::uint64)
        b.fail(Op::name, "not for this dtype", builder::text(name_of(t.element)), builder::text("float32 or float64"));
    const int here = b.current;
    b.current = 0;   // a body gets them from outside, as its other operands
    value in[2]{seed_leaf(b, r.own_seed)};
    if (r.each_call) in[1] = step_leaf(b);
    b.current = here;
    list a = ints(r.key, static_cast<int>(t.element));
    for (int k = 0; k < b.length(t.shape); ++k) a.put(b.at(t.shape, k));
    return b.make(info<Op>, in, r.each_call ? 2 : 1, a);
}

// ---- keys
/// seed<7>: the node's own seed. TensorFlow's table: neither session nor node has a seed: every run draws others; the session
/// alone (s.seed(42)): the node's place or stream tells its numbers from others'; the node alone: the session counts as seeded
/// with 87654321; both: both. Two nodes of one seed draw the same numbers.
template <u64 N>
struct seed_tag {
    static constexpr randomness of(builder& b) {
        word w{};
        return {b.name(w.put("#").put(static_cast<i64>(N)).s), true, true};
    }
};
template <u64 N>
inline constexpr seed_tag<N> seed{};
/// stream<"noise">: a name in place of the position in the source: in headers, and for numbers that stay when nodes are added.
template <text Name>
struct stream_tag {
    static constexpr randomness of(builder& b) {
        check_name(b, "stream", Name.s);
        return {b.name(Name.s), false, true};
    }
};
template <text Name>
inline constexpr stream_tag<Name> stream{};
template <int N>
struct place_tag {
    static constexpr randomness of(builder& b) {
        word w{};
        return {b.name(w.put("random#").put(i64{N}).s), false, true};
    }
};
template <class T>
concept random_key = requires(builder& b) { { T::of(b) } -> std::same_as<randomness>; };

/// A random node of Distribution with the key Key, of a given type or of that of another expression.
template <class Distribution, random_key Key>
struct random_of {
    static constexpr value initial(builder& b, type t, i64) { return Distribution::made(b, t, Key::of(b)); }
    static constexpr value apply(operand like) { return initial(*like.v.b, type_of(like.v), 0); }
};
template <class S>
concept shape_like = requires { typename S::shape_of_nothing; };

/// Base of distributions: initializers of variables, keyed by the variable's name, and random nodes. A node is drawn once in a
/// call, however often it is read, and anew in the next; its slope is 0.
template <class Distribution, class Place>
struct distribution {
    static constexpr value initial(builder& b, type t, i64 key) { return made(b, t, key); }
    /// In a scope of its own, as in TensorFlow: random_normal/mul.
    static constexpr value made(builder& b, type t, randomness r) {
        const path_guard scope(b, path_of_scope(b, Distribution::name));
        return Distribution::drawn(b, t, r);
    }

    /// random_uniform<-1.0, 1.0>(shape<float, "batch", 3>), or of the shape and dtype of the expression x: random_uniform<>(x).
    /// Each place in the source where a distribution is written has numbers of its own; in headers and in templates give it
    /// a stream<"noise">. Behind the shape a seed<7> or a stream<"noise">.
    template <class Like, class Here = Place, random_key Key = place_tag<place_number<"random", Here>()>>   // counts only where it is used
        requires expression<Like> || shape_like<Like>
    constexpr auto operator()(Like like, Key = {}) const {
        if constexpr (expression<Like>) return Like::template lift<random_of<Distribution, Key>>(like);
        else return Like::template filled<random_of<Distribution, Key>>();
    }
    /// Inside a trace, of the shape and dtype of x: random_uniform<>(x, "noise"), random_uniform<>(x, {"noise", i}) or with a
    /// seed<7>. Two nodes of one name draw the same numbers.
    constexpr value operator()(operand x, const layer_name& name) const {
        builder& b = *x.v.b;
        check_name(b, "random node", name.s);
        return made(b, type_of(x.v), {b.name(name.s), false, true});
    }
    template <random_key Key>
    constexpr value operator()(operand x, Key) const { return random_of<Distribution, Key>::apply(x); }
};

// ---- distributions
template <auto Low, auto High, class Place>
struct uniform_initializer : distribution<uniform_initializer<Low, High, Place>, Place> {
    static constexpr auto name = "random_uniform";
    static constexpr bool integers = std::is_integral_v<decltype(Low)> && std::is_integral_v<decltype(High)>;
    static_assert(integers ? Low < High : Low <= High, "kiln: random_uniform<low, high> wants low < high");

    static constexpr value drawn(builder& b, type t, randomness r) {
        if (is_integer(t.element) && !is_weak(t.element)) return drawn_integers(b, t, r);
        constexpr double low = static_cast<double>(Low), width = static_cast<double>(High) - low;
        value u = random<random_uniform_op>(b, t, r);
        if (width != 1) u = width * u;
        return low == 0 ? u : low + u;
    }
    static constexpr value drawn_integers(builder& b, type t, randomness r) {
        if constexpr (integers) {
            const value low = full_of(b, t, operand(Low));
            full_of(b, t, operand(High - 1));   // fits too
            const value bits = random<random_bits_op>(b, {t.shape, dtype::uint64}, r);
            return low + cast(bits % b.literal(type_of(bits), static_cast<i64>(static_cast<u64>(High) - static_cast<u64>(Low))), t.element);
        } else {
            b.fail("random_uniform", "wants integer bounds", builder::text(name_of(t.element)), builder::text("random_uniform<0, 10>"));
            return b.literal(t, 0);
        }
    }
};
template <class Op, double Mean, double Stddev, class Place>
struct normal_initializer : distribution<normal_initializer<Op, Mean, Stddev, Place>, Place> {
    static constexpr auto name = Op::name;
    static constexpr value drawn(builder& b, type t, randomness r) {
        value z = random<Op>(b, t, r);
        if (Stddev != 1) z = Stddev * z;
        return Mean == 0 ? z : Mean + z;
    }
};
/// random_uniform<low, high>: numbers in [low, high); where low + (high - low) u is rounded, high itself may occur. Of an integer
/// dtype the bounds are integers, and the odds of two numbers differ by at most (high - low) / 2^64.
template <auto Low = 0.0, auto High = 1.0, class Place = decltype([] {})>
inline constexpr uniform_initializer<Low, High, Place> random_uniform{};
/// random_normal<mean, stddev>.
template <double Mean = 0.0, double Stddev = 1.0, class Place = decltype([] {})>
inline constexpr normal_initializer<random_normal_op, Mean, Stddev, Place> random_normal{};
/// truncated_normal<mean, stddev>: what lies two standard deviations or more from the mean is drawn again.
template <double Mean = 0.0, double Stddev = 1.0, class Place = decltype([] {})>
inline constexpr normal_initializer<truncated_normal_op, Mean, Stddev, Place> truncated_normal{};

}  // namespace kiln
