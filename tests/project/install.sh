#!/usr/bin/env bash
# kiln installs, and a project that finds it there by find_package builds and runs; so does one that adds the source
# tree as a subdirectory.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cmake=${KILN_CMAKE:-cmake}
compiler=${KILN_GXX:-g++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CMAKE_GENERATOR=Ninja CMAKE_EXPORT_COMPILE_COMMANDS=ON
quietly() { "$@" > "$work/log" 2>&1 || { cat "$work/log"; echo "failed: $*"; exit 1; }; }

quietly "$cmake" -S "$root" -B "$work/kiln" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_INSTALL_PREFIX="$work/prefix" \
    -DKILN_BUILD_TESTS=OFF -DKILN_BUILD_EXAMPLES=OFF -DKILN_BUILD_BENCHMARKS=OFF
quietly "$cmake" --install "$work/kiln"

# Every header is there, and nothing installed knows where it came from.
missing=$(cd "$root/include" && find kiln -name '*.hpp' | sort | while read -r header; do
    [ -f "$work/prefix/include/$header" ] || echo "$header"; done)
[ -z "$missing" ] || { echo "not installed: $missing"; exit 1; }
if grep -rIl -e "$root" -e "$work" "$work/prefix"; then echo "the files above name a folder of this machine"; exit 1; fi

cp -r "$root/tests/project/dependant" "$work/dependant"
quietly "$cmake" -S "$work/dependant" -B "$work/build" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_BUILD_TYPE=Release
quietly "$cmake" --build "$work/build"
"$work/build/plain"
"$work/build/native"
"$work/build/precompiled"

# kiln::kiln adds no machine flag, kiln::native does.
flags() { grep -- '"command"' "$work/build/compile_commands.json" | grep "$1\.dir"; }
if flags plain | grep -e ' -m'; then echo "kiln::kiln adds a machine flag"; exit 1; fi
flags native | grep -q -e ' -march=native' || { echo "kiln::native adds no -march=native"; exit 1; }

# kiln::precompiled is the header compiled once, and no machine flag.
flags precompiled | grep -q -e 'cmake_pch' || { echo "kiln::precompiled precompiles nothing"; exit 1; }
if flags precompiled | grep -e ' -m'; then echo "kiln::precompiled adds a machine flag"; exit 1; fi

# A version that cannot be had is refused.
sed -i 's/find_package(kiln 0.1 /find_package(kiln 99.0 /' "$work/dependant/CMakeLists.txt"
if "$cmake" -S "$work/dependant" -B "$work/refused" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_PREFIX_PATH="$work/prefix" \
    > "$work/log" 2>&1; then echo "version 99.0 was found"; exit 1; fi

# As a subdirectory it brings neither tests nor examples.
mkdir "$work/parent"
cat > "$work/parent/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.21)
project(parent LANGUAGES CXX)
add_subdirectory("$root" kiln)
add_executable(sub "$root/tests/project/dependant/main.cpp")
target_link_libraries(sub PRIVATE kiln::kiln)
target_compile_definitions(sub PRIVATE EXPECTED_VERSION="${KILN_VERSION:-0.1.0}")
CMAKE
quietly "$cmake" -S "$work/parent" -B "$work/sub" -DCMAKE_CXX_COMPILER="$compiler"
quietly "$cmake" --build "$work/sub"
"$work/sub/sub"
if "$cmake" --build "$work/sub" --target help | grep -E 'test_|bench_|mnist'; then
    echo "a subproject builds kiln's own programs"; exit 1; fi
echo "installed, found, built and run"
