#!/usr/bin/env python3
"""TensorBoard's server shows the tutorial's graphs with the names, inputs and shapes that TensorFlow 2.21 gives them."""
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "programs"))
import environment                                                       # noqa: E402

environment.enter("tensorboard", ["tensorboard==2.21.0"])
sys.path.remove(str(pathlib.Path(__file__).resolve().parent))           # tensorboard.py there has the name of the package

from google.protobuf import text_format                                  # noqa: E402
from tensorboard.compat.proto import config_pb2, graph_pb2               # noqa: E402

import subprocess                                                        # noqa: E402

failures = []


def check(holds, what):
    if not holds:
        failures.append(what)


def shape(node, k=0):
    return [d.size for d in node.attr["_output_shapes"].list.shape[k].dim]


def nodes_of(tb, run):
    text = tb.get("data/plugin/graphs/graph", run=run, limit_attr_size=1024, large_attrs_key="_too_large_attrs").decode()
    return {n.name: n for n in text_format.Parse(text, graph_pb2.GraphDef()).node}


def check_additions(tb):
    unnamed = nodes_of(tb, "unnamed")
    check(list(unnamed) == ["Placeholder", "Placeholder_1", "add"], f"names: {list(unnamed)}")
    check(unnamed["add"].op == "AddV2" and list(unnamed["add"].input) == ["Placeholder", "Placeholder_1"], "add")
    check(unnamed["Placeholder"].attr["dtype"].type == 6, "int8")   # DT_INT8
    named = nodes_of(tb, "named")
    check(list(named) == ["a", "b", "addition/add"], f"names: {list(named)}")
    check(list(named["addition/add"].input) == ["a", "b"], "addition/add")


def check_layer(tb):
    n = nodes_of(tb, "layer")
    expected = {   # name: (operation, inputs, shape); -1 is the run-time batch
        "Placeholder": ("Placeholder", [], [-1, 784]),
        "Variable": ("VariableV2", [], [5, 5, 1, 3]),
        "Variable/read": ("Identity", ["Variable"], [5, 5, 1, 3]),
        "Const": ("Const", [], [3]),
        "Variable_1": ("VariableV2", [], [3]),
        "Variable_1/Assign": ("Assign", ["Variable_1", "Const"], [3]),
        "Variable_1/read": ("Identity", ["Variable_1"], [3]),
        "Reshape/shape": ("Const", [], [4]),
        "Reshape": ("Reshape", ["Placeholder", "Reshape/shape"], [-1, 28, 28, 1]),
        "Conv2D": ("Conv2D", ["Reshape", "Variable/read"], [-1, 28, 28, 3]),
        "add": ("AddV2", ["Conv2D", "Variable_1/read"], [-1, 28, 28, 3]),
    }
    for name, (op, inputs, extents) in expected.items():
        check(name in n and (n[name].op, list(n[name].input), shape(n[name])) == (op, inputs, extents), f"{name}: {n.get(name)}")
    check(list(n["init"].input) == ["^Variable/Assign", "^Variable_1/Assign"], "init")
    check("random_normal/RandomStandardNormal" in n and n["Variable/Assign"].input[1].startswith("random_normal/"), "random_normal")
    others = [s for s in n if s not in expected and not s.startswith("random_normal/")]
    check(sorted(others) == ["Variable/Assign", "init"], f"more than TensorFlow has: {others}")


def check_mnist(tb):
    n = nodes_of(tb, "mnist")
    for name in ["hidden/kernel", "hidden/MatMul", "hidden/add", "readout/MatMul", "SoftmaxCrossEntropyWithLogits", "Mean",
                 "gradients/hidden/MatMul_grad/MatMul", "gradients/Relu_grad/Select", "sgd/hidden/kernel/Assign",
                 "sgd/readout/bias/sub", "hidden/kernel/Initializer/add"]:
        check(name in n, name)
    check(list(n["sgd/hidden/kernel/Assign"].input) == ["hidden/kernel", "sgd/hidden/kernel/sub"], "the update")
    known = set(n)
    for node in n.values():
        for i in node.input:
            check(i.removeprefix("^").split(":")[0] in known, f"{node.name} reads {i}, which is not there")


def check_times(tb):
    text = tb.get("data/plugin/graphs/run_metadata", run="mnist", tag="step 3").decode()
    (device,) = text_format.Parse(text, config_pb2.RunMetadata()).step_stats.dev_stats
    known = set(nodes_of(tb, "mnist"))
    timed = {n.node_name for n in device.node_stats}
    check(timed <= known, f"times of nodes that are not there: {timed - known}")
    for name in ["hidden/MatMul", "readout/MatMul", "SoftmaxCrossEntropyWithLogits", "gradients/hidden/MatMul_grad/MatMul", "sgd/hidden/kernel/sub"]:
        check(name in timed, f"no time of {name}")
    check(all(n.all_end_rel_micros > 0 for n in device.node_stats), "the times")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    program = environment.build("tensorboard_graph", folder, ["-lpng", "-lz"])
    log = folder / "log"
    subprocess.run([program, log], check=True)
    with environment.tensorboard(log) as tb:
        until = time.monotonic() + environment.PATIENCE
        while (len(info := tb.data("plugin/graphs/info")) < 4 or "step 3" not in str(info)) and time.monotonic() < until:
            time.sleep(0.2)
        check_additions(tb)
        check_layer(tb)
        check_mnist(tb)
        check_times(tb)
for failure in failures:
    print(failure)
sys.exit(bool(failures))
