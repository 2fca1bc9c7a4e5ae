"""The history of a training: a row per epoch, in a CSV file and on the screen."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Row = dict[str, float]

COLUMNS = ("epoch", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "best")


@contextmanager
def log(path: str | Path) -> Iterator[Callable[[Row], None]]:
    """Give a function that adds a row to the CSV file, on the disk at once, and prints it as one line."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)

        def write(row: Row) -> None:
            rows.writerow([row[name] if name in ("epoch", "best") else f"{row[name]:.6g}" for name in COLUMNS])
            file.flush()
            print(
                f"epoch {row['epoch']:>3}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.2%}  "
                f"validation: loss {row['val_loss']:.4f}  accuracy {row['val_accuracy']:.2%}  "
                f"macro-F1 {row['val_macro_f1']:.2%}{'  best' if row['best'] else ''}",
                flush=True,
            )

        yield write


def is_best(row: Row, earlier: list[Row], criterion: str) -> bool:
    """Return whether an epoch is better than all earlier ones; of a loss, less is better."""
    sign = -1 if criterion == "val_loss" else 1
    return all(sign * row[criterion] > sign * other[criterion] for other in earlier)
