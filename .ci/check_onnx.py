"""Holds exported models to this library's own logits: python3 check_onnx.py FOLDER, as `answers` has written it."""
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import openvino

#: Largest difference of a logit, relative to the largest one of its map (at least 1).
BAR = 1e-4


def by_onnxruntime(file):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, inputs)[0]


def by_openvino(file):
    # Left to itself it computes in bfloat16 where the processor has it.
    model = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda inputs: model(inputs)[0]


def main(folder):
    failed = False
    for form, runtime in [(f, r) for f in ("fast", "plain") for r in (by_onnxruntime, by_openvino)]:
        file = str(folder / f"{form}.onnx")
        onnx.checker.check_model(file, full_check=True)
        run = runtime(file)
        worst, pixels_of, tokens_of, expected_of = 0.0, [], [], []
        for line in (folder / "cases.txt").read_text().splitlines():
            name, size, *words = line.split()
            size = int(size)
            pixels = np.fromfile(folder / f"{name}.pixels", np.float32).reshape(1, 3, size, size)
            expected = np.fromfile(folder / f"{name}.logits", np.float32).reshape(1, 1, size, size)
            tokens = np.array([words], np.int64)
            found = run({"pixels": pixels, "tokens": tokens})
            worst = max(worst, abs(found - expected).max() / max(1.0, abs(expected).max()))
            pixels_of.append(pixels), tokens_of.append(tokens), expected_of.append(expected)
        # All at once: shorter sentences are followed by zeros.
        longest = max(tokens.shape[1] for tokens in tokens_of)
        tokens = np.concatenate([np.pad(t, ((0, 0), (0, longest - t.shape[1]))) for t in tokens_of])
        found = run({"pixels": np.concatenate(pixels_of), "tokens": tokens})
        expected = np.concatenate(expected_of)
        worst = max(worst, abs(found - expected).max() / max(1.0, abs(expected).max()))
        right = worst <= BAR
        failed |= not right
        print(f"{form}, {runtime.__name__[3:]}: {len(expected_of)} pictures, one by one and together: worst {worst:.1e}, bar {BAR:.0e}")
    sys.exit(failed)


main(pathlib.Path(sys.argv[1]))
