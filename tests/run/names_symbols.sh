#!/usr/bin/env bash
# Two programs that differ in names of nodes alone have the same functions and tables: their objects define the same symbols of
# the same sizes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for compiler in "${KILN_GXX:-g++}" ${KILN_CLANGXX:-}; do
    for names in "" -DNAMES; do
        "$compiler" -std=c++20 -O2 -march=native -Iinclude $names -c tests/run/programs/named.cpp -o "$folder/object.o"
        nm --defined-only --print-size "$folder/object.o" | awk '{ print $(NF - 2), $(NF - 1), $NF }' | sort > "$folder/symbols$names"
    done
    grep -q tables_of "$folder/symbols"
    diff "$folder/symbols" "$folder/symbols-DNAMES"
    echo "$compiler: $(wc -l < "$folder/symbols") symbols are the same"
done
