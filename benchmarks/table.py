#!/usr/bin/env python3
"""Prints results of Google Benchmark (JSON) as a table: kiln's time over that of each rival, by the least repetition.

A benchmark NAME/kiln/ARGS is compared with every NAME/rival_WHO/ARGS. Below 1: kiln is faster.
"""
import argparse
import json
import os
import re


def least_times(paths):
    """name -> (least time of all repetitions in ns, its entry): of the processor, so that other programs disturb less,
    and of the clock where a benchmark asks for it (/real_time: threads)"""
    unit = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
    times = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if not text.strip():
            continue            # the filter matched nothing in this program
        for entry in json.loads(text)["benchmarks"]:
            if entry.get("run_type") == "aggregate" or entry.get("error_occurred"):
                continue
            clock = "real_time" if "/real_time" in entry["name"] else "cpu_time"
            time = entry[clock] * unit[entry["time_unit"]]
            # what an option of Google Benchmark adds is no part of the name
            name = re.sub(r"/(repeats|min_time|iterations|threads):[^/]*|/(real_time|process_time|manual_time)", "",
                          entry["name"])
            if name not in times or time < times[name][0]:
                times[name] = (time, entry)
    return times


def pretty(ns):
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def rows(times):
    lonely = []
    for name, (time, entry) in times.items():
        parts = name.split("/")
        if "kiln" not in parts:
            continue
        at = parts.index("kiln")
        rivals = [other for other in times if (o := other.split("/"))[:at] == parts[:at] and len(o) == len(parts)
                  and o[at].startswith("rival_") and o[at + 1:] == parts[at + 1:]]
        label = "/".join(parts[:at] + parts[at + 1:])
        extra = ""
        if "items_per_second" in entry:
            extra = f"{entry['items_per_second'] / 1e9:.3g} G/s"
        if "bytes_per_second" in entry:
            extra = (extra + ", " if extra else "") + f"{entry['bytes_per_second'] / 1e9:.3g} GB/s"
        if not rivals:
            lonely.append([label, pretty(time), "", "", "", extra])
        for rival in rivals:
            yield [label, pretty(time), rival.split("/")[at][len("rival_"):], pretty(times[rival][0]),
                   f"{time / times[rival][0]:.2f}", extra]
    yield from lonely


def natural(row):
    """Sorts 1000 before 10000, and by name before that."""
    return [(int(word) if word.isdigit() else -1, word) for word in re.split(r"(\d+)", row[0])], row[2]


def build_of(folder):
    """The compiler and its flags, as the build folder remembers them."""
    cache = {}
    with open(os.path.join(folder, "CMakeCache.txt"), encoding="utf-8") as file:
        for line in file:
            match = re.match(r"([A-Za-z_]+):[A-Z]+=(.*)", line)
            if match:
                cache[match[1]] = match[2]
    flags = (cache.get("CMAKE_CXX_FLAGS", "") + " " + cache.get("CMAKE_CXX_FLAGS_RELEASE", "")).strip()
    return f"{cache.get('CMAKE_CXX_COMPILER', '?')} {flags} -march=native"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", help="the build folder, to name compiler and flags")
    parser.add_argument("json", nargs="+")
    arguments = parser.parse_args()

    machine = "unknown"
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            machine = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), machine)
    print(f"{machine}, {os.cpu_count()} cores" + (f"; {build_of(arguments.build)}" if arguments.build else "") + "\n")

    head = ["benchmark", "kiln", "rival", "its time", "kiln / rival", "kiln's rate"]
    table = [head, *sorted(rows(least_times(arguments.json)), key=natural)]
    width = [max(len(row[i]) for row in table) for i in range(len(head))]
    for number, row in enumerate(table):
        print("| " + " | ".join(cell.ljust(width[i]) for i, cell in enumerate(row)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (w + 2) for w in width) + "|")


if __name__ == "__main__":
    main()
