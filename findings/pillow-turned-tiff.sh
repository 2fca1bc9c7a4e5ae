#!/bin/sh
# Pillow 13.0.0: a gray, uncompressed TIFF whose orientation is 5 to 8, as upright scans have it, comes out with its
# pixels in a wrong order if it is opened by its path, and right from an open file.
# Guessed: the same picture either way.
# Seen, for rows 0 1 2 and 3 4 5 with orientation 6, turned by 90 degrees to the right:
#   by file [[3, 0], [4, 1], [5, 2]]
#   by path [[4, 2, 0], [5, 3, 1]]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile pillow==13.0.0 numpy==2.4.6
cd "$folder"
bin/python - <<'END'
import numpy as np
from PIL import Image
from PIL.ExifTags import Base

exif = Image.Exif()
exif[Base.Orientation] = 6
Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3)).save("scan.tif", exif=exif)
with open("scan.tif", "rb") as file:
    by_file = np.asarray(Image.open(file)).tolist()
by_path = np.asarray(Image.open("scan.tif")).tolist()
print(f"by file {by_file}\nby path {by_path}")
assert by_file == [[3, 0], [4, 1], [5, 2]]
assert by_path == [[4, 2, 0], [5, 3, 1]]
END
