"""The usual way to serve a network, a Flask handler with Keras' predict: python -m ...flask_keras MODEL.keras PORT."""

import io
import sys

import keras
import numpy as np
from flask import Flask, request
from PIL import Image

from emotion.core import errors
from emotion.core.labels import EMOTIONS
from emotion.core.pictures import crop
from emotion.detection.detectors import Whole, open_detector
from emotion.detection.names import DEFAULT


def main(path: str, port: str) -> None:
    """Serve until killed, with a thread for each request and the detector of the API."""
    model = keras.saving.load_model(path, compile=False)
    model.predict(np.zeros((1, 48, 48, 1)), verbose=0)
    app = Flask(__name__)
    searching, whole = open_detector(DEFAULT, threads=1), Whole()

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/predict")
    def predict() -> dict[str, object]:
        picture = np.asarray(Image.open(io.BytesIO(request.files["images"].read())).convert("RGB"))
        detector = whole if request.args.get("detect") == "false" else searching
        found = detector.find(picture)
        if not found:
            return {"faces": []}
        faces = np.stack([crop(picture, face, detector.margin) for face in found])
        probabilities = model.predict(faces[..., None].astype(np.float32), verbose=0)
        rows = [dict(zip(EMOTIONS, map(float, row), strict=True)) for row in probabilities]
        return {"faces": [{"box": face.box, "probabilities": row} for face, row in zip(found, rows, strict=True)]}

    app.run(port=int(port), threaded=True)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
