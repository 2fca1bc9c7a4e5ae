"""Hardware settings (threads, precision, XLA) and determinism."""

import sys
from pathlib import Path

import cv2
import keras
import numpy as np
import tensorflow as tf

from emotion.training.settings import HardwareSettings


def prepare(settings: HardwareSettings, seed: int) -> None:
    """Fix threads, seeds and the order of sums before TensorFlow runs its first operation.

    The number of threads decides how sums are split, so it is a param and not the number of cores of this machine.
    """
    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
    tf.config.threading.set_inter_op_parallelism_threads(settings.threads)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)
    if settings.precision == "bfloat16" and not tf.config.list_physical_devices("GPU") and not _has_bfloat16():
        print(
            "note: this CPU has no bfloat16 units: with hardware.precision: float32 in params.yaml, training is faster",
            file=sys.stderr,
        )


def versions() -> dict[str, str]:
    """Return the versions of the libraries that the weights of a trained network depend on."""
    return {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }


def _has_bfloat16() -> bool:
    """Return whether the CPU has bfloat16 instructions; True where that is unknown."""
    cpuinfo = Path("/proc/cpuinfo")
    return not cpuinfo.exists() or any(flag in cpuinfo.read_text() for flag in ("avx512_bf16", "amx_bf16", " bf16"))
