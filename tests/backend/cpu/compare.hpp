// A function on the cpu backend against the reference interpreter on the same graph, on random numbers.
#pragma once
#include <kiln/kiln.hpp>

#include <catch2/catch.hpp>

#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace kiln::testing {

/// Kernels of small tensors are split too.
inline const bool splits_early = (cpu::least_work_for_threads = 1 << 10, cpu::least_work_of_slice = 1 << 10, true);

/// A run-time extent of a test.
struct extent_of_name {
    const char* name;
    i64 extent;
};
struct settings {
    double tolerance = 128;          // in epsilons of the largest element of an output, or of `scale` if that is larger
    double scale = 0.1;
    bool as_float = false;           // outputs of float64 are made from float32: epsilon is that
    double low = -2, high = 2;       // what floating inputs are drawn from
    i64 low_integer = -9, high_integer = 9;
    unsigned seed = 1;
    std::function<long double(int input, i64 i)> draw{};                    // instead: element i of an input
    std::function<bool(int output, double got, double want)> accepts{};    // instead: is that near enough?
};

template <class P>
class comparison {
public:
    using F = basic_function<P>;
    using in = typename F::in;
    using L = typename F::L;
    static constexpr signature sig = P::sig;
    static constexpr graph_view g = expression_of<P>::graph.view();

    comparison(F& function, std::initializer_list<extent_of_name> names, settings given) : f(function), s(given), random(given.seed) {
        for (const extent_of_name& n : names) extents.push_back(n);
        f.seed(given.seed);
        f.freeze_random();   // every call draws the same
    }

    template <int... I, int... O>
    void run(std::integer_sequence<int, I...>, std::integer_sequence<int, O...>) {
        std::tuple inputs{input<I>()...};
        std::tuple results{output<O>()...};
        f.into(std::get<O>(results).view()...)(std::get<I>(inputs).view()...);
        reference(inputs, std::integer_sequence<int, I...>{}, [&](const interpretation& run, const value* roots) {
            (compare<O>(std::get<O>(results), run[roots[O]]), ...);
        });
    }
    /// The bits of all outputs on n threads.
    template <int... I, int... O>
    std::vector<char> bits(int threads, std::integer_sequence<int, I...>, std::integer_sequence<int, O...>) {
        random.seed(s.seed);
        std::tuple inputs{input<I>()...};
        std::tuple results{output<O>()...};
        f.threads(threads);
        f.into(std::get<O>(results).view()...)(std::get<I>(inputs).view()...);
        std::vector<char> r;
        auto put = [&](const auto& x) {
            const char* p = reinterpret_cast<const char*>(x.data());
            r.insert(r.end(), p, p + static_cast<std::size_t>(x.size()) * sizeof(*x.data()));
        };
        (put(std::get<O>(results)), ...);
        return r;
    }
    std::string text() const {
        std::string r;
        for (const extent_of_name& e : extents) r += std::string(e.name) + "=" + std::to_string(e.extent) + " ";
        return r;
    }

private:
    template <class T, int Rank>
    struct any_tensor {
        template <int... A>
        static tensor<T, (static_cast<void>(A), dynamic)...> of(std::integer_sequence<int, A...>);
        using type = decltype(of(std::make_integer_sequence<int, Rank>{}));
    };
    i64 named(const char* name) const {
        const name_and_number x = name_and_number_of(name);   // "n - 2" too
        for (const extent_of_name& e : extents)
            if (x.is_name(e.name)) return e.extent + x.number;
        FAIL("no extent for " << name);
        return 0;
    }
    i64 extent(i64 e) const {
        if (!is_product(e)) return e;
        const int l = static_cast<int>(extent_tag - e);
        i64 r = g.at(l, 0);
        for (int k = 1; k < g.length(l); ++k) r *= named(g.text_of(g.at(l, k)));
        return r;
    }
    template <int Rank>
    std::array<i64, static_cast<std::size_t>(Rank)> shape(int root) const {
        std::array<i64, static_cast<std::size_t>(Rank)> r{};
        for (int a = 0; a < Rank; ++a) r[static_cast<std::size_t>(a)] = extent(g.at(g.nodes[g.root(root)].shape, a));
        return r;
    }
    static constexpr int rank_of(int root) { return g.length(g.nodes[g.root(root)].shape); }
    template <int Root>
    auto made() const {
        constexpr int rank = rank_of(Root);
        using T = typename any_tensor<ctype_of<g.nodes[g.root(Root)].type>, rank>::type;
        return T(typename T::shape_type(shape<rank>(Root)));
    }
    template <int K>
    auto output() const {
        auto t = [&] {
            if constexpr (g.nodes[g.root(K)].type == dtype::weak_int) return tensor<i64>();
            else if constexpr (g.nodes[g.root(K)].type == dtype::weak_float) return tensor<double>();
            else return made<K>();
        }();
        if (t.size() > 0) std::memset(static_cast<void*>(t.data()), 0x5a, static_cast<std::size_t>(t.size()) * sizeof(*t.data()));
        return t;
    }
    template <int K>
    auto input() {
        auto t = made<sig.results() + sig.updates + K>();
        using T = typename decltype(t)::value_type;
        for (i64 i = 0; i < t.size(); ++i) {
            if (s.draw) t.data()[i] = static_cast<T>(s.draw(K, i));
            else if constexpr (std::is_floating_point_v<T>) t.data()[i] = static_cast<T>(std::uniform_real_distribution<double>(s.low, s.high)(random));
            else if constexpr (std::is_same_v<T, bool>) t.data()[i] = random() % 2;
            else if constexpr (std::is_unsigned_v<T>) t.data()[i] = static_cast<T>(random() % static_cast<u64>(s.high_integer + 1));
            else t.data()[i] = static_cast<T>(std::uniform_int_distribution<i64>(s.low_integer, s.high_integer)(random));
        }
        return t;
    }
    template <class Inputs, int... I, class Use>
    void reference(const Inputs& inputs, std::integer_sequence<int, I...>, Use use) {
        extent_bindings env{};
        for (int k = 0; k < sig.inputs; ++k) {
            const int shape = g.nodes[g.root(sig.results() + sig.updates + k)].shape;
            for (int a = 0; a < g.length(shape); ++a) {
                const i64 e = g.at(shape, a);
                if (!is_product(e)) continue;
                const int l = static_cast<int>(extent_tag - e);
                for (int j = 1; j < g.length(l); ++j) {
                    bool known = false;
                    for (int q = 0; q < env.n; ++q) known |= env.name[q] == g.at(l, j);
                    if (known) continue;
                    env.name[env.n] = g.at(l, j);
                    env.extent[env.n++] = named(g.text_of(g.at(l, j)));
                }
            }
        }
        const std::unique_ptr<builder> b(new builder{});
        std::vector<value> roots(static_cast<std::size_t>(max_roots));
        import(*b, g, roots.data(), &env);
        std::vector<std::vector<cell>> cells;
        auto take = [&](const auto& x) {
            cells.emplace_back(static_cast<std::size_t>(x.size()) + 1);
            for (i64 i = 0; i < x.size(); ++i) cells.back()[static_cast<std::size_t>(i)] = detail::cell_of(x.data()[i]);
        };
        (take(std::get<I>(inputs)), ...);
        const cell seed{0, s.seed}, step{0, 1};
        const interpretation done(*b, roots.data(), sig.outputs, [&](int i) -> const cell* {
            if (b->nodes[i].op == &seed_op) return &seed;
            if (b->nodes[i].op == &step_op) return &step;
            for (int k = 0; k < sig.inputs; ++k)
                if (roots[static_cast<std::size_t>(sig.results() + sig.updates + k)].id == i) return cells[static_cast<std::size_t>(k)].data();
            return nullptr;
        });
        use(done, roots.data());
    }
    template <int K, class T>
    void compare(const T& got, const cell* want) {
        using E = typename T::value_type;
        double largest = s.scale;
        if constexpr (std::is_floating_point_v<E>)
            for (i64 i = 0; i < got.size(); ++i)
                if (std::isfinite(want[i].f)) largest = std::max(largest, std::fabs(want[i].f));
        int wrong = 0;
        for (i64 i = 0; i < got.size(); ++i) {
            const E x = got.data()[i];
            bool good;
            if constexpr (std::is_floating_point_v<E>) {
                const double w = want[i].f, v = static_cast<double>(x);
                const double epsilon = static_cast<double>(s.as_float ? std::numeric_limits<float>::epsilon() : std::numeric_limits<E>::epsilon());
                good = v == w || (std::isnan(v) && std::isnan(w));
                if (!good) good = s.accepts ? s.accepts(K, v, w) : std::fabs(v - w) <= s.tolerance * epsilon * largest;
                if (!good && wrong < 3) UNSCOPED_INFO("output " << K << " element " << i << ": got " << v << ", want " << w);
            } else {
                good = x == detail::from_cell<E>(want[i]);
                if (!good && wrong < 3)
                    UNSCOPED_INFO("output " << K << " element " << i << ": got " << +x << ", want " << want[i].i);
            }
            wrong += !good;
        }
        const std::string where = text() + "output " + std::to_string(K);
        INFO(where);
        CHECK(wrong == 0);
    }

    F& f;
    settings s;
    std::mt19937_64 random;
    std::vector<extent_of_name> extents;
};

/// All outputs of f on random inputs are what the interpreter makes of the same graph.
template <class P>
void compare(basic_function<P>& f, std::initializer_list<extent_of_name> names = {}, settings s = {}) {
    comparison<P>(f, names, s).run(std::make_integer_sequence<int, P::sig.inputs>{}, std::make_integer_sequence<int, P::sig.outputs>{});
}
/// ... on so many threads.
template <class P>
void compare_on(int threads, basic_function<P>& f, std::initializer_list<extent_of_name> names = {}, settings s = {}) {
    f.threads(threads);
    compare(f, names, s);
    f.threads(1);
}
/// ... and bitwise the same on 1, 2 and 3 threads.
template <class P>
void compare_threads(basic_function<P>& f, std::initializer_list<extent_of_name> names = {}, settings s = {}) {
    comparison<P> c(f, names, s);
    constexpr std::make_integer_sequence<int, P::sig.inputs> inputs{};
    constexpr std::make_integer_sequence<int, P::sig.outputs> outputs{};
    const std::vector<char> one = c.bits(1, inputs, outputs), two = c.bits(2, inputs, outputs), three = c.bits(3, inputs, outputs);
    const std::string where = c.text();
    INFO(where);
    CHECK(one == two);
    CHECK(one == three);
    f.threads(1);
}

}  // namespace kiln::testing
