"""Divide the faces into training, validation and test faces, without those that params.yaml drops."""

import pyarrow.compute as pc
import pyarrow.parquet as pq

from emotion.core import stage
from emotion.core.files import atomic, write_json
from emotion.core.params import load
from emotion.preparation import exclusion, removal, splitting
from emotion.preparation.settings import DefectSettings, ExcludeSettings, SplitSettings

COLUMNS = ["name", "label", "pixels", "blank", "subset", "leakage"]


def main() -> None:
    """Write data/learn.parquet (train and validation), data/test.parquet and metrics/split.json."""
    settings = load("split", SplitSettings)
    defects = load("defects", DefectSettings)
    exclusion_list = load("data", ExcludeSettings).exclude
    excluded = exclusion.excluded(exclusion_list)
    faces = pq.read_table("data/faces.parquet")
    exclusion.require_known(excluded, faces["name"].to_pylist(), exclusion_list)
    everything = splitting.split(faces, pq.read_table("data/audit.parquet"), settings)
    remaining, dropped = removal.act(everything, defects, excluded)
    splitting.require_emotions(remaining, everything["label"].to_pylist())
    is_test = pc.equal(remaining["subset"], "test")
    for name, rows in {"data/learn.parquet": pc.invert(is_test), "data/test.parquet": is_test}.items():
        with atomic(name) as path:
            pq.write_table(remaining.select(COLUMNS).filter(rows), path, compression="zstd")
    summary = splitting.summarise(remaining) | {"dropped": dropped}
    write_json("metrics/split.json", summary)
    sizes = [f"{subset} {summary[subset]['faces']}" for subset in splitting.SUBSETS]
    print(", ".join([*sizes, f"dropped {sum(dropped.values())}"]))


if __name__ == "__main__":
    stage.run(main)
