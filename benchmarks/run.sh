#!/usr/bin/env bash
# Builds the benchmarks, runs them, prints one table of kiln's time over each rival's; rows behind their bar (bars.txt) come first.
#
#   bash benchmarks/run.sh                       all of them, g++
#   bash benchmarks/run.sh --write               and writes docs/performance.md and .json, with AVX-512 docs/performance_avx512.md and .json
#   bash benchmarks/run.sh --preset clang        another preset of CMakePresets.json
#   bash benchmarks/run.sh --march x86-64-v3     for other instructions than this machine's own; without AVX-512 rivals that choose theirs take AVX2
#   bash benchmarks/run.sh --filter mlp          those whose name matches
#   bash benchmarks/run.sh --repetitions 30      more of them (12): the least time of all counts
#
# A program runs three times, with a third of the repetitions each: where the system happens to put its memory is part of some times. All
# repetitions of all benchmarks of a run are in random order, on one core, so that a slow moment hits every side.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=release march=native filter=. repetitions=12 write=
while [ $# -gt 0 ]; do
    case $1 in
        --write) write=docs && shift && continue ;;
        --preset) preset=$2 ;;
        --march) march=$2 ;;
        --filter) filter="roofline|$2" ;;
        --repetitions) repetitions=$2 ;;
        *) sed -n '2,/^set/{/^#/p}' "$0"; exit 2 ;;
    esac
    shift 2
done
[ -z "$write" ] || [ "$filter" = . ] || { echo "--write wants all benchmarks, so no --filter" >&2; exit 2; }
source tests/packages.sh
packages=(g++ cmake ninja-build libxsimd-dev libeigen3-dev libbenchmark-dev libopenblas-dev libdnnl-dev libtorch-dev zlib1g-dev libpng-dev libzip-dev
    nlohmann-json3-dev libprotozero-dev python3)
[ "$preset" != clang ] || packages+=(clang-19)
need_packages "${packages[@]}"

build=build/bench-$preset
[ "$march" = native ] || build+="-$march"
log=$(cmake --preset "$preset" -B "$build" -DKILN_BUILD_TESTS=OFF -DKILN_BUILD_EXAMPLES=OFF -DKILN_BENCH_MARCH="$march" 2>&1) || { echo "$log"; exit 1; }
cmake --build "$build" --target benchmarks ${BENCHMARK_JOBS:+-j "$BENCHMARK_JOBS"} >&2
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1   # of the rivals
grep -q "__AVX512F__" <<< "$(g++ "-march=$march" -dM -E -x c++ /dev/null)" || export ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell ATEN_CPU_CAPABILITY=avx2

pinned=()
if command -v taskset > /dev/null; then   # the last core that this shell may use
    cores=$(taskset -cp $$)
    pinned=(taskset -c "${cores##*[ ,-]}")
fi
results=()
rm -f "$build"/*.result.json
runs=3
each=$(((repetitions + runs - 1) / runs))
for ((run = 1; run <= runs; ++run)); do
    for program in "$build"/benchmarks/bench_*; do
        [ -x "$program" ] && [ ! -d "$program" ] || continue
        name=$(basename "$program")
        echo "running $name, $run of $runs" >&2
        on=(${pinned[@]+"${pinned[@]}"})
        [ "$name" != bench_threads ] || on=()
        ${on[@]+"${on[@]}"} "$program" --benchmark_filter="$filter" --benchmark_repetitions="$each" --benchmark_min_time=0.02 \
            --benchmark_enable_random_interleaving=true --benchmark_out_format=json --benchmark_out="$build/$name.$run.result.json" \
            > /dev/null 2> "$build/log" || { cat "$build/log"; exit 1; }
        results+=("$build/$name.$run.result.json")
    done
done
[ ${#results[@]} -gt 0 ] || { echo "there are no benchmarks"; exit 1; }
exec python3 -B benchmarks/table.py --build "$build" --repetitions $((runs * each)) --processes $runs ${write:+--write "$write"} "${results[@]}"
