"""What a search is about: its settings, the model's params and the faces; and what each trial gets of them."""

import copy
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml
from optuna.trial import FrozenTrial, Trial

from emotion.errors import InputError
from emotion.params import load
from tools import tune_study
from tools.fewer_faces import share_of
from tools.tune_settings import TuneSettings, check_space, put, values

LEARN, WEIGHTS, TARGETS = "data/learn.parquet", "data/class_weights.json", "data/targets.csv"


@dataclass(frozen=True)
class Search:
    """Everything that trials follow from."""

    settings: TuneSettings
    params: dict[str, Any]  # sections training and models of params.yaml, the latter with this model alone
    data: Mapping[str, bytes]  # files by relative path, the same for all trials
    name: str  # another one for another model, other settings or data

    def tried(self, trial: Trial | FrozenTrial) -> dict[str, Any]:
        """Return what a trial sets, by dotted key; Optuna draws what is not settled yet."""
        return values(self.settings, self.params, trial)

    def files(self, trial: Trial) -> dict[str, bytes]:
        """Return what a trial trains with."""
        params = copy.deepcopy(self.params)
        for key, value in self.tried(trial).items():
            put(params, key, value)
        return {**self.data, "params.yaml": yaml.safe_dump(params, sort_keys=False).encode()}

    def row(self, trial: FrozenTrial) -> dict[str, Any]:
        """Return a finished trial's line of the table."""
        told = {"trial": trial.number, "state": tune_study.state(trial), "epochs": len(trial.intermediate_values)}
        return {**told, "val_accuracy": tune_study.best(trial), **self.tried(trial)}


def read() -> Search:
    """Return the search that params.yaml and the data here describe.

    Raises:
        InputError: Section tune is wrong, or the data are not here.
    """
    settings = load("tune", TuneSettings)
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    check_space(settings, params)
    params = {"training": params["training"], "models": {settings.model: params["models"][settings.model]}}
    params = json.loads(json.dumps(params))  # so that what YAML's anchors share is written out
    model = params["models"][settings.model]
    sources = {LEARN: LEARN, WEIGHTS: WEIGHTS, TARGETS: model["targets"]}
    missing = [path for path in sources.values() if not Path(path).exists()]
    if missing:
        raise InputError(f"{' and '.join(missing)} missing: run `make repro`, which makes what models learn from")
    data = {name: Path(path).read_bytes() for name, path in sources.items()}
    model["targets"], model["fit"]["epochs"] = TARGETS, settings.epochs
    told = json.dumps([settings.model_dump(exclude={"trials"}), params], sort_keys=True).encode()
    name = f"{settings.model}-{hashlib.sha256(b''.join([told, *data.values()])).hexdigest()[:12]}"
    return Search(settings, params, data | {LEARN: _part(data[LEARN], settings.share, settings.seed)}, name)


def _part(learn: bytes, share: float, seed: int) -> bytes:
    """Return the table of faces with a share of each emotion's training faces and all validation faces."""
    written = io.BytesIO()
    pq.write_table(share_of(pq.read_table(io.BytesIO(learn)), share, seed), written)
    return written.getvalue()
