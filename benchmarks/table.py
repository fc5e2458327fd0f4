#!/usr/bin/env python3
"""Prints results of Google Benchmark (JSON) as a table: kiln's time over that of each rival, by the least repetition.

A benchmark NAME/kiln/SIZE is compared with every NAME/rival_WHO/SIZE. Below 1: kiln is faster. bars.txt says what is asked for; the
rows that miss it come first. "of limit" is the time that the roofline of this run allows, over kiln's.
"""
import argparse
import datetime
import fnmatch
import json
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def least_times(paths):
    """name -> (least time of all repetitions in ns, its entry): of the processor, so that other programs disturb less,
    and of the clock where a benchmark asks for it (/real_time: threads)"""
    times = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if not text.strip():
            continue            # the filter matched nothing in this program
        for entry in json.loads(text)["benchmarks"]:
            if entry.get("run_type") == "aggregate" or entry.get("error_occurred"):
                continue
            time = entry["real_time" if "/real_time" in entry["name"] else "cpu_time"] * UNITS[entry["time_unit"]]
            # what an option of Google Benchmark adds is no part of the name
            name = re.sub(r"/(repeats|min_time|iterations|threads):[^/]*|/(real_time|process_time|manual_time)", "", entry["name"])
            if name not in times or time < times[name][0]:
                times[name] = (time, entry)
    return times


class Roofline:
    """Operations and bytes in a nanosecond, from the rows of roofline.cpp."""

    def __init__(self, times):
        rate = lambda name, counter: times[name][1][counter] / times[name][0] if name in times else None
        self.flops = [rate("roofline/float", "flops"), rate("roofline/double", "flops")]
        self.levels = []        # of the memory: bytes that fit, bytes in a nanosecond
        for level, part in (("L1", 4 / 3), ("L2", 2), ("L3", 4), ("memory", None)):   # roofline.cpp uses this part of a level
            rates = [rate(f"roofline/{kind}_{level}", "bytes") for kind in ("read", "copy")]
            if None not in rates:
                size = times[f"roofline/read_{level}"][1]["bytes"]
                self.levels.append((level, size * part if part else float("inf"), max(rates)))

    def share(self, time, entry):
        """What the operations or the bytes of this row need at least, over its time. Of what is larger than a level, as much as
        the level holds may still be there at the next call."""
        peak = self.flops[int(entry.get("in_double", 0))]
        if peak is None or not self.levels or "flops" not in entry:
            return None
        least, held = 0, 0
        for _, size, rate in self.levels:
            least += max(0, min(entry["bytes"], size) - held) / rate
            held = size
        return max(entry["flops"] / peak, least) / time

    def __str__(self):
        if None in self.flops or not self.levels:
            return ""
        memory = ", ".join(f"{level} {rate:.0f}" for level, _, rate in self.levels)
        return f"one core: {self.flops[0]:.0f} GFLOP/s in float, {self.flops[1]:.0f} in double; GB/s: {memory}"


def read_bars():
    with open(os.path.join(HERE, "bars.txt"), encoding="utf-8") as file:
        return [(p, rival, float(bar)) for p, rival, bar in (line.split() for line in file if line.strip() and line[0] != "#")]


def bar_of(bars, label, rival):
    return next((bar for pattern, who, bar in bars if who == rival and fnmatch.fnmatchcase(label, pattern)), None)


def rows(times, limits):
    """{"row", "rival", "kiln_ns", "rival_ns", "ratio", "bar", "limit"} for each row and rival."""
    bars = read_bars()
    for name, (time, entry) in times.items():
        parts = name.split("/")
        if len(parts) < 3 or parts[1] != "kiln":
            continue
        what, size = parts[0], "/".join(parts[2:])
        label, start, end = f"{what}/{size}", f"{what}/rival_", f"/{size}"
        found = {other[len(start):-len(end)]: t for other, (t, _) in times.items() if other.startswith(start) and other.endswith(end)}
        for together in {who for _, who, _ in bars if "|" in who and bar_of(bars, label, who)}:
            members = [who for who in together.split("|") if who in found]
            if len(members) > 1:
                found[together] = min(found[who] for who in members)
            elif members and bar_of(bars, label, members[0]) is None:
                found[together] = found[members[0]]
        share = limits.share(time, entry)
        row = {"row": label, "kiln_ns": time, "limit": share}
        for who, rival in found.items():
            yield row | {"rival": who, "rival_ns": rival, "ratio": time / rival, "bar": bar_of(bars, label, who)}
        peak = bar_of(bars, label, "peak")
        if peak is not None and share is not None:
            yield row | {"rival": "peak", "rival_ns": time * share, "ratio": 1 / share, "bar": 1 / peak}
        elif not found:
            yield row | {"rival": "", "rival_ns": None, "ratio": None, "bar": None}


def pretty(ns):
    if ns is None:
        return ""
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def missed(row):
    return row["bar"] is not None and row["ratio"] > row["bar"]


def natural(row):
    """Sorts 1000 before 10000, and by name before that."""
    return [(int(word) if word.isdigit() else -1, word) for word in re.split(r"(\d+)", row["row"])], row["rival"]


def table(some):
    cells = [["benchmark", "kiln", "rival", "its time", "kiln / rival", "bar", "of limit"]]
    for row in some:
        number = lambda key, form: "" if row[key] is None else form.format(row[key])
        cells.append([row["row"], pretty(row["kiln_ns"]), row["rival"].replace("|", " or "), pretty(row["rival_ns"]),
                      number("ratio", "{:.2f}"), number("bar", "{:.2f}"), number("limit", "{:.0%}")])
    width = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    lines = ["| " + " | ".join(cell.ljust(width[i]) for i, cell in enumerate(line)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in width) + "|")
    return "\n".join(lines)


def cache_of(folder):
    """What the build folder remembers."""
    cache = {}
    with open(os.path.join(folder, "CMakeCache.txt"), encoding="utf-8") as file:
        for line in file:
            match = re.match(r"([A-Za-z_]+):[A-Z]+=(.*)", line)
            if match:
                cache[match[1]] = match[2]
    return cache


def build_of(cache):
    """The compiler, its version and its flags."""
    compiler = cache.get("CMAKE_CXX_COMPILER", "c++")
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False).stdout.split("\n")[0]
    flags = (cache.get("CMAKE_CXX_FLAGS", "") + " " + cache.get("CMAKE_CXX_FLAGS_RELEASE", "")).strip()
    return f"{version}, {flags} -march={cache.get('KILN_BENCH_MARCH', 'native')}"


def instructions(cache):
    """The widest instruction set that kiln and what is written by hand are compiled for."""
    asked = [cache.get("CMAKE_CXX_COMPILER", "c++"), f"-march={cache.get('KILN_BENCH_MARCH', 'native')}", "-dM", "-E", "-x", "c++", "/dev/null"]
    macros = set(re.findall(r"#define (\w+)", subprocess.run(asked, capture_output=True, text=True, check=True).stdout))
    for name, needs in (("AVX-512", {"__AVX512F__", "__AVX512DQ__", "__AVX512VL__"}), ("AVX2 with FMA", {"__AVX2__", "__FMA__"})):
        if needs <= macros:
            return f"{name}: kiln, what is written by hand, Eigen"
    return "neither AVX-512 nor AVX2 with FMA: kiln and Eigen with less, nothing is written by hand"


def versions_of(packages):
    """What the package manager knows of the rivals."""
    found = []
    for package in packages:
        try:
            query = subprocess.run(["dpkg-query", "-W", "-f=${source:Upstream-Version}", package], capture_output=True, text=True, check=False)
        except OSError:
            break
        if query.returncode == 0 and query.stdout:
            found.append(f"{package.removeprefix('lib').removesuffix('-dev')} {query.stdout}")
    return ", ".join(found)


def machine():
    name = "unknown"
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            fields = dict([field.strip() for field in line.split(":", 1)] for line in file if ":" in line)
        name = f"{fields.get('model name', name)} (family {fields.get('cpu family', '?')}, model {fields.get('model', '?')})"
    return f"{name}, {os.cpu_count()} cores"


def facts(arguments, limits):
    yield "machine", machine()
    yield "limits", str(limits)
    cache = cache_of(arguments.build)
    yield "compiler", build_of(cache)
    yield "instructions", instructions(cache)
    told = "" if instructions(cache).startswith("AVX-512") else "; those that choose their instructions at run time take AVX2 at most"
    yield "rivals", versions_of(["libeigen3-dev", "libopenblas-dev", "libdnnl-dev", "libtorch-dev"]) + told
    yield "date", datetime.date.today().isoformat()
    yield "measured", (f"least of {arguments.repetitions} repetitions of at least 20 ms, in {arguments.processes} processes, kiln and its rivals of a program in random order, one "
                       "thread on one core (rows with two_threads: two); time of the processor, of the clock with two threads")
    load = os.getloadavg()[1]   # these programs themselves keep one core busy
    if load > 1.5:
        yield "disturbed", f"other programs ran (load average {load:.1f}): rows of two threads and beyond the caches say little"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="the build folder, to name compiler and flags")
    parser.add_argument("--repetitions", default="?", help="how often each was measured, to say so")
    parser.add_argument("--processes", default="?", help="in how many, likewise")
    parser.add_argument("--write", help="folder that gets performance.md and performance.json, or performance_avx512 where the programs use that")
    parser.add_argument("json", nargs="+")
    arguments = parser.parse_args()

    times = least_times(arguments.json)
    limits = Roofline(times)
    all_rows = sorted(rows(times, limits), key=natural)
    behind = sorted(filter(missed, all_rows), key=lambda row: -row["ratio"] / row["bar"])
    others = [row for row in all_rows if not missed(row)]
    with_bar = sum(row["bar"] is not None for row in all_rows)
    known = [(what, fact) for what, fact in facts(arguments, limits) if fact]
    text = "\n".join(f"{what}: {fact}" for what, fact in known) + "\n"
    text += f"\nBehind their bar ({len(behind)} of {with_bar}), the worst first:\n\n{table(behind)}\n" if behind else "\nAll rows reach their bar.\n"
    text += f"\nThe others:\n\n{table(others)}\n"
    print(text)

    if arguments.write:
        avx512 = instructions(cache_of(arguments.build)).startswith("AVX-512")
        page, beside = ("performance_avx512", "performance") if avx512 else ("performance", "performance_avx512")
        head = (f"# Performance{' with AVX-512' if avx512 else ''}\n\nkiln against the same work written by hand with AVX-512 or AVX2 for one size "
                "([benchmarks/rivals](../benchmarks/rivals)) and against libraries, by `bash benchmarks/run.sh --write`. \"kiln / rival\" is a ratio "
                "of times: below 1 kiln is faster. \"bar\" is what kiln is meant to reach, \"of limit\" which share of the "
                "arithmetic or the memory bandwidth of this machine it reaches. Only the ratios mean something on another machine.\n\n")
        if os.path.exists(os.path.join(arguments.write, f"{beside}.md")):
            head += f"Another run, {'without' if avx512 else 'with'} AVX-512, is [beside it]({beside}.md).\n\n"
        with open(os.path.join(arguments.write, f"{page}.md"), "w", encoding="utf-8") as file:
            file.write(head + re.sub(r"(?m)^(machine|limits|compiler|instructions|rivals|date|measured|disturbed): ", r"- \1: ", text))
        short = [{key: float(f"{v:.4g}") if isinstance(v, float) else v for key, v in row.items() if v is not None} for row in all_rows]
        with open(os.path.join(arguments.write, f"{page}.json"), "w", encoding="utf-8") as file:
            lines = ",\n".join("    " + json.dumps(row) for row in short)
            file.write("{\n" + "".join(f"  {json.dumps(what)}: {json.dumps(fact)},\n" for what, fact in known) + f'  "rows": [\n{lines}\n  ]\n}}\n')


if __name__ == "__main__":
    main()
