#!/usr/bin/env python3
"""The harness must not nod everything through: each case below has a fault that check.py must name."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from check import complaints  # noqa: E402

FAILS = """
#ifdef KILN_SHOULD_FAIL
static_assert(false, "one two three");
#endif
"""

# name: (text of the file, what the harness has to say; nothing where the pair is right)
CASES = {
    "right": ("// first: one two\n// expect: three\n// max-lines: 15" + FAILS, None),
    "other words": ("// expect: four" + FAILS, "no line matches: four"),
    "one of two words": ("// expect: one\n// expect: four" + FAILS, "no line matches: four"),
    "words in a later error": ("// first: second" + FAILS + FAILS.replace("one two three", "second"),
                               "the first error line does not match: second"),
    "too long": ("// expect: one\n// max-lines: 0" + FAILS, "lines, at most 0 are allowed"),
    "no promise": (FAILS, "promises no words"),
    "plain build fails": ("// expect: one\nint x = \"\";" + FAILS, "does not build without KILN_SHOULD_FAIL"),
    "plain build warns": ("// expect: one\n#warning loud" + FAILS, "not silently"),
    "switch does nothing": ("// expect: one\nint x;", "builds with KILN_SHOULD_FAIL"),
    "for the other compiler": ("// expect: one\n// expect[{other}]: four" + FAILS, None),
    "for this compiler": ("// expect: one\n// expect[{this}]: four" + FAILS, "no line matches: four"),
}


def main():
    compilers = [c for c in (os.environ.get("KILN_GXX") or "g++", os.environ.get("KILN_CLANGXX")) if c]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for compiler in compilers:
            this, other = ("clang", "g++") if "clang" in os.path.basename(compiler) else ("g++", "clang")
            for name, (text, wanted) in CASES.items():
                path = os.path.join(folder, "pair.cpp")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text.replace("{this}", this).replace("{other}", other))
                said = [sentence for sentence, _, _ in complaints(compiler, [], path)]
                right = not said if wanted is None else len(said) == 1 and wanted in said[0]
                if not right:
                    bad += 1
                    print(f"{compiler}: '{name}': wanted {wanted!r}, the harness said {said}")
    print(f"{len(CASES)} cases, {len(compilers)} compilers, {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
