"""The history of a training: a row per epoch in a CSV file, and progress on the terminal."""

import csv
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from emotion.training.checkpoint import Progress

Row = dict[str, float]

COLUMNS = ("epoch", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "best")


@contextmanager
def log(path: str | Path, earlier: list[Row]) -> Iterator[Callable[[Row], None]]:
    """Yield a function that appends a row to the CSV file, flushed at once, and prints it as one line.

    Args:
        path: The file, which is overwritten.
        earlier: The rows of a resumed training so far, written first.
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
            now = time.monotonic()
            with tqdm.external_write_mode():  # above the progress bar, if there is one
                print(_line(row), f"  {now - begun:.0f} s", sep="", flush=True)
            begun = now

        yield write


def progress_bar(progress: Progress, *, steps: int, epochs: int, batch_size: int) -> tqdm:
    """Return a bar of batches that shows images/s and the time left on a terminal, and nothing elsewhere."""
    done = len(progress.history) * steps + progress.batch
    total = epochs * steps
    return tqdm(initial=done, total=total, unit=" images", unit_scale=batch_size, leave=False, disable=None)


def _cells(row: Row) -> list[object]:
    return [row[name] if name in ("epoch", "best") else f"{row[name]:.6g}" for name in COLUMNS]


def _line(row: Row) -> str:
    return (
        f"epoch {row['epoch']:>3}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.2%}  "
        f"validation: loss {row['val_loss']:.4f}  accuracy {row['val_accuracy']:.2%}  "
        f"macro-F1 {row['val_macro_f1']:.2%}{'  best' if row['best'] else '      '}"
    )


def is_best(row: Row, earlier: list[Row], criterion: str) -> bool:
    """Return whether an epoch is better than all earlier ones by this column; a loss should be low."""
    sign = -1 if criterion == "val_loss" else 1
    return all(sign * row[criterion] > sign * other[criterion] for other in earlier)
