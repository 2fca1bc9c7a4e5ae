"""The usual way to serve a network: a Flask handler that calls Keras' predict. python -m ... MODEL.keras PORT."""

import io
import sys

import keras
import numpy as np
from flask import Flask, request
from PIL import Image

from emotion.faces import Haar, Whole, crop
from emotion.labels import EMOTIONS


def main(path: str, port: str) -> None:
    """Serve until killed, a connection and a thread for each request, with the detector of the API."""
    model = keras.saving.load_model(path, compile=False)
    model.predict(np.zeros((1, 48, 48, 1)), verbose=0)
    app, haar, whole = Flask(__name__), Haar(), Whole()

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/predict")
    def predict() -> dict[str, object]:
        picture = np.asarray(Image.open(io.BytesIO(request.files["images"].read())).convert("RGB"))
        detector = whole if request.args.get("detect") == "false" else haar
        found = detector.find(picture)
        if not found:
            return {"faces": []}
        faces = np.stack([crop(picture, face, detector.margin) for face in found])
        answers = model.predict(faces[..., None].astype(np.float32), verbose=0)
        rows = [dict(zip(EMOTIONS, map(float, answer), strict=True)) for answer in answers]
        return {"faces": [{"box": face.box, "probabilities": row} for face, row in zip(found, rows, strict=True)]}

    app.run(port=int(port), threaded=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
