#!/usr/bin/env python3
"""NumPy and the safetensors package read what kiln writes, and kiln reads what they write: dtypes, shapes, elements.

The two packages come from PyPI into a virtual environment in the build folder, which later runs use again.
"""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "programs"))
import environment                                                # noqa: E402

environment.enter("interchange", ["numpy==2.4.6", "safetensors==0.8.0"])

import numpy as np                                                # noqa: E402
from safetensors import safe_open                                 # noqa: E402
from safetensors.numpy import load_file, save_file                # noqa: E402

TYPES = [np.dtype(t) for t in "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()]
SHAPES = {"cube": (2, 3, 4), "one": (), "nothing": (0, 3)}
failures = []


def array(dtype, shape):
    """As element_at in programs/interchange.cpp."""
    v = (7 * np.arange(int(np.prod(shape))) + 3) % 100
    if dtype.kind == "b":
        v = v % 3 == 0
    elif dtype.kind == "f":
        v = (v - 50) / 8
    elif dtype.kind == "i":
        v = v - 50
    return v.astype(dtype).reshape(shape)


def check(holds, what):
    if not holds:
        failures.append(what)


def same(came, expected):
    return came.dtype == expected.dtype and came.shape == expected.shape and np.array_equal(came, expected)


def arrays():
    return {f"{t}-{kind}": array(t, shape) for t in TYPES for kind, shape in SHAPES.items()}


def of_session():
    return {"layer/w": array(np.dtype("float32"), (2, 3)), "layer/b>-_.": array(np.dtype("float64"), ()),
            "n": array(np.dtype("int64"), (4,))}


def check_all(came, expected, what):
    check(set(came) == set(expected), f"{what}: {sorted(set(came) ^ set(expected))}")
    for name in set(came) & set(expected):
        check(same(came[name], expected[name]), f"{what}: {name}")


def read(folder):
    for name, expected in arrays().items():
        check(same(np.load(folder / f"{name}.npy", allow_pickle=False), expected), f"{name}.npy")
    for name in ("plain", "packed"):
        with np.load(folder / f"{name}.npz", allow_pickle=False) as archive:
            check_all(archive, arrays(), f"{name}.npz")
    check(len(np.load(folder / "empty.npz").files) == 0, "empty.npz")
    check_all(load_file(folder / "all.safetensors"), arrays(), "all.safetensors")
    check(load_file(folder / "empty.safetensors") == {}, "empty.safetensors")
    with safe_open(folder / "all.safetensors", framework="np") as file:
        check(file.metadata() == {"who": "kiln"}, "metadata")
    check_all(load_file(folder / "session.safetensors"), of_session(), "session.safetensors")
    with safe_open(folder / "session.safetensors", framework="np") as file:
        check(set(file.metadata()) == {"kiln_version", "kiln_graph"}, "metadata of a session")


def write(folder):
    for t in TYPES:
        cube = array(t, SHAPES["cube"])
        np.save(folder / f"{t}-c.npy", cube)
        np.save(folder / f"{t}-f.npy", np.asfortranarray(cube))
        np.save(folder / f"{t}-big.npy", cube.astype(t.newbyteorder(">")))
        np.save(folder / f"{t}-one.npy", array(t, ()))
        np.save(folder / f"{t}-nothing.npy", array(t, SHAPES["nothing"]))
        for major in (2, 3):
            with open(folder / f"{t}-v{major}.npy", "wb") as file:
                np.lib.format.write_array(file, cube, version=(major, 0))
    np.savez(folder / "plain.npz", **arrays())
    np.savez_compressed(folder / "packed.npz", **arrays())
    np.savez(folder / "empty.npz")
    save_file(arrays(), folder / "all.safetensors", {"who": "python"})
    save_file(of_session(), folder / "session.safetensors")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        program = environment.build("interchange", scratch, ["-lz", "-lzip"])
        for name in ("from-kiln", "from-python"):
            (scratch / name).mkdir()
        subprocess.run([program, "write", scratch / "from-kiln"], check=True)
        read(scratch / "from-kiln")
        write(scratch / "from-python")
        if subprocess.run([program, "read", scratch / "from-python"]).returncode != 0:
            failures.append("kiln does not read what Python wrote")
    print("\n".join(failures + [f"{len(TYPES)} dtypes, {len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
