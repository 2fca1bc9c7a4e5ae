"""Find copies, near copies, blank pictures, what looks like no face, and labels that conflict."""

import pyarrow.parquet as pq

from emotion import errors
from emotion.data import auditing
from emotion.files import atomic, write_json
from emotion.params import load


def main() -> None:
    """Write data/audit.parquet, data/near_pairs.parquet and metrics/audit.json."""
    settings = load("audit", auditing.AuditSettings)
    faces = pq.read_table("data/faces.parquet", columns=["name", "official", "label", "pixels", "blank"])
    audited, pairs = auditing.audit(faces, settings)
    summary = auditing.summarise(faces, audited, pairs)
    for name, table in {"data/audit.parquet": audited, "data/near_pairs.parquet": pairs}.items():
        with atomic(name) as path:
            pq.write_table(table, path, compression="zstd")
    write_json("metrics/audit.json", summary)
    print(", ".join(f"{kind}: {summary[kind]['groups']} groups" for kind in auditing.KINDS))


if __name__ == "__main__":
    errors.run(main)
