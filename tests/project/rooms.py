#!/usr/bin/env python3
"""The rooms of include/kiln stand in one order, and each includes only what stands before it.

A header directly in include/kiln (kiln.hpp, and what else is for users to include) may include any room; no room
includes such a header, except the ones named in FOUNDATION.
"""
import os
import re
import sys

ORDER = ["core", "graph", "ops", "passes", "plan", "backend", "expr", "run", "nn", "io"]
SYMBOLIC = ORDER[:ORDER.index("backend")]
NOT_FOR = {("io", "nn"), ("nn", "io")}                      # side by side: (room, what it must not include)
SIDE_BY_SIDE = ["backend/constant", "backend/cpu", "backend/cuda"]
FOUNDATION = {"version.hpp", "fwd.hpp"}
HEAVY = {"complex", "iostream", "functional", "regex"}       # not in the symbolic rooms: they cost compile time
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')


def includes_of(root):
    """path relative to include/kiln -> list of (line, what), where what is such a path or a foreign header's name."""
    found = {}
    for folder, _, files in os.walk(os.path.join(root, "include", "kiln")):
        for name in files:
            if not name.endswith((".hpp", ".cuh", ".inl")):
                continue
            full = os.path.join(folder, name)
            path = os.path.relpath(full, os.path.join(root, "include", "kiln"))
            lines = found[path] = []
            with open(full, encoding="utf-8") as file:
                for number, text in enumerate(file, 1):
                    match = INCLUDE.match(text)
                    if not match:
                        continue
                    what = match[1] or match[2]
                    beside = os.path.normpath(os.path.join(os.path.dirname(path), what))
                    if what.startswith("kiln/"):
                        lines.append((number, os.path.normpath(what[len("kiln/"):])))
                    elif match[2] and os.path.exists(os.path.join(root, "include", "kiln", beside)):
                        lines.append((number, beside))
                    else:
                        lines.append((number, "<" + what + ">"))
    return found


def room_of(path):
    return path.split("/")[0] if "/" in path else None


def findings(includes):
    """Sentences about what is wrong with `includes`, as includes_of gives it."""
    for path, lines in sorted(includes.items()):
        room = room_of(path)
        if room is not None and room not in ORDER:
            yield f"{path}: no room is called {room}"
            continue
        for number, what in lines:
            where = f"include/kiln/{path}:{number}"
            if what.startswith("<"):
                foreign = what[1:-1]
                if room in SYMBOLIC and (foreign in HEAVY or foreign.startswith("Eigen/")):
                    yield f"{where}: {room} does without <{foreign}>, for its compile time"
                continue
            if what not in includes:
                yield f"{where}: includes kiln/{what}, which is not there"
                continue
            other = room_of(what)
            if "detail" in what.split("/")[:-1]:
                owner = what[:what.index("detail/")]
                if not path.startswith(owner):
                    yield f"{where}: {what} is private to {owner or 'the top folder'}"
            if room is None:
                continue
            if other is None:
                if what not in FOUNDATION:
                    yield f"{where}: a room does not include {what}, which stands above all rooms"
                continue
            if other not in ORDER:
                continue
            if ORDER.index(other) > ORDER.index(room) or (room, other) in NOT_FOR:
                yield f"{where}: {room} stands before {other} (or beside it) and must not include it"
            mine = next((s for s in SIDE_BY_SIDE if path.startswith(s + "/")), None)
            its = next((s for s in SIDE_BY_SIDE if what.startswith(s + "/")), None)
            if mine and its and mine != its:
                yield f"{where}: {mine} and {its} stand side by side"

    reached, todo = set(), ["kiln.hpp"]
    while todo:
        path = todo.pop()
        if path in reached or path not in includes:
            continue
        reached.add(path)
        for number, what in includes[path]:
            if what.startswith("<Eigen/"):
                yield f"include/kiln/{path}:{number}: kiln.hpp reaches {what}, which costs seconds"
            todo.append(what)


def self_test():
    """The test itself has to find each kind of mistake."""
    sound = {"kiln.hpp": [(1, "core/a.hpp"), (2, "run/b.hpp")], "core/a.hpp": [(1, "<cstdint>")],
             "run/b.hpp": [(1, "core/a.hpp"), (2, "backend/cpu/c.hpp")], "backend/cpu/c.hpp": [(1, "<immintrin.h>")]}
    assert not list(findings(sound)), list(findings(sound))
    for path, what in [("core/a.hpp", "run/b.hpp"), ("core/a.hpp", "<regex>"), ("core/a.hpp", "<Eigen/Core>"),
                       ("run/b.hpp", "<Eigen/Core>"), ("nn/n.hpp", "io/i.hpp"),
                       ("run/b.hpp", "kiln.hpp"), ("cellar/x.hpp", "core/a.hpp"), ("core/a.hpp", "core/no.hpp"),
                       ("run/b.hpp", "backend/cpu/detail/d.hpp"), ("backend/constant/e.hpp", "backend/cpu/c.hpp")]:
        wrong = {"nn/n.hpp": [], "io/i.hpp": [], "backend/cpu/detail/d.hpp": [], "backend/constant/e.hpp": [], **sound}
        wrong[path] = [(7, what)]
        said = list(findings(wrong))
        assert said, (path, what)


def main():
    self_test()
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    includes = includes_of(root)
    said = list(findings(includes))
    print("\n".join(said + [f"{len(includes)} headers, {len(said)} findings"]))
    return 1 if said or not includes else 0


if __name__ == "__main__":
    sys.exit(main())
