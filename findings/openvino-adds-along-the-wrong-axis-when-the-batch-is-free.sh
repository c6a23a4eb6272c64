#!/usr/bin/env bash
# OpenVINO's CPU plugin adds along the wrong axis, without a word, what an ONNX model adds to each channel behind a matrix product, if the model's
# batch size is free and there happen to be as many channels as columns. With other numbers of channels the model does not compile ("data.size() ==
# OC"); with a fixed batch it is right. ONNX's checker and ONNX Runtime have nothing against the model: x [batch, C, 5, 7], times w [7, W], plus b
# [1, C, 1, 1].
#
# The script tries 1 to 16 channels and columns with both kinds of batch and compares with ONNX Runtime. It fails if any of this changes.
#
# Seen with openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2, on an AMD EPYC: all 49 right with a fixed batch; "free batch, one channel: right: 7",
# "free batch, other channels: does not compile: 36", "free batch, channels = columns: wrong: by column: 6" (channel i's number is in column i).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1
cat >"$work/try.py" <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper

COUNTS = (1, 2, 3, 4, 6, 8, 16)


def model(batch, channels, columns):
    random = np.random.default_rng(0)
    constants = [
        numpy_helper.from_array(random.standard_normal((7, columns)).astype(np.float32), "w"),
        numpy_helper.from_array(np.arange(channels, dtype=np.float32).reshape(1, channels, 1, 1), "b")]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Add", ["y", "b"], ["z"])], "sum",
        [info("x", TensorProto.FLOAT, [batch, channels, 5, 7])], [info("z", TensorProto.FLOAT, [batch, channels, 5, columns])], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString()


def kind(batch, channels, columns):
    bytes_ = model(batch, channels, columns)
    x = np.random.default_rng(1).standard_normal((1, channels, 5, 7)).astype(np.float32)
    expected = onnxruntime.InferenceSession(bytes_, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    core = openvino.Core()
    try:
        compiled = core.compile_model(core.read_model(bytes_), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    except RuntimeError:
        return "does not compile"
    found = compiled(x)[0]
    if abs(found - expected).max() < 1e-4:
        return "right"
    numbers = np.arange(channels, dtype=np.float32)
    by_column = expected - numbers[None, :, None, None] + numbers[None, None, None, :]
    return "wrong: by column" if abs(found - by_column).max() < 1e-4 else "wrong"


seen = {}
for name, batch in (("fixed", 1), ("free", "batch")):
    for channels in COUNTS:
        for columns in COUNTS:
            which = "one channel" if channels == 1 else "channels = columns" if channels == columns else "other channels"
            key = name, which, kind(batch, channels, columns)
            seen[key] = seen.get(key, 0) + 1
for (name, which, what), count in sorted(seen.items()):
    print(f"{name} batch, {which}: {what}: {count}")
kinds = set(seen)
expected = {("fixed", which, "right") for which in ("one channel", "channels = columns", "other channels")} | {
    ("free", "one channel", "right"), ("free", "other channels", "does not compile"), ("free", "channels = columns", "wrong: by column")}
if kinds != expected:
    print("changed:", sorted(kinds ^ expected))
    sys.exit(1)
PY
"$work/venv/bin/python" "$work/try.py"
