#!/usr/bin/env bash
# Fused multiply-adds are the plan's decision: a product that only a sum reads becomes one, a product that is a result too
# stays a product and a sum, whatever the compiler would like to contract. Symbols stay below 1,000 characters.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/program.cpp" <<'CPP'
#include <kiln/kiln.hpp>
using namespace kiln;
constexpr auto x = placeholder<"x", float, "n">;
constexpr auto y = placeholder<"y", float, "n">;
constexpr auto z = placeholder<"z", float, "n">;
#ifdef FUSED
constexpr auto results = outputs(x * y + z);
#else
constexpr auto results = outputs(x * y + z, x * y);
#endif
void call(const float* a, const float* b, const float* c, float* r, float* s, long n) {
    using in = tensor_view<const float, dynamic>;
    using out = tensor_view<float, dynamic>;
    auto f = function(inputs(x, y, z), results);
#ifdef FUSED
    f.into(out(r, n))(in(a, n), in(b, n), in(c, n));
    (void)s;
#else
    f.into(out(r, n), out(s, n))(in(a, n), in(b, n), in(c, n));
#endif
}
CPP
for compiler in "${KILN_GXX:-g++}" "${KILN_CLANGXX-clang++-19}"; do
    if [ -z "$compiler" ] || ! command -v "$compiler" > /dev/null; then continue; fi
    for what in FUSED APART; do
        "$compiler" -std=c++20 -O2 -march=haswell -D$what -I "$root/include" -c "$work/program.cpp" -o "$work/program.o"
        fmas=$(objdump -d "$work/program.o" | grep -c 'vfn\?m\(add\|sub\)[0-9]*ps' || true)
        longest=$(nm "$work/program.o" | awk '{ if (length($NF) > n) n = length($NF) } END { print n }')
        echo "$compiler $what: $fmas fused multiply-adds, longest symbol $longest characters"
        if [ $what = FUSED ] && [ "$fmas" -eq 0 ]; then echo "the plan's fused multiply-add is not in the machine code"; exit 1; fi
        if [ $what = APART ] && [ "$fmas" -ne 0 ]; then echo "the compiler has contracted what the plan kept apart"; exit 1; fi
        if [ "$longest" -gt 1000 ]; then echo "a symbol is longer than 1,000 characters"; exit 1; fi
    done
done
