#!/usr/bin/env bash
# Builds what reads a digit from a picture and runs it: bash examples/mnist_classify/run.sh digit.png [MODEL.safetensors]
set -euo pipefail
KILN_EXAMPLE=mnist_classify exec bash "$(dirname "${BASH_SOURCE[0]}")/../mnist/run.sh" "$@"
