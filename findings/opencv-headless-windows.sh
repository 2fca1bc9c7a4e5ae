#!/bin/sh
# opencv-python-headless 4.14.0.94: destroyAllWindows() exists, and raises even though no window was ever opened.
# Guessed: closing no window is nothing to do, so that a program may close its windows in any case, after an error too.
# Seen:
#   destroyAllWindows: (-2:Unspecified error) The function is not implemented.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile opencv-python-headless==4.14.0.94 numpy==2.4.6
"$folder/bin/python" - <<'END'
import cv2

try:
    cv2.destroyAllWindows()
except cv2.error as error:
    assert error.code == -2 and "not implemented" in error.err, error
    print("destroyAllWindows: (-2:Unspecified error) The function is not implemented.")
else:
    raise SystemExit("destroyAllWindows: no error")
END
