"""Divide the faces into training, validation and test, and leave out what params.yaml does not want."""

import pyarrow.compute as pc
import pyarrow.parquet as pq

from emotion import errors
from emotion.data import exclusion, removal, splitting
from emotion.files import atomic, write_json
from emotion.params import load

COLUMNS = ["name", "label", "pixels", "blank", "part", "leaked"]


def main() -> None:
    """Write data/learn.parquet (train and validation), data/test.parquet and metrics/split.json."""
    settings, defects = load("split", splitting.SplitSettings), load("defects", removal.DefectSettings)
    listed = load("data", exclusion.ExcludeSettings).exclude
    unwanted = exclusion.excluded(listed)
    faces, audit = pq.read_table("data/faces.parquet"), pq.read_table("data/audit.parquet")
    exclusion.require_known(unwanted, faces["name"].to_pylist(), listed)
    everything = splitting.split(faces, audit, settings)
    staying, dropped = removal.act(everything, defects, unwanted)
    splitting.require_emotions(staying, everything["label"].to_pylist())
    is_test = pc.equal(staying["part"], "test")
    for name, wanted in {"data/learn.parquet": pc.invert(is_test), "data/test.parquet": is_test}.items():
        with atomic(name) as path:
            pq.write_table(staying.select(COLUMNS).filter(wanted), path, compression="zstd")
    summary = splitting.summarise(staying) | {"dropped": dropped}
    write_json("metrics/split.json", summary)
    sizes = [f"{part} {summary[part]['faces']}" for part in splitting.PARTS]
    print(", ".join([*sizes, f"dropped {sum(dropped.values())}"]))


if __name__ == "__main__":
    errors.run(main)
