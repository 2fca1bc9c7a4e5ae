"""How near each convolution comes to the machine's limit, measured one at a time."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

ROUNDS, SECONDS = 7, 0.15  # of each measurement
SHAPES = ((2048, 2048, 2048), (4096, 1024, 1024), (2048, 256, 4096), (18432, 2304, 256))  # rows, inner, columns


def measure(model: keras.Model, batch_size: int, precision: str) -> dict[str, Any]:
    """Return the rates of the network's convolutions and of the best plain matrix product in GFLOP/s.

    Args:
        model: Whose convolutions are measured: forward, gradient of the input, gradient of the filter. The first one's
            input is the picture, which needs no gradient.
        batch_size: Pictures at a time.
        precision: Of the numbers.
    """
    layers = [layer for layer in model.layers if type(layer) is keras.layers.Conv2D]
    rows = [{"layer": layer.name} | _rates(layer, batch_size, precision) for layer in layers]
    if rows:
        rows[0]["input_gradient"] = None
    return {"matrix_product_gflops": max(_matrix_product(*shape, precision) for shape in SHAPES), "convolutions": rows}


def _matrix_product(rows: int, inner: int, columns: int, precision: str) -> float:
    left, right = _random(precision, rows, inner), _random(precision, inner, columns)
    return _rate(2 * rows * inner * columns, tf.matmul, left, right)


def _rates(layer: keras.layers.Conv2D, batch_size: int, precision: str) -> dict[str, Any]:
    inputs, outputs = (_random(precision, batch_size, *tensor.shape[1:]) for tensor in (layer.input, layer.output))
    kernel = _random(precision, *layer.kernel.shape)
    how: dict[str, Any] = {"strides": [1, *layer.strides, 1], "padding": layer.padding.upper()}
    flops = 2 * tf.size(outputs).numpy().item() * tf.size(kernel[..., 0]).numpy().item()

    def forward(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.Conv2D(input=inputs, filter=kernel, **how)

    def input_gradient(kernel: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.Conv2DBackpropInput(input_sizes=inputs.shape, filter=kernel, out_backprop=outputs, **how)

    def filter_gradient(inputs: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        return tf.raw_ops.Conv2DBackpropFilter(input=inputs, filter_sizes=kernel.shape, out_backprop=outputs, **how)

    return {
        "shape": [*inputs.shape[1:], outputs.shape[-1]],
        "forward": _rate(flops, forward, inputs, kernel),
        "input_gradient": _rate(flops, input_gradient, kernel, outputs),
        "filter_gradient": _rate(flops, filter_gradient, inputs, outputs),
    }


def _random(precision: str, *shape: int) -> tf.Tensor:
    return tf.cast(tf.random.normal(shape), precision)


def _rate(flops: int, function: Callable[..., tf.Tensor], *arguments: tf.Tensor) -> float:
    """Return the median rate of a function in GFLOP/s."""

    @tf.function
    def run(*arguments: tf.Tensor) -> tf.Tensor:
        return tf.reshape(function(*arguments), [-1])[0]  # one number, so that waiting for it costs nothing

    def seconds(times: int) -> float:
        start = time.perf_counter()
        for _ in range(times):
            run(*arguments).numpy()
        return (time.perf_counter() - start) / times

    seconds(2)
    times = max(1, round(SECONDS / seconds(2)))
    return round(flops / statistics.median(seconds(times) for _ in range(ROUNDS)) / 1e9, 1)


def table(summary: dict[str, Any]) -> str:
    """Return the rates as a person reads them, each with its share of the best matrix product."""
    limit = summary["matrix_product_gflops"]
    lines = [f"convolutions in GFLOP/s, and in % of the best plain matrix product ({limit:.0f} GFLOP/s)"]
    lines.append(f"{'':28} {'forward':>14} {'input gradient':>16} {'filter gradient':>16}")
    for row in summary["convolutions"]:
        side, _, inputs, outputs = row["shape"]
        cells = [
            f"{value:.0f} {value / limit:5.0%}" if value else "-"
            for value in (row["forward"], row["input_gradient"], row["filter_gradient"])
        ]
        shape = f"{side} px, {inputs} to {outputs}"
        lines.append(f"{row['layer']:10} {shape:17} {cells[0]:>14} {cells[1]:>16} {cells[2]:>16}")
    return "\n".join(lines)
