"""The history of a training: a row per epoch, in a CSV file and on the screen."""

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

Row = dict[str, float]

COLUMNS = ("epoch", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "best")


@contextmanager
def log(path: str | Path, earlier: list[Row]) -> Iterator[Callable[[Row], None]]:
    """Give a function that adds a row to the CSV file, on the disk at once, and prints it as one line.

    Args:
        path: The file; what it held is replaced.
        earlier: Rows with which it begins, of a training that goes on.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(map(_cells, earlier))
        begun = time.monotonic()

        def write(row: Row) -> None:
            nonlocal begun
            rows.writerow(_cells(row))
            file.flush()
            seconds, begun = time.monotonic() - begun, time.monotonic()
            with tqdm.external_write_mode():  # above the live bar, if there is one
                print(_line(row), f"  {seconds:.0f} s", sep="", flush=True)

        yield write


def _cells(row: Row) -> list[object]:
    return [row[name] if name in ("epoch", "best") else f"{row[name]:.6g}" for name in COLUMNS]


def _line(row: Row) -> str:
    return (
        f"epoch {row['epoch']:>3}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.2%}  "
        f"validation: loss {row['val_loss']:.4f}  accuracy {row['val_accuracy']:.2%}  "
        f"macro-F1 {row['val_macro_f1']:.2%}{'  best' if row['best'] else '      '}"
    )


def is_best(row: Row, earlier: list[Row], criterion: str) -> bool:
    """Return whether an epoch is better than all earlier ones; of a loss, less is better."""
    sign = -1 if criterion == "val_loss" else 1
    return all(sign * row[criterion] > sign * other[criterion] for other in earlier)
