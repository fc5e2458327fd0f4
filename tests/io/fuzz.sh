#!/usr/bin/env bash
# Each reader of files against what libFuzzer makes of the corpus, with AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   KILN_FUZZ_SECONDS   how long each target runs (20)
#   KILN_FUZZ_RUNS      or until it has had so many inputs (no limit)
#   KILN_FUZZ_SEED      of its random numbers (1: a test tries the same inputs each time; 0: others)
#
#   bash tests/io/fuzz.sh [TARGET...]      the files tests/io/fuzz/TARGET.cpp; all where none is named
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
compiler=${KILN_CLANGXX-clang++-19}
if [ -z "$compiler" ]; then echo "no clang++, whose libFuzzer this needs"; exit 77; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
targets=("$@")
if [ $# -eq 0 ]; then for source in "$root"/tests/io/fuzz/*.cpp; do targets+=("$(basename "$source" .cpp)"); done; fi
python3 -B "$root/tests/io/fuzz/corpus.py" "$work/seeds"

for target in "${targets[@]}"; do
    "$compiler" -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Wall -Wextra -Wconversion -Wshadow \
        -Wno-sign-conversion -Werror -I"$root/include" "$root/tests/io/fuzz/$target.cpp" -o "$work/$target" -lz -lzip -lpng
    mkdir -p "$work/corpus/$target"
    # What is found lands in the second folder; the memory limit is what shows a length field that was believed.
    if ! "$work/$target" -max_total_time="${KILN_FUZZ_SECONDS:-20}" -runs="${KILN_FUZZ_RUNS:--1}" -seed="${KILN_FUZZ_SEED:-1}" -timeout=10 -rss_limit_mb=1024 \
        -malloc_limit_mb=256 -max_len=4096 -print_final_stats=1 -artifact_prefix="$work/" "$work/corpus/$target" "$work/seeds/$target" \
        > "$work/log" 2>&1; then
        tail -n 60 "$work/log"
        for found in "$work"/crash-* "$work"/oom-* "$work"/timeout-* "$work"/leak-*; do
            if [ -f "$found" ]; then echo "the input, in base64:"; base64 "$found"; fi
        done
        echo "a finding in $target"
        exit 1
    fi
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") inputs, no finding"
done
