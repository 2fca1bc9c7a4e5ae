#!/bin/sh
# keras 3.15.1: config.json in a .keras file holds an address of the process's memory, as shared_object_id. So two runs with
# the same seeds write different networks to the disk, even without the date, which stands in metadata.json.
# Guessed: what describes the layers depends on the layers alone.
# Seen, for one network saved by two processes:
#   config.json differs, and only in shared_object_id
#   model.weights.h5: the same bytes
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet --no-compile keras==3.15.1 jax==0.10.2 numpy==2.4.6
export KERAS_HOME="$folder" KERAS_BACKEND=jax
cd "$folder"
cat > save.py <<'END'
import sys

import keras

keras.utils.set_random_seed(0)
network = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.BatchNormalization()])
network.save(sys.argv[1])
END
bin/python save.py first.keras
bin/python save.py second.keras
bin/python - <<'END'
import re
import zipfile

configs, weights = (
    [zipfile.ZipFile(name).read(part) for name in ("first.keras", "second.keras")]
    for part in ("config.json", "model.weights.h5")
)
assert configs[0] != configs[1]
assert len({re.sub(rb'"shared_object_id": \d+', b"", config) for config in configs}) == 1
assert weights[0] == weights[1]
print("config.json differs, and only in shared_object_id\nmodel.weights.h5: the same bytes")
END
