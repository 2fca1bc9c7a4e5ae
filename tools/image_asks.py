"""What is asked of a server inside its image, with the image's own Python; see tools/try_image.py."""

FACE = """
import io
import numpy as np
from PIL import Image
from emotion.data.drawn import draw_face
file = io.BytesIO()
Image.fromarray(draw_face("happy", np.random.default_rng([5, 3]))).save(file, "PNG")
"""

API = """
import base64, json, os
from http.client import HTTPConnection
body = json.dumps({"images": [base64.b64encode(file.getvalue()).decode()]})
for key, wanted in (("", 401), (os.environ["EMOTION_API_KEY"], 200)):
    server = HTTPConnection("127.0.0.1", 8000, timeout=60)
    kind = {"Content-Type": "application/json", "X-API-Key": key}
    server.request("POST", "/v1/predict?detect=false", body, kind)
    answer = server.getresponse()
    print("POST /v1/predict", answer.status, answer.read().decode()[:300])
    assert answer.status == wanted
"""

DEMO = """
from gradio_client import Client, handle_file
with open("/tmp/face.png", "wb") as target:
    target.write(file.getvalue())
client = Client("http://127.0.0.1:7860", verbose=False, download_files=False)
answer = client.predict(handle_file("/tmp/face.png"), "the one that comes with this project", True, api_name="/look")
print("look:", answer[1])
assert len(answer[1]["confidences"]) == 7
"""

ASKS = {"api": FACE + API, "demo": FACE + DEMO}
