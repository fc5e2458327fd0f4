// The largest error of kiln's own elementary functions of lanes: of float over all floats, of double over many. A quarter of an
// hour; its table is in docs/functions.md.
#include "backend/cpu/math/measure.hpp"

#include <kiln/kiln.hpp>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

using namespace kiln::cpu;
using namespace kiln::cpu::testing;

void print(const char* name, const char* type, const worst& w) {
    std::printf("| `%s` | %s | %.3f | %.9g |\n", name, type, w.ulp, w.at);
    std::fflush(stdout);
}
template <class Part>
worst in_parts(Part part) {
    const unsigned n = std::max(1u, std::thread::hardware_concurrency());
    std::vector<worst> of(n);
    std::vector<std::thread> threads;
    for (unsigned k = 0; k < n; ++k) threads.emplace_back([&, k] { of[k] = part(k, n); });
    for (std::thread& t : threads) t.join();
    for (const worst& w : of) of[0].meet(w);
    return of[0];
}
std::uint64_t step = 1;
const char* only = "";

bool wanted(const char* name) { return !*only || !std::strcmp(only, name); }
template <class F, class G>
void sweep(const char* name, F f, G exact) {
    if (!wanted(name)) return;
    const std::uint64_t all = std::uint64_t{1} << 32;
    print(name, "float32", in_parts([&](unsigned k, unsigned n) { return of_floats(f, exact, step, -HUGE_VALF, HUGE_VALF, all / n * k, k + 1 == n ? all : all / n * (k + 1)); }));
    print(name, "float64", in_parts([&](unsigned k, unsigned n) { return of_doubles(f, exact, static_cast<int>(100000000 / n / step), -HUGE_VAL, HUGE_VAL, k + 1); }));
}

}  // namespace

/// sweep_functions [STEP [NAME]]: every STEP-th float, and a STEP-th as many doubles; of one function only
int main(int count, char** words) {
    if (count > 1) step = std::strtoull(words[1], nullptr, 10);
    if (count > 2) only = words[2];
#define FUNCTION(name) sweep(#name, [](auto v) KILN_INLINE_LAMBDA { return name(v); }, [](auto v) { return std::name(v); })
    FUNCTION(exp);
    FUNCTION(exp2);
    FUNCTION(expm1);
    FUNCTION(log);
    FUNCTION(log2);
    FUNCTION(log10);
    FUNCTION(log1p);
    FUNCTION(sin);
    FUNCTION(cos);
    FUNCTION(tan);
    FUNCTION(asin);
    FUNCTION(acos);
    FUNCTION(atan);
    FUNCTION(sinh);
    FUNCTION(cosh);
    FUNCTION(tanh);
    FUNCTION(asinh);
    FUNCTION(acosh);
    FUNCTION(atanh);
    FUNCTION(erf);
    FUNCTION(erfc);
    FUNCTION(sqrt);
    FUNCTION(floor);
    FUNCTION(ceil);
    FUNCTION(trunc);
    sweep("round", [](auto v) KILN_INLINE_LAMBDA { return round(v); }, [](auto v) { return std::nearbyint(v); });
    sweep("sigmoid", [](auto v) KILN_INLINE_LAMBDA { return kiln::sigmoid_op::compute(v); },
          [](auto v) { const auto e = std::exp(-std::fabs(v)); return (v < 0 ? e : 1) / (1 + e); });
    const auto pairs = [](const char* name, auto of) {
        if (!wanted(name)) return;
        print(name, "float32", in_parts([&](unsigned k, unsigned n) { return of(float{}, static_cast<int>(400000000 / n / step), k + 1); }));
        print(name, "float64", in_parts([&](unsigned k, unsigned n) { return of(double{}, static_cast<int>(100000000 / n / step), k + 1); }));
    };
    pairs("pow", [](auto t, int n, unsigned seed) { return of_powers<decltype(t)>(n, seed); });
    pairs("atan2", [](auto t, int n, unsigned seed) { return of_points<decltype(t)>(n, seed); });
}
