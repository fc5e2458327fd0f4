#!/usr/bin/env python3
"""What the pages of docs/ quote is what the project has: each listing stands in its file as quoted, each output is what
the program prints, and of the tutorial's programs nothing is left out.

A quote is a fenced block behind one of these comments:

    <!-- quote examples/tutorial/symbols.cpp [eval] -->        the lines between `// [eval]` and `// [/eval]`
    <!-- output examples/tutorial/symbols.cpp 2-3 -->          lines 2 and 3 of what the program prints
    <!-- quote examples/tutorial/symbols.cpp [eval] beside --> the same, and the Python block before it stands beside it in the
                                                              table between <!-- beside --> and <!-- /beside -->; it may not be longer
    <!-- output docs/dumps/training_step.cpp [fused] -->       what it prints between a line `[fused]` and the next such line

    tests/docs/quotes.py [--update]      --update writes the quotes anew
"""
import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS_QUOTED_IN_FULL = "examples/tutorial"
QUOTE = re.compile(r"^<!-- (quote|output) (\S+) (?:\[([\w-]+)\]|(\d+)-(\d+))( beside)? -->\n(\n?```\w*\n)(.*?)^```$", re.M | re.S)

build = pathlib.Path(os.environ.get("KILN_BINARY_DIR", ROOT / "build"))
scratch = tempfile.TemporaryDirectory()
failures, listings, outputs, printed = [], {}, {}, {}


def listing(path, name):
    text = (ROOT / path).read_text()
    found = re.search(rf"^[ \t]*// \[{name}\]\n(.*?)^[ \t]*// \[/{name}\]$", text, re.M | re.S)
    if not found:
        raise LookupError(f"{path} has no lines between // [{name}] and // [/{name}]")
    listings.setdefault(path, set()).add(name)
    return textwrap.dedent(found[1])


def built(path):
    """The program that the build made of this file, or one made now where that is missing or older."""
    source = ROOT / path
    program = build / "examples" / "_".join(source.relative_to(ROOT / "examples").with_suffix("").parts) \
        if path.startswith("examples/") else None
    if program and program.exists() and program.stat().st_mtime >= source.stat().st_mtime:
        return program
    program = pathlib.Path(scratch.name) / source.stem
    subprocess.run([os.environ.get("KILN_CXX", "g++"), "-std=c++20", "-O1", "-march=native", f"-I{ROOT / 'include'}",
                    str(source), "-o", str(program), "-pthread", "-lpng", "-lzip", "-lz"], check=True)
    return program


def output(path, section, first, last):
    if path not in printed:
        printed[path] = ""
        printed[path] = subprocess.run([built(path)], check=True, capture_output=True, text=True, cwd=scratch.name).stdout
    if section:
        found = re.search(rf"^\[{section}\]\n(.*?)(?=^\[[\w-]+\]$|\Z)", printed[path], re.M | re.S)
        if not found:
            raise LookupError(f"{path} prints no line [{section}]")
        return found[1]
    lines = printed[path].splitlines(keepends=True)
    if last > len(lines):
        raise LookupError(f"{path} prints {len(lines)} lines")
    outputs.setdefault(path, set()).update(range(first, last + 1))
    return "".join(lines[first - 1:last])


def current(match):
    """The quote as it has to be."""
    kind, path, name, first, last, _, _, text = match.groups()
    try:
        wanted = listing(path, name) if kind == "quote" else output(path, name, int(first or 0), int(last or 0))
    except (LookupError, OSError, subprocess.CalledProcessError) as reason:
        failures.append(str(reason))
        return match[0]
    if wanted != text:
        failures.append(f"{kind} {path} {name or first + '-' + last}: quoted\n{text}but it is\n{wanted}")
    return match[0][:match.start(8) - match.start(0)] + wanted + "```"


BODY = r"((?:(?!```)[^\n]*\n)*)"
BESIDE = re.compile(rf"^```python\n{BODY}```\n+<!-- quote (\S+) \[([\w-]+)\] beside -->\n\n?```cpp\n{BODY}```$", re.M)
TABLE = re.compile(r"^<!-- beside -->\n(.*?)^<!-- /beside -->$", re.M | re.S)


def beside(text):
    """The page with its table of listings side by side as it has to be."""
    def lines(code):
        return sum(1 for line in code.splitlines() if line.strip())

    def cell(code):
        return f"<td><pre>{html.escape(code.rstrip(), quote=False)}</pre></td>"

    found = TABLE.search(text)
    if not found:
        return text
    rows = ["<table>", "<tr><th>Python</th><th>kiln</th><th>lines</th></tr>"]
    sums = [0, 0]
    pairs = BESIDE.findall(text)
    if len(pairs) != text.count("] beside -->"):
        failures.append("a listing has no Python right before it to stand beside")
    for python, path, name, ours in pairs:
        if lines(ours) > lines(python):
            failures.append(f"{path} [{name}] is longer than the Python beside it")
        sums = [sums[0] + lines(python), sums[1] + lines(ours)]
        rows.append(f"<tr>{cell(python)}{cell(ours)}<td>{lines(python)} : {lines(ours)}</td></tr>")
    rows += [f"<tr><td></td><td></td><td>{sums[0]} : {sums[1]}</td></tr>", "</table>", ""]
    wanted = "\n".join(rows)
    if wanted != found[1]:
        failures.append(f"the table of listings: quoted\n{found[1]}but it is\n{wanted}")
    return text[:found.start(1)] + wanted + text[found.end(1):]


def main():
    global failures
    pages = sorted(ROOT.glob("docs/**/*.md"))
    for page in pages:
        before = len(failures)
        text = page.read_text()
        new = beside(QUOTE.sub(current, text))
        if text.count("<!-- quote ") + text.count("<!-- output ") != len(QUOTE.findall(text)):
            failures.append("a quote has no fenced block behind it, or is no quote")
        failures[before:] = [f"{page.relative_to(ROOT)}: {f}" for f in failures[before:]]
        if "--update" in sys.argv and new != text:
            page.write_text(new)
    for source in sorted((ROOT / PROGRAMS_QUOTED_IN_FULL).glob("*.cpp")):
        path = str(source.relative_to(ROOT))
        for name in re.findall(r"^[ \t]*// \[([\w-]+)\]$", source.read_text(), re.M):
            if name not in listings.get(path, ()):
                failures.append(f"{path}: [{name}] is quoted nowhere")
        if path in printed:
            for k in range(1, printed[path].count("\n") + 1):
                if k not in outputs.get(path, ()):
                    failures.append(f"{path}: line {k} of its output is quoted nowhere")
        else:
            failures.append(f"{path}: its output is quoted nowhere")
    if "--update" in sys.argv:
        failures = [f for f in failures if ": quoted\n" not in f]
    for f in failures:
        print(f)
    print(f"{len(pages)} pages, {len(failures) or 'no'} wrong quotes")
    return 1 if failures else 0


sys.exit(main())
