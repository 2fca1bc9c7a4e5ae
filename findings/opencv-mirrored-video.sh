#!/bin/sh
# opencv-python-headless 4.14.0.94: VideoCapture takes the display matrix of an MP4 or MOV file for a rotation. One that
# mirrors left and right, as front cameras write it, becomes 180 degrees: frames come upside down. One that mirrors top
# and bottom is ignored.
# Guessed: frames as players show them, or, with CAP_PROP_ORIENTATION_AUTO, at least as they are stored.
# Seen, for a film whose corners are red, green, blue and black (top left and right, bottom left and right):
#   stored red green blue black
#   mirrored left and right: 180 degrees, black blue green red; players show green red black blue
#   mirrored top and bottom: 0 degrees, red green blue black; players show blue black red green
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile opencv-python-headless==4.14.0.94 numpy==2.4.6
cd "$folder"
bin/python - <<'END'
import struct
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 96, 64
COLOURS = {(0, 0, 1): "red", (0, 1, 0): "green", (1, 0, 0): "blue", (0, 0, 0): "black"}
frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
frame[:32, :48, 2] = frame[:32, 48:, 1] = frame[32:, :48, 0] = 255
writer = cv2.VideoWriter("stored.mp4", cv2.VideoWriter.fourcc(*"mp4v"), 10, (WIDTH, HEIGHT))
for _ in range(5):
    writer.write(frame)
writer.release()
stored = Path("stored.mp4").read_bytes()


def corners(matrix):
    """Return the angle that OpenCV sees and the colours in the corners, if the track's header holds this matrix."""
    start = stored.index(b"tkhd") + 44  # version 0, as OpenCV writes it
    film = stored[:start] + struct.pack(">9i", *matrix) + stored[start + 36 :]
    Path("film.mp4").write_bytes(film)
    capture = cv2.VideoCapture("film.mp4")
    _, picture = capture.read()
    places = [(y, x) for y in (16, 48) for x in (24, 72)]
    found = [COLOURS[tuple(int(value > 128) for value in picture[place])] for place in places]
    return int(capture.get(cv2.CAP_PROP_ORIENTATION_META)), " ".join(found)


ONE, W = 1 << 16, 1 << 30  # fixed-point numbers of 16 and of 30 binary places
plain = corners((ONE, 0, 0, 0, ONE, 0, 0, 0, W))
left_right = corners((-ONE, 0, 0, 0, ONE, 0, WIDTH * ONE, 0, W))
top_bottom = corners((ONE, 0, 0, 0, -ONE, 0, 0, HEIGHT * ONE, W))
print("stored", plain[1])
print("mirrored left and right: {} degrees, {}; players show green red black blue".format(*left_right))
print("mirrored top and bottom: {} degrees, {}; players show blue black red green".format(*top_bottom))
assert plain == (0, "red green blue black")
assert left_right == (180, "black blue green red")
assert top_bottom == plain
END
