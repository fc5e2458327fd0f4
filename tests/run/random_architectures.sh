#!/usr/bin/env bash
# Random numbers have the same bits on every instruction set that this machine has, by both compilers, on one thread and on two. (A
# mean and a deviation other than 0 and 1 are a fused multiply-add where there is one.)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/program.cpp" <<'CPP'
#include <kiln/kiln.hpp>
#include <cstdio>
using namespace kiln;
constexpr auto x = placeholder<"x", float, "n">;
constexpr auto noise = random_normal<0.0, 0.3>(x);
int main() {
    auto f = function(inputs(x), outputs(noise, x + random_uniform<>(x), random_normal<>(shape<double, "n">), truncated_normal<>(x),
                                         random_uniform<>(shape<double, "n">), random_uniform<-5, 6>(shape<std::int8_t, "n">)));
    f.seed(20240229);
    u64 h = 0;
    for (const int threads : {1, 2})
        for (const std::size_t n : {1u, 15u, 64u, 1000u, 40001u}) {
            f.threads(threads);
            f.seed(n);
            std::apply([&](const auto&... r) {
                auto put = [&](const auto& t) {
                    for (const char *p = reinterpret_cast<const char*>(t.data()), *end = reinterpret_cast<const char*>(t.data() + t.size()); p != end; ++p)
                        h = mix(h, static_cast<unsigned char>(*p));
                };
                (put(r), ...);
            }, f(std::vector<float>(n, 0.25f)));
            std::printf("%zu %016llx\n", n, static_cast<unsigned long long>(h));
            if (n == 40001u) h = 0;
        }
}
CPP
has() { grep -qw "$1" /proc/cpuinfo; }
first=
for compiler in "${KILN_GXX:-g++}" "${KILN_CLANGXX-clang++-19}"; do
    if [ -z "$compiler" ] || ! command -v "$compiler" > /dev/null; then continue; fi
    for machine in x86-64 haswell skylake-avx512; do
        if [ $machine = haswell ] && ! has avx2; then continue; fi
        if [ $machine = skylake-avx512 ] && ! has avx512bw; then continue; fi
        "$compiler" -std=c++20 -O2 -march=$machine -I "$root/include" "$work/program.cpp" -o "$work/program" -pthread
        "$work/program" > "$work/came"
        if [ "$(head -n 5 "$work/came")" != "$(tail -n 5 "$work/came")" ]; then echo "$compiler $machine: two threads draw other bits"; exit 1; fi
        if [ -z "$first" ]; then
            first="$compiler $machine"
            mv "$work/came" "$work/want"
        elif ! diff "$work/want" "$work/came"; then echo "$compiler $machine draws other bits than $first"; exit 1; fi
        echo "$compiler $machine: $(tail -n 1 "$work/want")"
    done
done
