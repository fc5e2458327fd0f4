#!/usr/bin/env python3
"""Tries a compile-fail pair: one file that builds as it is and, with -DKILN_SHOULD_FAIL, fails with the promised words.

The promise stands in comment lines of the file:

    // first: REGEX      the first line of the output that contains "error:" matches
    // expect: REGEX     some line of the output matches
    // max-lines: 15     the output has at most so many lines

`first` and `expect` may occur several times, and one of them at least must. `first[g++]:`, `expect[clang]:` and
`max-lines[clang]:` speak to one compiler only. Patterns are Python's, searched within a line, so that special
characters of C++ need a backslash: \\(, \\[, \\*, \\+.
"""
import argparse
import os
import re
import shlex
import subprocess
import sys

LINE = re.compile(r"^\s*//\s*(first|expect|max-lines)(?:\[(g\+\+|clang)\])?:\s*(.*?)\s*$")


def promises(path, family):
    """The patterns of `path` for this family of compilers: (first, expect, max_lines)."""
    first, expect, limit = [], [], None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = LINE.match(line)
            if not match or match[2] not in (None, family):
                continue
            if match[1] == "max-lines":
                limit = int(match[3])
                continue
            try:
                pattern = re.compile(match[3])
            except re.error as why:
                raise SystemExit(f"{path}:{number}: no regular expression: {match[3]}: {why}")
            (first if match[1] == "first" else expect).append(pattern)
    return first, expect, limit


def compile_file(compiler, flags, path):
    command = [compiler, "-std=c++20", "-fsyntax-only", "-fdiagnostics-color=never", *flags, path]
    environment = dict(os.environ, LC_ALL="C")
    done = subprocess.run(command, env=environment, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout, shlex.join(command)


def family_of(compiler):
    return "clang" if "clang" in os.path.basename(compiler) else "g++"


def precompile(compiler, flags, header, folder):
    """Writes the header, once read, to where precompiled_flags(compiler, folder, ...) tells this compiler to find it."""
    target = os.path.join(folder, "kiln.pch" if family_of(compiler) == "clang" else "kiln/kiln.hpp.gch")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    subprocess.run([compiler, "-std=c++20", *flags, "-w", "-x", "c++-header", header, "-o", target + ".new"], check=True)
    os.replace(target + ".new", target)


def precompiled_flags(compiler, folder, path):
    if family_of(compiler) == "g++":
        return [f"-I{folder}"]   # it sees for itself whether it may take it
    with open(path, encoding="utf-8") as file:
        return ["-include-pch", os.path.join(folder, "kiln.pch")] if "#include <kiln/kiln.hpp>" in file.read() else []


def complaints(compiler, flags, path):
    """What is wrong with the pair, as (sentence, command, output of the compiler); nothing where it holds."""
    first, expect, limit = promises(path, family_of(compiler))
    if not first and not expect:
        return [("the file promises no words: it needs an '// expect:' or '// first:' line", "", "")]

    code, output, command = compile_file(compiler, flags, path)
    if code != 0:
        return [("does not build without KILN_SHOULD_FAIL", command, output)]
    if output.strip():
        return [("builds without KILN_SHOULD_FAIL, but not silently", command, output)]

    code, output, command = compile_file(compiler, [*flags, "-DKILN_SHOULD_FAIL"], path)
    if code == 0:
        return [("builds with KILN_SHOULD_FAIL, but should not", command, output)]
    if code < 0 or "internal compiler error" in output or "PLEASE submit a bug report" in output:
        return [("the compiler crashed", command, output)]
    found = []
    lines = output.splitlines()
    errors = [line for line in lines if "error:" in line]
    for pattern in first:
        if not errors or not pattern.search(errors[0]):
            found.append(f"the first error line does not match: {pattern.pattern}")
    for pattern in expect:
        if not any(pattern.search(line) for line in lines):
            found.append(f"no line matches: {pattern.pattern}")
    if limit is not None and len(lines) > limit:
        found.append(f"the output has {len(lines)} lines, at most {limit} are allowed")
    return [(sentence, command, output) for sentence in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--include", action="append", default=[], help="folder to search for headers")
    parser.add_argument("--flag", action="append", default=[], help="another flag, as --flag=-march=native")
    parser.add_argument("--show", action="store_true", help="print the compiler's output even if all is well")
    parser.add_argument("--precompiled", metavar="FOLDER", help="take kiln.hpp from there, as --precompile has left it")
    parser.add_argument("--precompile", metavar="HEADER", help="write this header, once read, to the folder of --precompiled, and try nothing")
    parser.add_argument("file", nargs="*")
    arguments = parser.parse_args()
    flags = [f"-I{folder}" for folder in arguments.include] + arguments.flag
    if arguments.precompile:
        precompile(arguments.compiler, flags, arguments.precompile, arguments.precompiled)
        return 0

    bad = 0
    for path in arguments.file:
        precompiled = precompiled_flags(arguments.compiler, arguments.precompiled, path) if arguments.precompiled else []
        found = complaints(arguments.compiler, precompiled + flags, path)
        for sentence, _, _ in found:
            print(f"{path}: {sentence}")
        if found:
            bad += 1
            _, command, output = found[-1]
            print(f"  $ {command}")
            print("".join(f"  | {line}\n" for line in output.splitlines()), end="")
        else:
            print(f"{path}: as promised ({os.path.basename(arguments.compiler)})")
            if arguments.show:
                print(compile_file(arguments.compiler, [*precompiled, *flags, "-DKILN_SHOULD_FAIL"], path)[1], end="")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
