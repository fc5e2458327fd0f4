#!/usr/bin/env python3
"""ONNX's checker accepts the models that kiln writes, and ONNX Runtime computes with them what kiln computes."""
import collections
import math
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "programs"))
import environment                                                # noqa: E402

environment.enter("onnx", ["onnx==1.23.2", "onnxruntime==1.32.0", "numpy==2.4.6"])
sys.path.remove(str(pathlib.Path(__file__).resolve().parent))     # this file has the name of the package

import numpy as np                                                # noqa: E402
import onnx                                                       # noqa: E402
import onnx.reference.op_run                                           # noqa: E402
import onnxruntime                                                # noqa: E402

NO_KERNELS = {"rare_of_float64"}   # ONNX's own interpreter runs these
# What models are to be made of.
OPERATIONS = {
    "net_conv": {"Conv": 1, "ConvTranspose": 1},
    "net_conv_same_strides": {"Conv": 1, "ConvTranspose": 1},
    "net_conv_dilations_padding": {"Conv": 1, "ConvTranspose": 1},
    "net_conv_flipped": {"Conv": 0, "ConvTranspose": 0},
    "net_conv_first": {"Conv": 1, "ConvTranspose": 1},
    "net_conv_groups": {"Conv": 1},
    "net_conv_back": {"Conv": 1, "ConvTranspose": 1},
    "net_conv_double": {"Conv": 0, "ConvTranspose": 0},
    "net_conv_3d": {"Conv": 1, "ConvTranspose": 1},
    "net_max_pool": {"MaxPool": 1},
    "net_max_pool_same": {"MaxPool": 1},
    "net_max_pool_first": {"MaxPool": 1, "Gather": 0},
    "max_pool_int32": {"MaxPool": 0},
    "net_avg_pool": {"AveragePool": 1},
    "net_avg_pool_same": {"AveragePool": 1},
    "net_avg_pool_padding": {"AveragePool": 1},
    "net_lenet": {"Conv": 2, "MaxPool": 2, "MatMul": 2, "Relu": 3, "Gather": 0, "Expand": 0},
    "net_lenet_gradients": {"Conv": 2, "ConvTranspose": 1, "MaxPool": 2},
    "net_mlp": {"MatMul": 6, "Tanh": 1},
    "cond": {"If": 5},
    "sections": {"Slice": 7, "Pad": 6},
}
NAMES = {"net_mlp": ["x", "labels"], "net_lenet": ["images"], "names": ["Placeholder", "multiply"]}
failures = []


class Erf(onnx.reference.op_run.OpRun):
    """ONNX's own has seven digits."""
    def _run(self, x):
        return (np.vectorize(math.erf)(x).astype(x.dtype),)


def check(holds, what):
    if not holds:
        failures.append(what)


def runner(path, model):
    if path.stem in NO_KERNELS:
        return onnx.reference.ReferenceEvaluator(model, new_ops=[Erf])
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def same(came, expected, name):
    """Within 1e-5, of a double 1e-12; for networks as parts of the largest element. Near 0 errors count as those of 0.1, of
    functions that keep their digits there as those of 0.001."""
    if came.dtype != expected.dtype or came.shape != expected.shape:
        return f"{came.dtype} {came.shape} for {expected.dtype} {expected.shape}"
    if expected.dtype.kind != "f":
        near = came == expected
    else:
        relative = 1e-5 if expected.dtype == np.float32 else 1e-12
        rest = np.abs(expected).max(initial=0) if name.startswith("net") else 1e-3 if name.startswith("functions") else 0.1
        scale = np.abs(expected) + rest
        with np.errstate(invalid="ignore"):
            near = (came == expected) | (np.isnan(came) & np.isnan(expected)) | (np.abs(came - expected) <= relative * scale)
    if near.all():
        return ""
    at = tuple(int(k) for k in np.argwhere(~near)[0])
    return f"{int((~near).sum())} of {near.size} differ: {came[at]!r} for {expected[at]!r} at {at}"


def operations(graph):
    counts = collections.Counter()
    for node in graph.node:
        counts[node.op_type] += 1
        for a in node.attribute:
            if a.type == onnx.AttributeProto.GRAPH:
                counts.update(operations(a.g))
    return counts


def look_at(path, folder):
    """Checks one model; how many outputs were compared."""
    name = path.stem
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    check((model.producer_name, model.ir_version, model.opset_import[0].version) == ("kiln", 8, 17), f"{name}: the head")
    found = operations(model.graph)
    for operation, n in OPERATIONS.get(name, {}).items():
        check(found[operation] == n, f"{name}: {found[operation]} {operation}, expected {n}")
    run = runner(path, model)
    inputs = [i.name for i in model.graph.input]
    outputs = [o.name for o in model.graph.output]
    check(inputs == NAMES.get(name, inputs), f"{name}: {inputs}")
    check(outputs == [f"output_{k}" for k in range(len(outputs))], f"{name}: {outputs}")
    n_outputs = 0
    calls = sorted(folder.glob(f"{name}-*.npz"))
    check(calls, f"{name}: no calls")
    for call in calls:
        arrays = np.load(call)
        with np.errstate(all="ignore"):
            came = [np.asarray(c) for c in run.run(None, {key: arrays[f"in_{k}"] for k, key in enumerate(inputs)})]
        if name == "random":
            check_random(came[1:])
            came = came[:1]
        for k, c in enumerate(came):
            said = same(c, arrays[f"out_{k}"], name)
            check(not said, f"{call.stem}: output {k}: {said}")
        n_outputs += len(came)
    return n_outputs


def check_random(came):
    """Uniform from 2 to 5, and normal of mean 1 and deviation 0.5; the bounds are six deviations wide."""
    uniform, normal = came
    check(uniform.dtype == np.float32 and uniform.shape == (1000, 3) and uniform.min() >= 2 and uniform.max() <= 5, "random: uniform")
    check(abs(uniform.mean() - 3.5) < 6 * 3 / np.sqrt(12 * uniform.size), f"random: {uniform.mean()}")
    check(normal.dtype == np.float64 and normal.shape == (1000, 300), "random: normal")
    check(abs(normal.mean() - 1) < 6 * 0.5 / np.sqrt(normal.size), f"random: {normal.mean()}")
    check(abs(normal.std() - 0.5) < 6 * 0.5 / np.sqrt(2 * normal.size), f"random: {normal.std()}")


def main():
    n_outputs = 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        folder = scratch / "models"
        folder.mkdir()
        for program in ("onnx", "onnx_networks"):
            subprocess.run([environment.build(program, scratch, ["-lz", "-lzip"]), folder], check=True)
        models = sorted(folder.glob("*.onnx"))
        check({*OPERATIONS, *NAMES, *NO_KERNELS} <= {path.stem for path in models}, "some models are not there")
        for path in models:
            try:
                n_outputs += look_at(path, folder)
            except Exception as error:   # whatever comes, the other models are looked at too
                failures.append(f"{path.stem}: {str(error)[:500]}")
    print("\n".join(failures + [f"{len(models)} models, {n_outputs} outputs, {len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
