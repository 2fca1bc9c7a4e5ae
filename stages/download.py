"""Collect all faces in one archive: python -m stages.download."""

from pathlib import Path

from emotion.core import stage
from emotion.core.files import write_csv
from emotion.core.params import load
from emotion.detection.mtcnn import MTCNN
from emotion.sources import archive, collect
from emotion.sources.naming import Found
from emotion.sources.settings import DataSettings
from emotion.synthetic.drawn import draw_faces

TARGET = Path("data/faces.zip")
REFUSED = Path("metrics/refused.csv")


def main() -> None:
    """Write data/faces.zip from the sources that params.yaml names, and metrics/refused.csv."""
    settings = load("data", DataSettings)
    found = Found()
    drawn = draw_faces(settings.sample.faces, settings.sample.seed)
    detector = MTCNN() if settings.crop == "faces" else None
    count = archive.write(collect.faces(settings, drawn=drawn, detector=detector, found=found), TARGET)
    write_csv(REFUSED, [{"name": name, "reason": reason} for name, reason in sorted(found.refused)], ["name", "reason"])
    origin = settings.source if settings.extra == collect.NO_EXTRA else f"{settings.source} and {settings.extra}"
    print(f"{TARGET}: {count:,} faces from {origin}")
    for line in found.lines():
        print(line)


if __name__ == "__main__":
    stage.run(main)
