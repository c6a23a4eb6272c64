#!/usr/bin/env python3
"""An exported network in ONNX Runtime or OpenVINO, to be timed beside this repository's:

    pip install onnxruntime openvino numpy
    cargo run --release -p benches --bin compare -- \\
        --peer "python3 benches/peers/onnx.py --runtime openvino --model {onnx-published}"

`compare` writes the model and puts its name in the place of {onnx} (channels mixed before enlarging) or
{onnx-published} (the paper's order). Prints one line of JSON: seconds of a forward pass of the causal branch, of
sentences of 22 tokens. --bf16 lets OpenVINO compute in bfloat16. OMP_NUM_THREADS or --threads sets the threads.
"""
import argparse
import json
import os
import resource
import statistics
import time

START = time.perf_counter()
import numpy as np

WORDS = 22


def onnxruntime_runner(a):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = a.threads
    session = onnxruntime.InferenceSession(a.model, options, providers=["CPUExecutionProvider"])
    return onnxruntime.__version__, lambda inputs: session.run(None, inputs)[0]


def openvino_runner(a):
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": "bf16" if a.bf16 else "f32", "INFERENCE_NUM_THREADS": a.threads,
        "PERFORMANCE_HINT": "LATENCY"}
    core = openvino.Core()
    model = core.read_model(a.model)
    # Shapes that are known ahead are computed faster; others would be a handicap of the file.
    model.reshape({"pixels": [a.batch, 3, a.size, a.size], "tokens": [a.batch, WORDS]})
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return openvino.__version__.split("-")[0], lambda inputs: request.infer(inputs)[0]


RUNTIMES = {"onnxruntime": onnxruntime_runner, "openvino": openvino_runner}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtime", required=True, choices=RUNTIMES)
    parser.add_argument("--model", required=True)
    parser.add_argument("--config", default="rn50")
    for name, value in (("size", 224), ("batch", 1), ("tokens", 77), ("runs", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--threads", type=int, default=int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    parser.add_argument("--bf16", action="store_true")
    for name in ("train", "two-player"):
        parser.add_argument(f"--{name}", action="store_true")
    a = parser.parse_args()
    if a.train or a.two_player:
        parser.error("an exported network answers and cannot be trained")
    if a.bf16 and a.runtime != "openvino":
        parser.error("--bf16 is OpenVINO's")

    version, run = RUNTIMES[a.runtime](a)
    import_s = time.perf_counter() - START
    random = np.random.default_rng(0)
    end = 49407
    tokens = random.integers(1, end - 1, (a.batch, WORDS))
    tokens[:, 0], tokens[:, -1] = end - 1, end
    inputs = {"pixels": random.standard_normal((a.batch, 3, a.size, a.size), np.float32), "tokens": tokens}
    seconds = []
    for _ in range(a.runs + 1):
        start = time.perf_counter()
        logits = run(inputs)
        seconds.append(time.perf_counter() - start)
    if logits.shape != (a.batch, 1, a.size, a.size) or not np.isfinite(logits).all():
        raise SystemExit(f"the model gave {logits.shape}, or numbers that are none")
    first, *seconds = seconds
    print(json.dumps({
        "peer": a.runtime, "version": version, "config": a.config, "size": a.size, "batch": a.batch,
        "threads": a.threads, "runs": a.runs, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "ways": ["bf16"] if a.bf16 else [], "first_s": first, "import_s": import_s,
        "median_s": statistics.median(seconds), "min_s": min(seconds), "max_s": max(seconds),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
