// Maps whose results go around the caches: every element, whatever the alignment, and in place.
#include <catch2/catch.hpp>
#include <kiln/kiln.hpp>

#include <vector>

namespace kiln::testing {
namespace {

TEST_CASE("a map of more than the caches hold", "[cpu]") {
    constexpr i64 n = (i64{8} << 20) + 1037;
    static constexpr auto x = placeholder<"x", float, "n">;
    static constexpr auto y = placeholder<"y", float, "n">;
    auto f = function(inputs(x, y), outputs(x + 2_c * y, x - y));
    std::vector<float> a(n), b(n), sums(n + 64), differences(n + 64);
    for (i64 k = 0; k < n; ++k) {
        a[static_cast<std::size_t>(k)] = static_cast<float>(k % 1009);
        b[static_cast<std::size_t>(k)] = static_cast<float>(k % 31);
    }
    for (const i64 shift : {0, 1, 5}) {
        float *s = sums.data() + shift, *d = differences.data() + (shift == 5 ? 0 : shift);   // alike, or not
        const auto at = [](float* p) { return tensor_view<float, dynamic>(p, n); };
        f.into(at(s), at(d))(at(a.data()), at(b.data()));
        bool same = true;
        for (i64 k = 0; k < n; ++k) {
            const auto i = static_cast<std::size_t>(k);
            same &= s[k] == a[i] + 2 * b[i] && d[k] == a[i] - b[i];
        }
        CHECK(same);
        if (shift) continue;
        f.into(at(s), at(a.data()))(at(a.data()), at(b.data()));
        for (i64 k = 0; k < n; ++k) {
            const auto i = static_cast<std::size_t>(k);
            same &= a[i] == d[k];
            a[i] = d[k] + b[i];
        }
        CHECK(same);
    }
}

}  // namespace
}  // namespace kiln::testing
