"""Write the tables of docs/deploy.md and docs/scoring.md from what was measured: python -m tools.serving_pages."""

from pathlib import Path
from typing import Any

from benchmarks.api_load import patience
from emotion import errors
from emotion.files import atomic
from tools.data_card import filled
from tools.data_card_tables import markdown
from tools.results_speed import read

DEPLOY, SCORING = Path("docs/deploy.md"), Path("docs/scoring.md")
SIDES = {"api": "this API", "usual": "Flask and Keras"}
KINDS = {"cropped": "a cropped face", "photographs": "a photograph"}
WAYS = {"processes": "processes", "ray": "Ray Data"}


def main() -> None:
    """Write them; what is typed around them stays."""
    measured = read()
    for page, name, write, command in (
        (DEPLOY, "api_load", load, "python -m benchmarks.api_load"),
        (SCORING, "bulk_scoring", bulk, "make bulk-benchmark"),
    ):
        content = write(measured[name]) if name in measured else f"Still to be measured: `{command}`."
        text = filled(page.read_text(encoding="utf-8"), name, content, page)
        with atomic(page) as path:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(page)


def load(numbers: dict[str, Any]) -> str:
    """Return what many clients met at once, and what that is beside one client alone and beside the usual way."""
    header = ("request", "server", "alone, ms", "median, ms", "99 %, ms", "requests/s", "requests", "errors", "MB")
    rows = [
        [
            what,
            server,
            *(f"{row[name]:.1f}" for name in ("single_ms", "p50_ms", "p99_ms")),
            f"{row['requests_s']:,.0f}",
            f"{row['requests']:,}",
            f"{row['errors']:,}",
            f"{row['mb_after_a_tenth']:.0f} – {row['mb']:.0f}",
        ]
        for kind, what in KINDS.items()
        for side, server in SIDES.items()
        for row in [numbers[f"{side}_{kind}"]]
    ]
    faces, whole = (numbers[f"api_{kind}"]["requests_s"] / numbers[f"usual_{kind}"]["requests_s"] for kind in KINDS)
    count, cores, wait = numbers["clients"], numbers["cores"], patience(numbers)
    return (
        f"`{numbers['model']}`, {count} clients, {cores} cores ({numbers['cpu']}):\n\n"
        + markdown(header, rows)
        + f"\n\nThat is {faces:.1f} times the usual way's requests for cropped faces, {whole:.1f} for photographs.\n"
        f"Of 100 photographs 99 are answered within {wait:.2f} x {count} clients x one alone / {cores} cores.\n"
        "MB: the server's memory after a tenth of the requests and in the end."
    )


def bulk(numbers: dict[str, Any]) -> str:
    """Return a line for each run."""
    header = ("way", "faces", "seconds", "faces/s", "of ONNX Runtime's own", "MB, median (most)", "growth, MB a minute")
    rows = [
        [
            WAYS[run["way"]],
            f"{run['faces']:,}",
            f"{run['seconds']:,.0f}",
            f"{run['faces_s']:,.0f}",
            f"{run['share']:.0%}",
            f"{run['median_mb']:,.0f} ({run['most_mb']:,.0f})" if "median_mb" in run else f"({run['most_mb']:,.0f})",
            f"{run['mb_per_minute']:.1f}" if "mb_per_minute" in run else "–",
        ]
        for run in numbers["runs"]
    ]
    return (
        f"`{numbers['model']}`, {numbers['workers']} cores ({numbers['cpu']}), batches of {numbers['batch']}; "
        f"ONNX Runtime alone: {numbers['own_faces_s']:,.0f} faces/s.\n\n" + markdown(header, rows)
    )


if __name__ == "__main__":
    errors.run(main)
