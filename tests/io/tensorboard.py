#!/usr/bin/env python3
"""TensorBoard reads what kiln logs and its server shows the same; Pillow reads kiln's PNG files, and kiln reads Pillow's."""
import io
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "programs"))
import environment                                                                            # noqa: E402

environment.enter("tensorboard", ["tensorboard==2.21.0"])
sys.path.remove(str(pathlib.Path(__file__).resolve().parent))     # this file has the name of the package

import numpy as np                                                                            # noqa: E402
from PIL import Image                                                                         # noqa: E402
from tensorboard.backend.event_processing import event_accumulator, event_file_loader         # noqa: E402
from tensorboard.compat.proto import event_pb2                                                # noqa: E402
from tensorboard.plugins.histogram.summary_v2 import histogram_pb                             # noqa: E402
from tensorboard.util import tensor_util                                                      # noqa: E402

RUN = "first run"
DTYPES = "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64".split()
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)


def filled(*shape, unsigned=True):
    """As in programs/tensorboard.cpp."""
    return ((7 * np.arange(int(np.prod(shape))) + 3) % 100 - (0 if unsigned else 50)).reshape(shape)


def losses():
    return np.float32(10.0 / (1 + np.arange(50))).astype(float).tolist()


def weights(step):
    x, numbers = step, []
    for _ in range(1000):
        x = (x * 1664525 + 1013904223) % 2**32
        numbers.append(x / 2**32 + step / 4)
    return numbers


def levels(x):
    """The bytes of numbers from 0 to 1, as tf.image.convert_image_dtype makes them."""
    return np.clip(x * x.dtype.type(255.5), 0, 255).astype(np.uint8)


def pictures():
    """tag -> (step, images)"""
    return {"grey": (0, levels(np.arange(128, dtype=np.float32) / np.float32(100) - np.float32(0.1)).reshape(1, 8, 16)),
            "grey with alpha": (0, levels(np.arange(256) / 256).reshape(1, 8, 16, 2)),
            "colours": (1, filled(1, 6, 4, 3)), "several": (2, filled(3, 5, 7, 4))}


def buckets(numbers):
    """TensorBoard's own, of numbers that are finite."""
    return tensor_util.make_ndarray(histogram_pb("tag", np.array(numbers, dtype=float)).value[0].tensor)


def histograms():
    """(tag, step, buckets)"""
    for step in range(10):
        yield "layer/w", step, buckets(weights(step))
    for dtype in DTYPES:
        yield "dtypes/" + dtype, 3, buckets(filled(45, unsigned=dtype.startswith("u")))
    yield "empty", 0, buckets([])
    yield "same", 0, buckets([0.5] * 7)
    edges = buckets([1, 2, 2])
    edges[0, 2] += 1    # the infinities; NaN is nowhere
    edges[-1, 2] += 1
    yield "not finite", 0, edges


def same_image(png, expected):
    return np.array_equal(np.asarray(Image.open(io.BytesIO(png))), expected)


def check_records(path):
    """The loaders take every record, and of a file that is cut off all that are whole."""
    def load(file):
        return list(event_file_loader.RawEventFileLoader(str(file)).Load())

    records = load(path)
    events = [event_pb2.Event.FromString(r) for r in records]
    check(len(events) == 1 + 50 + 5 + 10 + len(DTYPES) + 3 + 4 + 1 + 2, f"{len(events)} records")
    check(events[0].file_version == "brain.Event:2", "the first record")
    now = time.time()
    check(all(now - 600 < e.wall_time <= now for e in events), "the times")
    check(events == sorted(events, key=lambda e: e.wall_time), "the order of the times")
    whole = path.read_bytes()
    cut = path.parent.parent / "cut.tfevents"
    for missing in range(1, len(records[-1]) + 17):
        cut.write_bytes(whole[:-missing])
        check(load(cut) == records[:-1], f"{missing} bytes less")
    cut.unlink()


def check_accumulator(folder):
    log = event_accumulator.EventAccumulator(str(folder), size_guidance={event_accumulator.TENSORS: 0})
    log.Reload()
    loss = log.Scalars("train/loss")
    check([e.step for e in loss] == list(range(50)) and [e.value for e in loss] == losses(), "train/loss")
    special = np.array([e.value for e in log.Scalars("größe")])
    check(np.array_equal(special, [np.nan, np.inf, -np.inf, np.inf, np.float32(0.1)], equal_nan=True), f"größe: {special}")
    for tag, step, expected in histograms():
        came = [tensor_util.make_ndarray(e.tensor_proto) for e in log.Tensors(tag) if e.step == step]
        check(len(came) == 1 and np.array_equal(came[0], expected), f"histogram {tag} of step {step}")
    for tag, (step, images) in pictures().items():
        (event,) = log.Tensors(tag)
        strings = list(event.tensor_proto.string_val)
        check(event.step == step, tag)
        check(strings[:2] == [b"%d" % images.shape[2], b"%d" % images.shape[1]], f"extents of {tag}")
        check(len(strings) == 2 + len(images) and all(map(same_image, strings[2:], images)), tag)
    (note,) = log.Tensors("notes")
    check(tensor_util.make_ndarray(note.tensor_proto).item().decode() == "**bold** größe", "the text")
    check([(n.name, n.op) for n in log.Graph().node] == [("a", "Placeholder")], "the graph")
    check_times(log.RunMetadata("step 4"))


def check_times(metadata):
    (device,) = metadata.step_stats.dev_stats
    a, b = device.node_stats
    check(device.device == "/device:CPU:7", "the device")
    check((a.node_name, a.all_start_micros, a.all_end_rel_micros) == ("a", 1, 3), "the times of a")
    check([m.total_bytes for m in a.memory] == [4096], "the memory of a")
    check((b.node_name, b.all_start_micros, b.all_end_rel_micros, len(b.memory)) == ("b", 100, 1, 0), "the times of b")


def check_server(folder):
    with environment.tensorboard(folder) as tb:
        until = time.monotonic() + environment.PATIENCE
        while "step 4" not in str(tb.data("plugin/graphs/info")) and time.monotonic() < until:   # the last record
            time.sleep(0.2)
        check(tb.data("runs") == [RUN], "the runs")
        loss = tb.data("plugin/scalars/scalars", run=RUN, tag="train/loss")
        check([[step, value] for _, step, value in loss] == [list(e) for e in enumerate(losses())], "train/loss of the server")
        special = [value for _, _, value in tb.data("plugin/scalars/scalars", run=RUN, tag="größe")]
        check(special == ["NaN", "Infinity", "-Infinity", "Infinity", float(np.float32(0.1))], f"größe of the server: {special}")
        for tag, step, expected in histograms():
            came = [h for _, s, h in tb.data("plugin/histograms/histograms", run=RUN, tag=tag) if s == step]
            check(came == [expected.tolist()], f"histogram {tag} of step {step} of the server")
        tags = tb.data("plugin/images/tags")[RUN]
        for tag, (step, images) in pictures().items():
            check(tags[tag]["samples"] == len(images), f"{tag} of the server")
            for sample, image in enumerate(images):
                (found,) = tb.data("plugin/images/images", run=RUN, tag=tag, sample=sample)
                check(found["step"] == step, f"{tag} of the server")
                png = tb.get("data/plugin/images/individualImage?" + found["query"])
                check(same_image(png, image), f"pixels of {tag} of the server")
        (note,) = tb.data("plugin/text/text", run=RUN, tag="notes")
        check("<strong>bold</strong> größe" in note["text"], "the text of the server")
        check(tb.data("plugin/graphs/info")[RUN]["run_graph"], "the graph of the server")
        check("Placeholder" in tb.get("data/plugin/graphs/graph", run=RUN).decode(), "the graph of the server")
        metadata = tb.get("data/plugin/graphs/run_metadata", run=RUN, tag="step 4").decode()
        check("total_bytes: 4096" in metadata and "all_end_rel_micros: 3" in metadata, "the times of the server")


def check_pillow(program, folder):
    rgba = Image.fromarray(np.random.default_rng(3).integers(0, 256, (19, 33, 4), np.uint8))
    for mode in ("1", "L", "LA", "RGB", "RGBA", "P"):
        picture = rgba.convert(mode)
        picture.save(folder / "from.png")
        subprocess.run([program, "png", folder / "from.png", folder / "to.png"], check=True)
        expected = picture.convert({"1": "L", "P": "RGBA"}.get(mode, mode))
        check(same_image((folder / "to.png").read_bytes(), np.asarray(expected)), f"the PNG file of kind {mode}")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        program = environment.build("tensorboard", scratch, ["-lz", "-lpng"])
        subprocess.run([program, "log", scratch / "logs" / RUN], check=True)
        (path,) = (scratch / "logs" / RUN).iterdir()
        check_records(path)
        check_accumulator(path.parent)
        check_server(scratch / "logs")
        check_pillow(program, scratch)
    print("\n".join(failures + [f"{len(failures)} failures"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
