#!/usr/bin/env python3
"""kiln beside TensorFlow 1.x graphs, JAX, PyTorch and ONNX Runtime: the same work, on the same numbers, in one run on one core.

    python3 benchmarks/frameworks/run.py             prints the table
    python3 benchmarks/frameworks/run.py --write     and writes docs/frameworks.md and docs/frameworks.json
    python3 benchmarks/frameworks/run.py --rounds 20 more rounds (9): the least time of all counts

Each framework comes from PyPI into a virtual environment of its own in the build folder (4 GB in all). Every round asks every process
for every kind of work, in random order, so that a slow moment hits every side. Results must agree before anything is timed.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import random
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "bench-release"
SIDES = {   # name: (the packages, what the table calls it)
    "kiln": ([], "kiln"),
    "tensorflow_1": (["tensorflow-cpu"], "TensorFlow 1.x graph"),
    "jax": (["jax"], "JAX"),
    "torch": (["torch", "numpy"], "PyTorch"),
    "onnxruntime": (["onnxruntime", "numpy"], "ONNX Runtime"),
}
KINDS = {   # name: (what it is, how far results may differ)
    "map": ("tanh(2x + 0.5) * 1.5 + x / (1 + x²), 100,000 floats", 1e-5),
    "softmax": ("softmax of 1024 rows of 1024", 1e-5),
    "inference": ("784-128-10 network, one sample", 1e-4),
    "mlp_step": ("784-128-10 network, training step, batch 64", 1e-4),
    "lenet_step": ("LeNet-5, training step, batch 64", 1e-4),
}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "KILN_THREADS": "1"}


def python_of(name):
    packages = SIDES[name][0]
    home = ROOT / "build" / f"{name}-venv"
    done = home / "installed"
    if not done.exists() or done.read_text() != " ".join(packages):
        print(f"installing {' '.join(packages)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        subprocess.run([home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], check=True)
        done.write_text(" ".join(packages))
    return home / "bin" / "python"


class Side:
    """One process; it tells its version and results, then times what it is asked for."""

    def __init__(self, name, folder, only=()):
        command = [BUILD / "benchmarks" / "kiln_side"] if name == "kiln" else [python_of(name), "-B", HERE / "rivals.py", name]
        self.process = subprocess.Popen([*command, folder, *only], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **ONE_THREAD}, preexec_fn=lambda: os.sched_setaffinity(0, {CORE}))
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{name} ended before it told its results")
        told = json.loads(line)
        self.version, self.results = told["version"], told["results"]

    def seconds(self, kind):
        print(kind, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def peak_megabytes(self):
        return int(re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def built():
    subprocess.run(["cmake", "--preset", "release", "-B", BUILD, "-DKILN_BUILD_TESTS=OFF", "-DKILN_BUILD_EXAMPLES=OFF"],
                   cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", BUILD, "--target", "kiln_side"], check=True, stdout=sys.stderr)
    folder = BUILD / "frameworks"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([BUILD / "benchmarks" / "kiln_side", folder, "--export"], check=True)
    return folder


def measured(rounds):
    folder = built()
    memory = {}
    for name in SIDES:
        if name == "onnxruntime":   # it trains nothing
            continue
        side = Side(name, folder, ["mlp_step"])
        side.seconds("mlp_step")
        memory[name] = side.peak_megabytes()
        side.close()
    sides = {name: Side(name, folder) for name in SIDES}
    for name, side in sides.items():
        for kind, result in side.results.items():
            want = sides["kiln"].results[kind]
            if abs(result - want) > KINDS[kind][1] * abs(want):
                sys.exit(f"{name} has another result of {kind}: {result}, kiln {want}")
    asked = [(name, kind) for name, side in sides.items() for kind in side.results]
    least = {}
    for number in range(rounds):
        random.shuffle(asked)
        for name, kind in asked:
            least.setdefault(kind, {})
            least[kind][name] = min(least[kind].get(name, float("inf")), sides[name].seconds(kind))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    versions = {name: side.version for name, side in sides.items()}
    for side in sides.values():
        side.close()
    return {"seconds": {kind: least[kind] for kind in KINDS}, "megabytes": memory, "versions": versions}


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", info)
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    return f"{model[1] if model else platform.processor()}, one core; {compiler}, -O2 -march=native; {platform.system()}, Python {platform.python_version()}"


def duration(seconds):
    return f"{seconds * 1e6:,.1f} us" if seconds < 1e-3 else f"{seconds * 1e3:,.2f} ms"


def table(found):
    names = list(SIDES)
    lines = ["| | " + " | ".join(f"{SIDES[n][1]} {found['versions'][n]}" for n in names) + " |", "|---|" + "---:|" * len(names)]
    for kind, times in found["seconds"].items():
        cells = []
        for n in names:
            if n not in times:
                cells.append("")
            elif n == "kiln":
                cells.append(duration(times[n]))
            else:
                cells.append(f"{duration(times[n])} ({times[n] / times['kiln']:.2f})")
        lines.append(f"| {KINDS[kind][0]} | " + " | ".join(cells) + " |")
    lines.append("| memory of the process that trains 784-128-10, at most | " +
                 " | ".join(f"{found['megabytes'][n]:,.1f} MB" if n in found["megabytes"] else "" for n in names) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="write docs/frameworks.md and .json")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    found = measured(given.rounds)
    print(table(found))
    if given.write:
        date = datetime.date.today().isoformat()
        (ROOT / "docs" / "frameworks.json").write_text(json.dumps({"date": date, "machine": machine(), **found}, indent=1) + "\n")
        (ROOT / "docs" / "frameworks.md").write_text(f"""# Beside the frameworks

Least time of a call, and in brackets how many times kiln's that is. Written by `python3 benchmarks/frameworks/run.py --write` on {date}.

{table(found)}

{machine()}. One thread. The same numbers go in, results agree to 1e-4 or better; all processes take turns in random order, each number is
the least of {given.rounds} rounds of 15. Frameworks are called as their documents advise for speed: a TensorFlow graph by
`Session.make_callable`, JAX by `jit` with donated weights, PyTorch eagerly with channels last, ONNX Runtime on the model that kiln
exports, with bound inputs and outputs. [kiln.cpp](../benchmarks/frameworks/kiln.cpp) and
[rivals.py](../benchmarks/frameworks/rivals.py) are all of it; raw numbers are in [frameworks.json](frameworks.json).
""")


CORE = max(os.sched_getaffinity(0))
if __name__ == "__main__":
    main()
