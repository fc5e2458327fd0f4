#!/usr/bin/env bash
# Sets up what is missing, builds the example and trains: bash examples/mnist/run.sh [FOLDER WITH THE FULL MNIST] ...
set -euo pipefail
here=$(pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$(pwd)
program=${KILN_EXAMPLE:-mnist}   # or mnist_cnn, which is started by a script of its own
source tests/packages.sh
need_packages g++ cmake ninja-build zlib1g-dev libpng-dev libzip-dev nlohmann-json3-dev libprotozero-dev

log=$(cmake --preset release -B build/mnist -DKILN_BUILD_TESTS=OFF -DKILN_BUILD_BENCHMARKS=OFF 2>&1) \
    || { echo "$log"; exit 1; }
cmake --build build/mnist --target "$program"

# The program writes its picture where it runs. Its own last line has to stay the last one, so say it first.
arguments=()
for argument in "$@"; do
    case $argument in
        /*) ;;
        *) if [ -e "$here/$argument" ]; then argument=$here/$argument; fi ;;
    esac
    arguments+=("$argument")
done
cd build/mnist
echo "the picture will be $root/build/mnist/$program.png"
exec "examples/$program" "${arguments[@]}"
