"""The search that params.yaml describes, and what each trial trains with."""

import copy
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from optuna.trial import FrozenTrial, Trial

from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.core.params import load
from emotion.core.params import read as read_params
from experiments.tuning.settings import Dimension, TuneSettings, check_space, get, put

LEARN, WEIGHTS, TARGETS = "data/learn.parquet", "data/class_weights.json", "data/targets.csv"


@dataclass(frozen=True)
class Search:
    """Everything on which the trials depend."""

    settings: TuneSettings
    params: dict[str, Any]  # sections `hardware` and `models`, the latter with this model alone
    data: Mapping[str, bytes]  # files by relative path, the same for all trials
    name: str  # differs with the model, the settings and the data

    def values(self, trial: Trial | FrozenTrial) -> dict[str, Any]:
        """Return what a trial sets, by dotted key; Optuna draws what the trial does not have yet."""
        space = self.settings.space.items()
        return {key: _suggest(trial, key, dimension, get(self.params, key)) for key, dimension in space}

    def params_of(self, trial: Trial) -> bytes:
        """Return the params.yaml with which a trial trains."""
        params = copy.deepcopy(self.params)
        for key, value in self.values(trial).items():
            put(params, key, value)
        return yaml.safe_dump(params, sort_keys=False).encode()


def read() -> Search:
    """Return the search that params.yaml and the data in this folder describe.

    Raises:
        InputError: Section `tune` is wrong, or data are missing.
    """
    settings = load("tune", TuneSettings)
    params = read_params()
    check_space(settings, params)
    params = {"hardware": params["hardware"], "models": {settings.model: params["models"][settings.model]}}
    params = json.loads(json.dumps(params))  # writes out what YAML's anchors share
    model = params["models"][settings.model]
    sources = {LEARN: LEARN, WEIGHTS: WEIGHTS, TARGETS: model["targets"]}
    missing = [path for path in sources.values() if not Path(path).exists()]
    if missing:
        raise InputError(f"{' and '.join(missing)} missing: run `make repro`, which makes the training data")
    data = {name: Path(path).read_bytes() for name, path in sources.items()}
    model["targets"] = TARGETS
    model["fit"]["epochs"] = settings.epochs
    described = json.dumps([settings.model_dump(exclude={"trials"}), params], sort_keys=True).encode()
    name = f"{settings.model}-{hashlib.sha256(b''.join([described, *data.values()])).hexdigest()[:12]}"
    data[LEARN] = _subsample(data[LEARN], settings.train_fraction, settings.seed)
    return Search(settings, params, data, name)


def _subsample(learn: bytes, fraction: float, seed: int) -> bytes:
    """Return data/learn.parquet with this fraction of each emotion's training faces and all validation faces."""
    table = pq.read_table(io.BytesIO(learn))
    training = np.array(table["subset"].to_pylist()) == "train"
    labels = np.array(table["label"].to_pylist())
    rng = np.random.default_rng(seed)
    kept = [np.flatnonzero(~training)]
    for emotion in EMOTIONS:
        rows = np.flatnonzero(training & (labels == emotion))
        kept.append(rng.permutation(rows)[: max(1, round(fraction * len(rows)))])
    sink = pa.BufferOutputStream()
    pq.write_table(table.take(np.sort(np.concatenate(kept))), sink)
    return sink.getvalue().to_pybytes()


def _suggest(trial: Trial | FrozenTrial, key: str, dimension: Dimension, current: Any) -> Any:
    """Return a choice; a whole number where params.yaml, low and high have one; else three significant digits."""
    if dimension.choices is not None:  # as JSON, because Optuna knows no lists
        return json.loads(trial.suggest_categorical(key, [json.dumps(choice) for choice in dimension.choices]))
    low, high = dimension.low, dimension.high
    assert low is not None and high is not None
    if type(current) is int and low.is_integer() and high.is_integer():
        return trial.suggest_int(key, int(low), int(high), log=dimension.log)
    return float(f"{trial.suggest_float(key, low, high, log=dimension.log):.3g}")
