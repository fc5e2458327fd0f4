#!/usr/bin/env bash
# Installs what the tests need, builds everything with warnings as errors, runs all tests; the last line is ctest's own.
#
#   bash tests/run.sh                  g++ with all tests, and clang with those of KILN_CLANG_ROOMS
#   bash tests/run.sh asan tsan        other presets of CMakePresets.json
#
# KILN_CLANG_ROOMS   rooms that the clang preset tests, "a;b;c" (core;graph;expr where nothing is said; "" means all)
# KILN_TEST_ARCHS    instruction sets that the cpu backend is tested with (sse2;avx2;avx512 where nothing is said: what the
#                    machine has not is compiled without machine code)
# KILN_JOBS          how many compilers at a time (as many as there are cores)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tests/packages.sh
need_packages g++ clang-19 libclang-rt-19-dev cmake ninja-build ccache libeigen3-dev catch2 \
    libbenchmark-dev zlib1g-dev libpng-dev libzip-dev nlohmann-json3-dev libprotozero-dev python3 python3-venv chromium qemu-user

presets=("$@")
[ $# -gt 0 ] || presets=(release clang)
jobs=${KILN_JOBS:-$(nproc)}
export CMAKE_CXX_COMPILER_LAUNCHER=ccache

# The project's own tests (installation, compile-fail pairs, scripts) try both compilers by themselves: once is enough.
project=ON
for preset in "${presets[@]}"; do
    prefix="" archs=${KILN_TEST_ARCHS-sse2;avx2;avx512} rooms=""
    [ "$preset" = "${presets[0]}" ] || prefix="$preset/"
    case $preset in
        release) ;;
        clang) archs="avx2" rooms=${KILN_CLANG_ROOMS-core;graph;expr} ;;
        *) archs="avx2" project=OFF ;;
    esac
    echo "== $preset"
    cmake --preset "$preset" -DKILN_WERROR=ON -DKILN_TEST_PREFIX="$prefix" -DKILN_TEST_ARCHS="$archs" \
        -DKILN_TEST_ROOMS="$rooms" -DKILN_TEST_PROJECT=$project -DKILN_BUILD_BENCHMARKS=OFF
    cmake --build "build/$preset" -j "$jobs"
    project=OFF
done

# One run over all of them, so that one closing line speaks for all.
mkdir -p build
printf 'subdirs(%s)\n' "${presets[*]}" > build/CTestTestfile.cmake
exec ctest --test-dir build --output-on-failure -j "$jobs"
