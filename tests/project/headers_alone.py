#!/usr/bin/env python3
"""Each header of kiln compiles alone, twice in one file, and without a warning.

headers_alone.py [--compiler CXX]... [--jobs N] [HEADER...]     (g++ if no compiler is named; all headers by default)
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow"]
ELSEWHERE = ("backend/cuda/", "cuda.hpp", "mpi.hpp")         # need a compiler or a library that is not always there


def all_headers():
    found = []
    base = os.path.join(ROOT, "include")
    for folder, _, files in os.walk(os.path.join(base, "kiln")):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), base)
            if name.endswith(".hpp") and not path[len("kiln/"):].startswith(ELSEWHERE):
                found.append(path)
    return sorted(found)


def compile_alone(compiler, header):
    flags = ["-std=c++20", "-fsyntax-only", "-I", os.path.join(ROOT, "include"), "-isystem", "/usr/include/eigen3"]
    if "clang" in os.path.basename(compiler):
        flags += ["-Wno-sign-conversion"]
    source = f"#include <{header}>\n#include <{header}>\n"
    done = subprocess.run([compiler, *flags, *WARNINGS, "-x", "c++", "-"], input=source, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    # A rule that an operation needs may be declared in its room and defined in a later one: alone, it is only declared.
    warnings = [line for line in done.stdout.splitlines() if "warning:" in line and "used but never defined" not in line
                and "-Wundefined-inline" not in line]
    return compiler, header, done.returncode or len(warnings), done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", action="append")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("header", nargs="*", help="as in an include line: kiln/core/types.hpp")
    arguments = parser.parse_args()
    compilers = arguments.compiler or [os.environ.get("KILN_GXX") or "g++"]
    headers = arguments.header or all_headers()
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        tasks = [pool.submit(compile_alone, compiler, header) for compiler in compilers for header in headers]
        for task in concurrent.futures.as_completed(tasks):
            compiler, header, code, output = task.result()
            if code != 0:
                bad += 1
                print(f"{header} does not compile alone with {compiler}:\n{output}")
    print(f"{len(headers)} headers, {len(compilers)} compilers, {bad} failures")
    return 1 if bad or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
