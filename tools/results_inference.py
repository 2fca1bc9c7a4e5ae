"""What README says of the speed of classifying, from benchmarks/results.json."""

from typing import Any

COLUMNS = (
    "file",
    "import, s",
    "first answer, s",
    "a face, ms",
    "a face of 32, ms",
    "a picture, ms",
    "pictures/s",
    "right of {faces}",
    "found of {frames} faces (and labelled rightly)",
    "false boxes",
)
TIMES = {"import_s": 2, "first_answer_s": 2, "face_ms": 2, "batch_face_ms": 2, "frame_ms": 0}  # decimals
Numbers = dict[str, Any]  # what one benchmark measured, by the names that it uses


def section(measured: dict[str, Numbers]) -> str:
    """Return the part on classifying in Markdown; nothing where nothing of it was measured."""
    speed = [_speed(measured["inference_speed"])] if "inference_speed" in measured else []
    soaks = [_soak(measured[name]) for name in sorted(measured) if name.startswith("soak_")]
    return "\n\n".join([*speed, *(["\n".join(soaks)] if soaks else [])])


def _speed(numbers: Numbers) -> str:
    """Return the table of all files and of `fer`, between what was measured, and how."""
    versions = ", ".join(f"{name} {version}" for name, version in numbers["versions"].items())
    faces = f"{numbers['faces']:,} {'drawn' if numbers['drawn'] else 'PublicTest'} faces"
    columns = [column.format(faces=faces, frames=numbers["frames"]) for column in COLUMNS]
    rows = [columns, ["---"] * len(columns), *(_row(name, row) for name, row in numbers["rows"].items())]
    return "\n".join([
        f"Classifying faces, on {numbers['cpu']}; {versions}. A face: the network alone, one core. A picture: 640x480",
        "pixels, its one face is found and classified, on two cores. The first answer counts from the process's start.",
        "",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        f"Medians (ranges) of {numbers['rounds']} rounds, in which all took turns; × fer: within a round."
        + ("" if numbers["drawn"] else " PublicTest also chose our models and epochs, which flatters them a little."),
    ])  # fmt: skip


def _row(name: str, row: Numbers) -> list[str]:
    return [
        name,
        *(_time(name, row, key, digits) for key, digits in TIMES.items()),
        f"{1000 / row['frame_ms']:.0f}",
        f"{100 * row['accuracy']:.1f} %",
        f"{row['found']} ({row['found_and_right']})",
        str(row["false_boxes"]),
    ]


def _time(name: str, row: Numbers, key: str, digits: int) -> str:
    low, high = row[f"{key}_range"]
    ratio = f", {row[f'{key}_ratio']:.2f} × fer" if f"{key}_ratio" in row and name != "fer" else ""
    return f"{row[key]:.{digits}f} ({low:.{digits}f} – {high:.{digits}f}){ratio}"


def _soak(numbers: Numbers) -> str:
    threads = f"{numbers['threads']} thread{'s' * (numbers['threads'] > 1)}"
    memory = f"{numbers['warm_mb']:.1f} MB after a warm-up, {numbers['last_mb']:.1f} MB in the end"
    line = f"the fitted line grows by {numbers['mb_per_10000_calls']:.2f} MB in 10,000 calls"
    return f"- Memory over {numbers['calls']:,} calls by {threads} ({numbers['model']}): {memory}; {line}."
