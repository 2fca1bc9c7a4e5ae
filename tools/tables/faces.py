"""The tables of docs/faces.md: what detectors find."""

from tools.tables.benchmarks import Benchmark


def _found(kind: str, key: str) -> str:
    """Return the format of recall and, in brackets, false boxes a picture."""
    return f"{{{kind}[{key}][recall]:.0%}} ({{{kind}[{key}][false]:.2f}})"


face_recall = Benchmark(
    "face_detection",
    "face_detection",
    "`faces`: {planted[faces]:,} {faces_from} in {pictures[faces]:,} pictures; `heads`: {planted[heads]:,} heads of "
    "photographs in {pictures[heads]:,} pictures. Recall and, in brackets, false boxes a picture: with the minimum "
    "score that leaves 0.05 or 0.1 of them in other pictures, and with the detector's own. Time for 640x480 pixels on "
    "one core, median of {rounds} interleaved rounds; OpenCV {opencv}, {cpu}.",
    {
        "detector": "`{name}`",
        "faces, 0.05": _found("faces", "0.05"),
        "faces, 0.1": _found("faces", "0.1"),
        "faces, own score": _found("faces", "shipped"),
        "heads, 0.05": _found("heads", "0.05"),
        "heads, 0.1": _found("heads", "0.1"),
        "heads, own score": _found("heads", "shipped"),
        "CPU, ms": "{cpu_ms:.1f}",
        "wall, ms": "{wall_ms:.1f}",
        "times `haar`": "{cpu_ratio:.2f}",
    },
)
face_sizes = Benchmark(
    "face_detection",
    "face_detection",
    "Recall of `faces` by width and by rotation, with 0.1 false boxes a picture:",
    {
        "detector": "`{name}`",
        "40–63 px": "{faces[0.1][size][0]:.0%}",
        "64–119 px": "{faces[0.1][size][1]:.0%}",
        "120–300 px": "{faces[0.1][size][2]:.0%}",
        "0–6°": "{faces[0.1][turn][0]:.0%}",
        "7–13°": "{faces[0.1][turn][1]:.0%}",
        "14–20°": "{faces[0.1][turn][2]:.0%}",
    },
)


def face_detection() -> str:
    """Return both tables of face detection."""
    return f"{face_recall()}\n\n{face_sizes()}"
