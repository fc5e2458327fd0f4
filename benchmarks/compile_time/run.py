#!/usr/bin/env python3
"""What kiln costs the compiler: seconds, megabytes, size of the object, longest symbol; best of three runs. The towers
(50, 100, 200 traced layers with their gradient) are also run.

run.py                    prints the table for g++ and clang
run.py --check            also compares with baseline.json and fails where memory or objects have changed by more than 3 %
run.py --save             writes baseline.json (a growth is a decision: commit it with the reason)
run.py --only tower       only the programs whose name begins so

Seconds are those of the processor (user and system), so that a busy machine disturbs less; they are compared only on
the machine model that the baseline was made on, and a change is told but fails nothing.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", ".."))
BASELINE = os.path.join(HERE, "baseline.json")
TOLERANCE = 0.03
FLAGS = ["-std=c++20", "-march=x86-64-v3",   # not native: objects and memory are compared between machines
         "-I", os.path.join(ROOT, "include")]
MNIST = [os.path.join(ROOT, "examples", "mnist", "main.cpp"), "-I", os.path.join(ROOT, "examples", "mnist"),
         '-DKILN_EXAMPLE_DATA=""']
TOWER = os.path.join(HERE, "tower.cpp")


def programs(folder):
    """name -> arguments of the compiler; a program whose file is not there is left out."""
    empty = os.path.join(folder, "include.cpp")
    with open(empty, "w", encoding="utf-8") as file:
        file.write("#include <kiln/kiln.hpp>\n")
    every = {
        "include": ["-O2", empty],
        "mnist": ["-O2", *MNIST],
        "mnist -Og -g": ["-Og", "-g", *MNIST],
        **{f"tower {n}": ["-O2", f"-DLAYERS={n}", TOWER] for n in (50, 100, 200)},
    }
    for name, arguments in every.items():
        files = [a for a in arguments if a.endswith(".cpp")]
        if all(os.path.exists(f) for f in files) and os.path.exists(os.path.join(ROOT, "include/kiln/kiln.hpp")):
            yield name, arguments
        else:
            print(f"({name}: not there)", file=sys.stderr)


def compile_once(compiler, arguments, output):
    """(seconds, megabytes) of one compilation. Megabytes are those of the compiler's largest process."""
    process = subprocess.Popen([compiler, *FLAGS, *arguments, "-c", "-o", output],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = process.stdout.read()
    # The usage that wait4 gives holds the driver's waited-for children, so cc1plus is in it.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{compiler} {' '.join(arguments)} failed:\n{said[-3000:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def must_run(compiler, output):
    """Links the object to a program that has to end well."""
    program = output + ".program"
    subprocess.run([compiler, output, "-o", program, "-pthread"], check=True)
    subprocess.run([program], check=True)


def longest_symbol(path):
    done = subprocess.run(["nm", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return max((len(line.split()[-1]) for line in done.stdout.splitlines() if line.split()), default=0)


def machine():
    said = {}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            name, _, value = line.partition(":")
            said.setdefault(name.strip(), value.strip())
    return f"{said.get('model name', 'unknown')} (family {said.get('cpu family')}, model {said.get('model')})"


def version(compiler):
    return subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True).stdout.splitlines()[0]


def measure(compilers, only, repeat):
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "out.o")
        for name, arguments in programs(folder):
            if not name.startswith(only):
                continue
            for compiler in compilers:
                runs = [compile_once(compiler, arguments, output) for _ in range(repeat)]
                if name.startswith("tower"):
                    must_run(compiler, output)
                results[f"{name} | {compiler}"] = {
                    "seconds": round(min(r[0] for r in runs), 3), "megabytes": round(min(r[1] for r in runs), 1),
                    "object": os.path.getsize(output), "symbol": longest_symbol(output)}
                print(f"{name}, {compiler}: done", file=sys.stderr)
    return results


def table(results):
    head = ["program", "compiler", "seconds", "over the include", "MB", "object, kB", "longest symbol"]
    lines = [head]
    for key, r in results.items():
        name, compiler = key.split(" | ")
        include = results.get(f"include | {compiler}")
        over = f"{r['seconds'] - include['seconds']:.2f}" if include and name != "include" else ""
        lines.append([name, compiler, f"{r['seconds']:.2f}", over, f"{r['megabytes']:.0f}", f"{r['object'] / 1000:.1f}",
                      str(r["symbol"])])
    width = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(cell.ljust(width[i]) for i, cell in enumerate(line)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (w + 2) for w in width) + "|")


def growth(results):
    """The tower's law: 100 layers cost at most 2.5 times 50 layers, the include taken off."""
    for compiler in sorted({key.split(" | ")[1] for key in results}):
        try:
            base, half, full = (results[f"{n} | {compiler}"]["seconds"] for n in ("include", "tower 50", "tower 100"))
        except KeyError:
            continue
        print(f"\n{compiler}: 100 layers cost {(full - base) / (half - base):.2f} times 50 layers")


def check(results, compilers):
    if not os.path.exists(BASELINE):
        raise SystemExit("there is no baseline.json to compare with: run.py --save")
    with open(BASELINE, encoding="utf-8") as file:
        old = json.load(file)
    same_machine = old["machine"] == machine()
    bad = 0
    print()
    for key, now in results.items():
        compiler = key.split(" | ")[1]
        if old["compilers"].get(compiler) != compilers[compiler]:
            print(f"{key}: another compiler than the baseline's, not compared")
            continue
        if key not in old["results"]:
            print(f"{key}: not in the baseline")
            continue
        for what in ("seconds", "megabytes", "object"):
            before = old["results"][key][what]
            change = now[what] / before - 1 if before else 0.0
            if abs(change) <= TOLERANCE or (what == "seconds" and not same_machine):
                continue
            fails = what != "seconds"
            bad += fails
            print(f"{key}: {what} {before} -> {now[what]} ({change:+.1%})" + ("" if fails else ", told only"))
    print(f"{bad} changes of more than {TOLERANCE:.0%} in memory or object size")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", action="append", help="g++ and clang++-19 if none is named")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="", help="programs whose name begins so")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--save", action="store_true")
    arguments = parser.parse_args()

    names = [c for c in arguments.compiler or ["g++", "clang++-19"] if shutil.which(c)]
    compilers = {name: version(name) for name in names}
    results = measure(names, arguments.only, arguments.repeat)
    print(f"{machine()}; " + "; ".join(compilers.values()) + "; -march=x86-64-v3\n")
    table(results)
    growth(results)
    if arguments.save:
        if arguments.only or arguments.compiler:
            raise SystemExit("--save wants everything measured")
        with open(BASELINE, "w", encoding="utf-8") as file:
            json.dump({"machine": machine(), "compilers": compilers, "results": results}, file, indent=1)
            file.write("\n")
    return 1 if arguments.check and check(results, compilers) else 0


if __name__ == "__main__":
    sys.exit(main())
