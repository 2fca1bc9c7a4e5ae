"""Find duplicates, near-duplicates, blank pictures, pictures without a face and label conflicts."""

import pyarrow.parquet as pq

from emotion.audit import auditing
from emotion.audit.settings import AuditSettings
from emotion.core import stage
from emotion.core.files import atomic, write_json
from emotion.core.params import load


def main() -> None:
    """Write data/audit.parquet, data/near_duplicates.parquet and metrics/audit.json."""
    settings = load("audit", AuditSettings)
    faces = auditing.read("data/faces.parquet")
    audited, pairs = auditing.audit(faces, settings)
    summary = auditing.summarise(faces, audited, pairs)
    for name, table in {"data/audit.parquet": audited, "data/near_duplicates.parquet": pairs}.items():
        with atomic(name) as path:
            pq.write_table(table, path, compression="zstd")
    write_json("metrics/audit.json", summary)
    print(", ".join(f"{kind}s: {summary[f'{kind}s']['groups']} groups" for kind in auditing.KINDS))


if __name__ == "__main__":
    stage.run(main)
