#!/usr/bin/env bash
# Sets up what is missing, builds the convolutional network and trains it: bash examples/mnist_cnn/run.sh [FOLDER WITH THE FULL MNIST] ...
set -euo pipefail
KILN_EXAMPLE=mnist_cnn exec bash "$(dirname "${BASH_SOURCE[0]}")/../mnist/run.sh" "$@"
