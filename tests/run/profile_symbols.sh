#!/usr/bin/env bash
# A program that names its kernels knows the names alone: none of its functions is one that operations have for the compiler.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for compiler in "${KILN_GXX:-g++}" ${KILN_CLANGXX:-}; do
    "$compiler" -std=c++20 -O2 -march=native -Iinclude tests/run/programs/profiled.cpp -o "$folder/program" -pthread
    nm -C --defined-only "$folder/program" > "$folder/symbols"
    grep -q 'kiln::profile_results' "$folder/symbols"
    if grep -E '::(reference|jvp|vjp|infer)\(' "$folder/symbols"; then exit 1; fi
    "$folder/program" > "$folder/out"
    grep -q 'tanh + multiply\|multiply + tanh' "$folder/out"
    echo "$compiler: $(wc -l < "$folder/symbols") symbols, none of operations"
done
