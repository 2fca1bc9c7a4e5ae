#!/bin/sh
# opencv-python-headless 4.14.0.94: VideoWriter cuts off the last column of frames with an odd width and the last row of
# those with an odd height. It says nothing: isOpened() is true and write() accepts the frames.
# Guessed: the size that was asked for, or a writer that does not open.
# Seen, width x height asked for and read back:
#   mp4v 65x48 -> 64x48, 64x49 -> 64x48
#   MJPG 65x48 -> 64x48, 64x49 -> 64x48
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile opencv-python-headless==4.14.0.94 numpy==2.4.6
cd "$folder"
bin/python - <<'END'
import cv2
import numpy as np


def read_back(code, name, width, height):
    writer = cv2.VideoWriter(name, cv2.VideoWriter.fourcc(*code), 25, (width, height))
    assert writer.isOpened()
    for _ in range(5):
        writer.write(np.full((height, width, 3), 100, np.uint8))
    writer.release()
    _, frame = cv2.VideoCapture(name).read()
    return frame.shape[1::-1]


for code, name in (("mp4v", "film.mp4"), ("MJPG", "film.avi")):
    sizes = [((width, height), read_back(code, name, width, height)) for width, height in ((65, 48), (64, 49))]
    print(code, ", ".join("{}x{} -> {}x{}".format(*asked, *found) for asked, found in sizes))
    assert all(found == (64, 48) for _, found in sizes)
END
