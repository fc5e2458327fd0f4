#!/usr/bin/env bash
# A program that needs instructions which its machine lacks says so in one sentence. The machine is an emulated one.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
if ! command -v qemu-x86_64 > /dev/null; then
    echo "skipped: no qemu-x86_64 (Debian: qemu-user)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/program.cpp" <<'CPP'
#include <kiln/kiln.hpp>
#include <cstdio>
#include <string>
using namespace kiln;
static const std::string early = "a constructor of the program";   // comes after the check
constexpr auto x = placeholder<"x", float, 40>;
int main() { std::printf("%.1f %s\n", static_cast<double>(eval(sum(square(x)), x = std::vector<float>(40, 0.5f))), early.c_str()); }
CPP
for compiler in "${KILN_GXX:-g++}" "${KILN_CLANGXX-clang++-19}"; do
    if [ -z "$compiler" ] || ! command -v "$compiler" > /dev/null; then continue; fi
    for flags in x86-64 haswell; do "$compiler" -std=c++20 -O1 -march=$flags -I"$root/include" "$work/program.cpp" -o "$work/$flags" -pthread; done
    "$compiler" -std=c++20 -O1 -march=haswell -DKILN_DISPATCHED -I"$root/include" "$work/program.cpp" -o "$work/dispatched" -pthread
    on() { qemu-x86_64 -cpu "$1" "$work/$2" 2> "$work/errors"; }
    [ "$(on Nehalem x86-64)" = "10.0 a constructor of the program" ]
    [ "$(on Haswell haswell)" = "10.0 a constructor of the program" ]
    code=0
    on Nehalem haswell || code=$?
    [ $code = 1 ] || { echo "$compiler: left with $code, not 1"; exit 1; }
    want="this program was built for a machine with avx, which this one does not have: build it here, or without -march=native"
    diff <(grep -v '^qemu' "$work/errors") <(echo "$want")
    code=0
    on Nehalem dispatched > /dev/null || code=$?
    [ $code -gt 128 ] || { echo "$compiler: what does not ask for the check left with $code, not by a signal"; exit 1; }
done
