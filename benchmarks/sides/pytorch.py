"""The network `cnn` in PyTorch, if it is installed.

It must not import TensorFlow, so it reads the work as plain JSON.
"""

import contextlib
import json
import time
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.sides import process
from emotion.core.labels import EMOTIONS

ACTIVATIONS = {"relu": nn.ReLU, "elu": nn.ELU, "swish": nn.SiLU, "gelu": nn.GELU}
EPSILON, MOMENTUM = 1e-3, 0.01  # Keras' defaults; what Keras calls momentum is one minus PyTorch's
LEARNING_RATE, SIDE = 0.01, 48


class Scale(nn.Module):
    """Pixels 0..255 to -1..1."""

    def forward(self, faces: torch.Tensor) -> torch.Tensor:
        """Scale a batch."""
        return faces / 127.5 - 1


def prepare(received: str) -> tuple[dict[str, Any], process.Measure]:
    """Return the size of the network with the version, and the function that trains some steps."""
    task = json.loads(received)
    torch.set_num_threads(task["hardware"]["threads"])
    torch.manual_seed(1)
    fit, precision = task["fit"], task["hardware"]["precision"]
    model = network(task["build"]).to(memory_format=torch.channels_last)
    optimizer = sgd(model, fit["weight_decay"])
    rng = np.random.default_rng(1)
    faces = rng.integers(0, 256, (2048, 1, SIDE, SIDE), np.uint8)
    labels = torch.from_numpy(rng.integers(0, len(EMOTIONS), len(faces)))

    def learn() -> float:
        chosen = rng.integers(0, len(faces), fit["batch_size"])
        batch = torch.from_numpy(faces[chosen].astype(np.float32)).contiguous(memory_format=torch.channels_last)
        mixed = torch.autocast("cpu", getattr(torch, precision)) if precision != "float32" else contextlib.nullcontext()
        optimizer.zero_grad(set_to_none=True)
        with mixed:
            logits = model(batch)
        loss = nn.functional.cross_entropy(logits.float(), labels[chosen], label_smoothing=fit["label_smoothing"])
        loss.backward()
        optimizer.step()
        return loss.item()

    def measure(steps: int) -> dict[str, float]:
        start = time.perf_counter()
        for _ in range(steps):
            learn()
        return {"seconds": time.perf_counter() - start}

    return {"parameters": parameters(model), "versions": {"torch": torch.__version__}}, measure


def network(build: dict[str, Any]) -> nn.Sequential:
    """Return emotion/models/cnn.py, layer by layer; without the softmax."""
    activation, layers = ACTIVATIONS[build["activation"]], [Scale()]
    before, side = 1, SIDE
    for width in build["widths"]:
        for inputs in (before, width):
            layers += [nn.Conv2d(inputs, width, 3, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(width, EPSILON, MOMENTUM), activation()]
        layers += [nn.MaxPool2d(2), nn.Dropout(build["dropout"])]
        before, side = width, side // 2
    dense = build["dense"]
    layers += [nn.Flatten(), nn.Linear(side * side * before, dense, bias=False)]
    layers += [nn.BatchNorm1d(dense, EPSILON, MOMENTUM), activation(), nn.Dropout(build["dense_dropout"])]
    return nn.Sequential(*layers, nn.Linear(dense, len(EMOTIONS)))


def sgd(model: nn.Module, weight_decay: float) -> torch.optim.SGD:
    """Return the optimizer of the other sides, with weight decay of kernels alone. `fused` is PyTorch's fastest."""
    kernels = {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": weight_decay}
    others = {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0}
    return torch.optim.SGD([kernels, others], LEARNING_RATE, momentum=0.9, nesterov=True, fused=True)


def parameters(model: nn.Module) -> int:
    """Return the number of parameters as Keras counts them: with the moving statistics of batch norm."""
    return sum(value.numel() for value in model.state_dict().values() if value.is_floating_point())
