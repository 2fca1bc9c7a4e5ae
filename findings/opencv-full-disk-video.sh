#!/bin/sh
# opencv-python-headless 4.14.0.94: where the disk is full, VideoWriter says nothing. isOpened() stays true, write() returns
# None for each frame, release() raises nothing, and the file that is left cannot be read.
# Guessed: an error, or a writer that is no longer open.
# Seen, for 100 frames of noise, where a file may have 100,000 bytes (a limit of the process stands for the disk):
#   mp4v: open to the end, True; bytes 100000, frames read back 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile opencv-python-headless==4.14.0.94 numpy==2.4.6
cd "$folder"
cat > write.py <<'END'
import os
import resource
import signal

import cv2
import numpy as np

BYTES = 100_000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # else the limit ends the process; like this, writing fails
resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES, BYTES))
writer = cv2.VideoWriter("film.mp4", cv2.VideoWriter.fourcc(*"mp4v"), 25, (320, 240))
random = np.random.default_rng(0)
told = [writer.write(random.integers(0, 256, (240, 320, 3), np.uint8)) for _ in range(100)]
still_open = writer.isOpened()
writer.release()
size = os.path.getsize("film.mp4")
capture = cv2.VideoCapture("film.mp4")
frames = 0
while capture.read()[0]:
    frames += 1
print(f"mp4v: open to the end, {still_open}; bytes {size}, frames read back {frames}")
assert still_open and set(told) == {None} and size <= BYTES and frames == 0
END
bin/python write.py 2> log.txt || { cat log.txt >&2; exit 1; }
