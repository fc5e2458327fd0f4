// patches, fold and the largest in windows of many geometries against the definition, on one thread and on several.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"   // g++ 12 for AVX2: sums of a small tile, which are written before they are read
#endif
#include "geometries.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace kiln::testing {
namespace {

template <int G, class T>
void try_geometry() {
    static constexpr window_geometry g = geometry_number(G);
    static constexpr i64 n_image = g.image() * g.inner, n_patches = g.patches() * g.inner;
    static constexpr i64 outer = 3;
    static constexpr auto x = placeholder<"x", T, outer, n_image>;
    static constexpr auto p = placeholder<"p", T, outer, n_patches>;
    static constexpr auto both = trace([](value image, value windows) {   // one function: half as much to compile
        return values{reshape(call<patches_op>(g.attributes(), reshape_to(image, image_shape(g, outer))), {outer, n_patches}),
                      reshape(call<fold_op>(g.attributes(), reshape_to(windows, patches_shape(g, outer))), {outer, n_image})};
    }, x, p);
    auto f = function(inputs(x, p), both);
    tensor<T, outer, n_image> xs, folded;
    tensor<T, outer, n_patches> ps, patches;
    for (i64 k = 0; k < outer * n_image; ++k) xs.data()[k] = static_cast<T>(k % 97 - 40);
    for (i64 k = 0; k < outer * n_patches; ++k) ps.data()[k] = static_cast<T>(k % 89 - 44);   // sums of a few are exact
    std::vector<double> wanted(static_cast<std::size_t>(outer * n_image));
    for (i64 n = 0; n < outer; ++n)
        g.each([&](i64 from, i64 to) {
            for (i64 c = 0; c < g.inner && to >= 0; ++c)
                wanted[static_cast<std::size_t>(n * n_image + to * g.inner + c)] += static_cast<double>(ps.data()[n * n_patches + from * g.inner + c]);
        });
    for (const int threads : {1, 3}) {
        f.threads(threads);
        f.into(patches, folded)(xs, ps);
        bool equal = true, equal_folded = true;
        for (i64 n = 0; n < outer; ++n)
            g.each([&](i64 to, i64 from) {
                for (i64 c = 0; c < g.inner; ++c)
                    equal &= patches.data()[n * n_patches + to * g.inner + c] == (from < 0 ? T{} : xs.data()[n * n_image + from * g.inner + c]);
            });
        for (i64 k = 0; k < outer * n_image; ++k) {
            const double w = wanted[static_cast<std::size_t>(k)];
            equal_folded &= folded.data()[k] == (std::is_integral_v<T> ? static_cast<T>(static_cast<i64>(w)) : static_cast<T>(w));
        }
        INFO("geometry " << G);
        CHECK(equal);
        CHECK(equal_folded);
    }
}
/// Contractions that read the image: of [windows, places] and of its transpose.
template <int G, class T>
void try_contractions() {
    static constexpr window_geometry g = geometry_number(G, false);
    static constexpr i64 outer = 2, n_image = g.image() * g.inner, windows = outer * g.windows(), places = g.places() * g.inner,
                         columns = std::array{1, 3, 16, 20, 70}[G % 5];
    static constexpr auto x = placeholder<"x", T, outer, n_image>;
    static constexpr auto w = placeholder<"w", T, places, columns>;
    static constexpr auto up = placeholder<"up", T, windows, columns>;
    static constexpr auto matrix = trace([](value v) {
        return reshape(call<patches_op>(g.attributes(), reshape_to(v, image_shape(g, outer))), {windows, places});
    }, x);
    auto f = function(inputs(x, w, up), outputs(matmul(matrix, w) + 1_c, matmul(transpose(matrix), up)));
    tensor<T, outer, n_image> xs;
    tensor<T, places, columns> ws, down;
    tensor<T, windows, columns> ups, y;
    for (i64 k = 0; k < outer * n_image; ++k) xs.data()[k] = static_cast<T>(k % 7 - 3);
    for (i64 k = 0; k < places * columns; ++k) ws.data()[k] = static_cast<T>(k % 5 - 2);
    for (i64 k = 0; k < windows * columns; ++k) ups.data()[k] = static_cast<T>(k % 3 - 1);
    std::vector<double> of_windows(static_cast<std::size_t>(windows * columns), 1.0), of_places(static_cast<std::size_t>(places * columns));
    for (i64 n = 0; n < outer; ++n)
        g.each([&](i64 to, i64 from) {
            for (i64 c = 0; c < g.inner && from >= 0; ++c)
                for (i64 j = 0; j < columns; ++j) {
                    const i64 at = to * g.inner + c, row = n * g.windows() + at / places, k = at % places;
                    const double e = static_cast<double>(xs.data()[n * n_image + from * g.inner + c]);
                    of_windows[static_cast<std::size_t>(row * columns + j)] += e * static_cast<double>(ws.data()[k * columns + j]);
                    of_places[static_cast<std::size_t>(k * columns + j)] += e * static_cast<double>(ups.data()[row * columns + j]);
                }
        });
    for (const int threads : {1, 3}) {
        f.threads(threads);
        f.into(y, down)(xs, ws, ups);
        bool equal = true, equal_down = true;
        for (i64 k = 0; k < windows * columns; ++k) equal &= static_cast<double>(y.data()[k]) == of_windows[static_cast<std::size_t>(k)];
        for (i64 k = 0; k < places * columns; ++k) equal_down &= static_cast<double>(down.data()[k]) == of_places[static_cast<std::size_t>(k)];
        INFO("geometry " << G);
        CHECK(equal);
        CHECK(equal_down);
    }
}
template <class T, int From, int... G>
void try_all_contractions(std::integer_sequence<int, G...>) {
    ([] { if constexpr (tried_here(G)) try_contractions<(From + G) * 8 + 1, T>(); }(), ...);   // none is empty
}

/// The largest of windows and its slopes: equals, NaN and windows that see only padding among them.
template <int G, class T>
void try_maxima() {
    static constexpr window_geometry g = geometry_number(G, false);
    static constexpr i64 n_image = g.image() * g.inner, n_windows = g.windows() * g.inner, outer = 3 + (n_image ? 2000 / n_image : 0);   // enough for threads
    static constexpr auto x = placeholder<"x", T, outer, n_image>;
    static constexpr auto t = placeholder<"t", T, outer, n_image>;
    static constexpr auto c = placeholder<"c", T, outer, n_windows>;
    static constexpr auto all = [](value tv, value cv, value xv) {   // integers have no slopes: there the other two are read, no more
        constexpr bool slopes = std::is_floating_point_v<T>;
        const value image = reshape_to(xv, image_shape(g, outer));
        return values{reshape_to(call<window_max_op>(g.attributes(), image), ints(outer, n_windows)),
                      slopes ? reshape_to(call<window_at_max_op>(g.attributes(), reshape_to(tv, image_shape(g, outer)), image), ints(outer, n_windows)) : cv + cv,
                      slopes ? reshape_to(call<window_from_max_op>(g.attributes(), reshape_to(cv, windows_shape(g, outer)), image), ints(outer, n_image)) : tv + tv};
    };
    auto maxima = function(inputs(t, c, x), trace(all, t, c, x));
    tensor<T, outer, n_image> xs, ts, from_max;
    tensor<T, outer, n_windows> cs, most, at_max;
    for (i64 k = 0; k < outer * n_image; ++k) {
        xs.data()[k] = static_cast<T>(k * 37 % 11 - 5);
        ts.data()[k] = static_cast<T>(k % 83 - 40);
        if constexpr (std::is_floating_point_v<T>) {
            if (k % 29 == 3) xs.data()[k] = std::numeric_limits<T>::quiet_NaN();
            if (k % 31 == 7) xs.data()[k] = -std::numeric_limits<T>::infinity();
        }
    }
    for (i64 k = 0; k < outer * n_windows; ++k) cs.data()[k] = static_cast<T>(k % 61 - 30);
    std::vector<i64> first(static_cast<std::size_t>(outer * n_windows), -1);
    for (i64 n = 0; n < outer; ++n)
        g.each([&](i64 to, i64 from) {
            for (i64 ch = 0; ch < g.inner && from >= 0; ++ch) {
                i64& f = first[static_cast<std::size_t>(n * n_windows + to / g.places() * g.inner + ch)];
                const i64 at = n * n_image + from * g.inner + ch;
                if (f < 0) { f = at; continue; }
                const T v = xs.data()[at], m = xs.data()[f];
                if (v > m || (v != v && m == m)) f = at;
            }
        });
    const auto same = [](T a, T b) { return a == b || (a != a && b != b); };
    for (const int threads : {1, 3}) {
        INFO("geometry " << G);
        bool equal = true;
        maxima.threads(threads);
        maxima.into(most, at_max, from_max)(ts, cs, xs);
        using number_type = std::numeric_limits<T>;
        const T none = number_type::has_infinity ? static_cast<T>(-number_type::infinity()) : number_type::lowest();
        for (i64 k = 0; k < outer * n_windows; ++k) {
            const i64 f = first[static_cast<std::size_t>(k)];
            equal &= same(most.data()[k], f < 0 ? none : xs.data()[f]);
        }
        CHECK(equal);
        if constexpr (std::is_floating_point_v<T>) {
            std::vector<T> sums(static_cast<std::size_t>(outer * n_image));
            bool equal_at = true, equal_from = true;
            for (i64 k = 0; k < outer * n_windows; ++k) {
                const i64 f = first[static_cast<std::size_t>(k)];
                equal_at &= at_max.data()[k] == (f < 0 ? T{} : ts.data()[f]);
                if (f >= 0) sums[static_cast<std::size_t>(f)] += cs.data()[k];   // of a few whole numbers
            }
            for (i64 k = 0; k < outer * n_image; ++k) equal_from &= from_max.data()[k] == sums[static_cast<std::size_t>(k)];
            CHECK(equal_at);
            CHECK(equal_from);
        }
    }
}
template <class T, int From, int... G>
void try_all_maxima(std::integer_sequence<int, G...>) { (try_maxima<From + G, T>(), ...); }

template <class T, int From, int... G>
void try_geometries(std::integer_sequence<int, G...>) {
    ([] { if constexpr (tried_here(G)) try_geometry<From + G, T>(); }(), ...);
}

TEST_CASE("windows of any geometry") {
    try_geometries<float, 0>(std::make_integer_sequence<int, 40>{});
    try_geometries<double, 48>(std::make_integer_sequence<int, 12>{});
    try_geometries<std::int8_t, 64>(std::make_integer_sequence<int, 12>{});
    try_geometries<std::int32_t, 80>(std::make_integer_sequence<int, 8>{});
}

TEST_CASE("the largest in windows of any geometry") {
    try_all_maxima<float, 0>(std::make_integer_sequence<int, 6>{});
    try_all_maxima<float, 0>(std::integer_sequence<int, 29, 130, 132, 133, 178, 227>{});   // one channel: a vector of windows, at every stride
    try_all_maxima<double, 0>(std::integer_sequence<int, 43, 133, 227>{});
    try_all_maxima<std::int8_t, 0>(std::integer_sequence<int, 64>{});
    try_all_maxima<std::uint32_t, 0>(std::integer_sequence<int, 83>{});
}

TEST_CASE("places that a byte does not count") {
    static constexpr auto x = placeholder<"x", float, 2, 16, 32, 3>;
    static constexpr auto c = placeholder<"c", float, 2, 1, 2, 3>;
    auto f = function(inputs(x, c), outputs(max_pool<window<16, 16>>(x), grad(sum(max_pool<window<16, 16>>(x) * c), x)));
    tensor<float, 2, 16, 32, 3> xs, slope;
    tensor<float, 2, 1, 2, 3> cs, most;
    for (i64 k = 0; k < 2 * 16 * 32 * 3; ++k) xs.data()[k] = static_cast<float>(k % 7);
    const auto at = [](i64 n, i64 w, i64 ch) { return std::array{n, 15 - n, 16 * w + 15 - w, ch}; };   // the last place of all, and others
    for (i64 n = 0; n < 2; ++n)
        for (i64 w = 0; w < 2; ++w)
            for (i64 ch = 0; ch < 3; ++ch) {
                cs(n, 0, w, ch) = static_cast<float>(1 + 6 * n + 3 * w + ch);
                const auto [i, y, z, q] = at(n, w, ch);
                xs(i, y, z, q) = 100.0f + static_cast<float>(ch);
            }
    f.into(most, slope)(xs, cs);
    float sum = 0;
    for (i64 k = 0; k < 2 * 16 * 32 * 3; ++k) sum += slope.data()[k];
    CHECK(sum == 78.0f);
    for (i64 n = 0; n < 2; ++n)
        for (i64 w = 0; w < 2; ++w)
            for (i64 ch = 0; ch < 3; ++ch) {
                const auto [i, y, z, q] = at(n, w, ch);
                CHECK(most(n, 0, w, ch) == 100.0f + static_cast<float>(ch));
                CHECK(slope(i, y, z, q) == cs(n, 0, w, ch));
            }
}

TEST_CASE("contractions behind windows of any geometry") {
    try_all_contractions<float, 12>(std::make_integer_sequence<int, 20>{});
    try_all_contractions<double, 36>(std::make_integer_sequence<int, 6>{});
    try_all_contractions<std::int32_t, 42>(std::make_integer_sequence<int, 4>{});
}

}  // namespace
}  // namespace kiln::testing
