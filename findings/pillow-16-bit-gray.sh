#!/bin/sh
# Pillow 13.0.0: converting a gray picture of 16 bits to 8 (modes L and RGB) cuts values off at 255, so that almost all of
# it is white. A colour picture of 16 bits is scaled when it is read.
# Guessed: 16 bits become 8 by their higher byte, as in colour.
# Seen, for gray values 100, 256, 30000 and 65535, and for 30000 in a colour PNG:
#   gray [100, 255, 255, 255]
#   colour 117
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile pillow==13.0.0 opencv-python-headless==4.14.0.94 numpy==2.4.6
cd "$folder"
bin/python - <<'END'
import cv2
import numpy as np
from PIL import Image

cv2.imwrite("gray.png", np.array([[100, 256, 30000, 65535]], np.uint16))
cv2.imwrite("colour.png", np.full((1, 1, 3), 30000, np.uint16))
gray, rgb = (np.asarray(Image.open("gray.png").convert(mode)) for mode in ("L", "RGB"))
colour = np.asarray(Image.open("colour.png").convert("RGB"))
print(f"gray {gray[0].tolist()}\ncolour {colour[0, 0, 0]}")
assert gray[0].tolist() == rgb[0, :, 0].tolist() == [100, 255, 255, 255]
assert colour[0, 0].tolist() == [117, 117, 117]
END
