#!/bin/sh
# opencv-python-headless 4.14.0.94: warpAffine refuses a picture with a side of 32,767 pixels or more, however small the part
# that it is to cut out. resize and cvtColor take it.
# Guessed: only memory limits the size, as elsewhere in OpenCV.
# Seen, for 2 rows and an output of 10x10:
#   32766 columns: warped
#   32767 columns: refused
#   32767 columns: resized
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile opencv-python-headless==4.14.0.94 numpy==2.4.6
"$folder/bin/python" - <<'END'
import cv2
import numpy as np


def warp(width):
    try:
        cv2.warpAffine(np.zeros((2, width), np.uint8), np.eye(2, 3, dtype=np.float32), (10, 10))
    except cv2.error as error:
        assert "SHRT_MAX" in str(error), error
        return "refused"
    return "warped"


found = {width: warp(width) for width in (32766, 32767)}
for width, outcome in found.items():
    print(f"{width} columns: {outcome}")
assert found == {32766: "warped", 32767: "refused"}
assert cv2.resize(np.zeros((2, 32767), np.uint8), (10, 10)).shape == (10, 10)
print("32767 columns: resized")
END
