"""Whether an exported file answers as the model that it was made from."""

from pathlib import Path

import numpy as np
import onnxruntime


def probabilities(path: str | Path, faces: np.ndarray, threads: int, batch_size: int = 256) -> np.ndarray:
    """Return what an ONNX file answers for faces uint8 (n, 48, 48): float32 (n, 7)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    parts = [faces[start : start + batch_size, ..., None] for start in range(0, len(faces), batch_size)]
    return np.concatenate([session.run(None, {name: part.astype(np.float32)})[0] for part in parts])
