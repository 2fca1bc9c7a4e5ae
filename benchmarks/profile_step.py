"""Tell where the time of a training step goes: python -m benchmarks.profile_step.

TensorFlow's profiler notes every kernel. While it does, one kernel runs at a time (each with all threads), so that
their times add up; a training runs several at once where it can. XLA, which makes one kernel of many, is off.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from benchmarks import convolution_rates, results
from benchmarks.computer import cpu_name
from benchmarks.kernels import KINDS, OPERATIONS, Kernels, kind, kinds_of_layers, read
from benchmarks.sides import engine, work
from emotion import errors
from emotion.training import machine


def main() -> None:
    """Profile some steps, measure each convolution alone, print tables and keep the numbers."""
    parser = argparse.ArgumentParser(description="Tell where the time of a training step goes.")
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    given = work.read(options.model)
    given = given.model_copy(update={"machine": given.machine.model_copy(update={"xla": False})})
    machine.prepare(given.machine, seed=1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    made = engine.learner(given, given.fit.average.decay)
    kernels, wall = profile(made, given.fit.batch_size, options.steps)
    summary: dict[str, Any] = {"model": options.model, "cpu": cpu_name(), **given.machine.model_dump()}
    summary |= {"batch_size": given.fit.batch_size, "versions": machine.versions()}
    summary |= summarise(kernels, wall, kinds_of_layers(made.fast), made.optimizer.name)
    summary |= convolution_rates.measure(made.stock, given.fit.batch_size, given.machine.precision)
    # Another model's numbers are kept beside those of cnn.
    results.keep("profile_step" if options.model == "cnn" else f"profile_step_{options.model}", summary)
    print(table(summary), convolution_rates.table(summary), sep="\n\n")


def profile(made: engine.Learner, size: int, steps: int) -> tuple[Kernels, float]:
    """Return the milliseconds of each kernel in a step, and of the whole step by the clock."""
    examples = work.noise(size)
    faces = examples.faces[..., None].astype(np.float32)
    made.optimizer.learning_rate = work.LEARNING_RATE
    for _ in range(3):
        made.learn(faces, examples.targets).numpy()
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        start = time.perf_counter()
        for _ in range(steps):
            made.learn(faces, examples.targets).numpy()
        wall = time.perf_counter() - start
        tf.profiler.experimental.stop()
        (file,) = Path(folder).rglob("*.xplane.pb")
        kernels = read(xplane_pb2.XSpace.FromString(file.read_bytes()))
    return Counter({key: value / steps for key, value in kernels.items()}), 1000 * wall / steps


def summarise(kernels: Kernels, wall: float, layers: dict[str, str], optimizer: str) -> dict[str, Any]:
    """Return milliseconds and share of each kind, all kernels together, and the step by the clock.

    Args:
        kernels: Milliseconds in a step.
        wall: Milliseconds of a step.
        layers: As `kinds_of_layers` returns them.
        optimizer: The optimizer's name.
    """
    sums = Counter(dict.fromkeys(KINDS, 0.0))
    for (name, operation), value in kernels.items():
        sums[kind(name, operation, layers, optimizer)] += value
    total = sum(sums.values())
    kinds = {what: {"ms": round(sums[what], 2), "share": round(sums[what] / total, 4)} for what in KINDS}
    products = sum(sums[what] for what in OPERATIONS.values()) / total
    return {
        "step_ms": round(wall, 2),
        "kernels_ms": round(total, 2),
        "kinds": kinds,
        "share_of_convolutions_and_matrix_products": round(products, 4),
    }


def table(summary: dict[str, Any]) -> str:
    """Return the shares as a person reads them."""
    what = f"{summary['cpu']}, {summary['threads']} threads, {summary['precision']}, batch {summary['batch_size']}"
    lines = [f"kernels of a step of {summary['model']}, one at a time; {what}", f"{'':40}   ms    share"]
    lines += [f"{name:38} {one['ms']:6.1f}  {one['share']:6.1%}" for name, one in summary["kinds"].items()]
    covered = summary["kernels_ms"] / summary["step_ms"]
    lines.append(f"{'all kernels':38} {summary['kernels_ms']:6.1f}  {covered:6.1%} of the time of a step")
    products = summary["share_of_convolutions_and_matrix_products"]
    return "\n".join([*lines, f"{'convolutions and matrix products':45}  {products:6.1%} of all kernels"])


if __name__ == "__main__":
    errors.run(main)
