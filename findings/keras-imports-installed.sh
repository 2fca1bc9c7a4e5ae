#!/bin/sh
# keras 3.15.1 with tensorflow-cpu 2.21.0: `import keras` also imports scikit-learn, Matplotlib's pyplot and, through
# scikit-learn, pandas and SciPy's statistics, for wrappers and charts of its own, if they are installed. TensorFlow
# imports Keras, so `import tensorflow` does, too.
# Guessed: what is optional is imported on first use.
# Seen, as packages of these loaded by `import tensorflow`, and as the number of modules:
#   as it is: matplotlib pandas scipy sklearn, over 4,000 modules
#   where scikit-learn, Matplotlib and pandas cannot be imported: scipy, under 3,300 modules
# Time: about half of the import is theirs, which varies with the machine and is printed alone.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet keras==3.15.1 tensorflow-cpu==2.21.0 numpy==2.4.6 scikit-learn==1.9.1 \
    matplotlib==3.11.2 pandas==3.1.1
export KERAS_HOME="$folder" KERAS_BACKEND=tensorflow CUDA_VISIBLE_DEVICES="" TF_CPP_MIN_LOG_LEVEL=3
export MPLCONFIGDIR="$folder"
cd "$folder"
cat > count.py <<'END'
import sys
import time

hidden = sys.argv[1:]
sys.modules.update(dict.fromkeys(hidden))
start = time.perf_counter()
import tensorflow

seconds = time.perf_counter() - start
assert tensorflow.keras.Sequential([tensorflow.keras.layers.Dense(1)])(tensorflow.zeros((1, 1))).shape == (1, 1)
names = ("matplotlib.pyplot", "pandas", "scipy", "scipy.stats", "sklearn.base")
loaded = [name for name in names if sys.modules.get(name)]
print(f"without {' '.join(hidden) or 'nothing'}: {len(sys.modules)} modules in {seconds:.1f} s, {' '.join(loaded)}")
if hidden:
    assert loaded == ["scipy"] and len(sys.modules) < 3300, "fewer modules and packages"
else:
    assert len(loaded) == 5 and len(sys.modules) > 4000, "all of them"
END
bin/python count.py > /dev/null 2>&1 || true # once more, with compiled files
bin/python count.py 2> log.txt || { cat log.txt >&2; exit 1; }
bin/python count.py sklearn matplotlib pandas 2> log.txt || { cat log.txt >&2; exit 1; }
