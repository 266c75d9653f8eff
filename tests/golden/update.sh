#!/usr/bin/env bash
# Writes the listings of x64/, a64/ and x86/ anew, as the emitters make them now (tests/unit/golden_test.cpp has the rows).
#   tests/golden/update.sh [BUILD_FOLDER]
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build}
cmake --build "$build" --target unit_golden
"$build/tests/unit/unit_golden" --update
git --no-pager diff --stat -- tests/golden
