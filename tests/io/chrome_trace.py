#!/usr/bin/env python3
"""Python's json reads a trace that kiln wrote; it has what the Trace Event Format asks of complete events, and kernels lie
within their calls."""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "programs"))
import environment                                                # noqa: E402

CALLS = 4   # as in programs/chrome_trace.cpp


def findings(trace):
    events = trace["traceEvents"]
    wanted = {"name": str, "cat": str, "ph": str, "ts": (int, float), "dur": (int, float), "pid": int, "tid": int, "args": dict}
    for event in events:
        for field, kind in wanted.items():
            if not isinstance(event.get(field), kind):
                yield f"{field} of {event}"
        if event["ph"] != "X" or event["ts"] < 0 or event["dur"] < 0:
            yield f"no complete event: {event}"
    calls = [e for e in events if e["cat"] == "function"]
    kernels = [e for e in events if e["cat"] == "kernel"]
    if len(calls) != CALLS or not kernels or len(kernels) % CALLS != 0:
        yield f"{len(calls)} calls, {len(kernels)} kernels"
    if not any("matmul + add + relu" in e["name"] for e in kernels):
        yield "no kernel is named after what it computes"
    last = 0
    for event in sorted(kernels, key=lambda e: e["ts"]):   # one after the other, each in one call; a nanosecond for the rounding
        if event["ts"] < last - 0.001:
            yield f"two kernels at once: {event}"
        last = event["ts"] + event["dur"]
        if not any(c["ts"] - 0.001 <= event["ts"] and last <= c["ts"] + c["dur"] + 0.001 for c in calls):
            yield f"in no call: {event}"


def main():
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        program = environment.build("chrome_trace", scratch, [])
        subprocess.run([program, scratch / "trace.json"], check=True)
        with open(scratch / "trace.json", encoding="utf-8") as file:
            trace = json.load(file)
    said = list(findings(trace))
    print("\n".join(said + [f"{len(trace['traceEvents'])} events, {len(said)} findings"]))
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
