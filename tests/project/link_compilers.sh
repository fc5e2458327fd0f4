#!/usr/bin/env bash
# An object of g++ and an object of clang make one program, either way round: the types of expressions have the same
# names for both, and what both define inline is the same thing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
gxx=${KILN_GXX:-g++}
clangxx=${KILN_CLANGXX-clang++-19}
if [ -z "$clangxx" ] || ! command -v "$clangxx" > /dev/null; then echo "skipped: there is no clang++"; exit 77; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source=$root/tests/project/link
for level in -O0 -O2; do
    for compiler in "$gxx" "$clangxx"; do
        name=$(basename "$compiler")$level
        "$compiler" -std=c++20 $level -I "$root/include" -c "$source/one.cpp" -o "$work/one-$name.o"
        "$compiler" -std=c++20 $level -I "$root/include" -c "$source/two.cpp" -o "$work/two-$name.o"
    done
    for pair in "$gxx:$clangxx" "$clangxx:$gxx"; do
        one=$(basename "${pair%%:*}")$level two=$(basename "${pair##*:}")$level
        "$gxx" "$work/one-$one.o" "$work/two-$two.o" -pthread -o "$work/program"
        echo "$one with $two: $("$work/program")"
    done
done
