"""From what the sides measured to numbers and a table."""

import statistics
from typing import Any

from benchmarks.sides.rows import ROWS
from benchmarks.sides.turns import Measured
from benchmarks.sides.work import Work


def summarise(measured: Measured, given: Work) -> dict[str, Any]:
    """Return images a second of each side, how many times as fast this engine is, and what augmentation costs.

    Args:
        measured: Seconds and steps of every round, and what else a side measured.
        given: For the batch size and the labels.
    """
    size = given.fit.batch_size
    rows: dict[str, Any] = {}
    rates = {name: [size * one["steps"] / one["seconds"] for one in rounds] for name, rounds in measured.items()}
    for name, values in rates.items():
        ratios = [ours / other for ours, other in zip(rates["engine"], values, strict=True)]
        rows[name] = {
            "label": ROWS[name].label.format(precision=given.machine.precision),
            "images_s": round(statistics.median(values), 1),
            "images_s_range": [round(min(values), 1), round(max(values), 1)],
            "steps": measured[name][0]["steps"],
            "ratio": round(statistics.median(ratios), 3),
        }
    batch = statistics.median(one["batch_cpu_s"] for one in measured["engine_augmented"])
    step = statistics.median(one["seconds"] / one["steps"] for one in measured["engine"])
    return {
        "rounds": len(measured["engine"]),
        "rows": rows,
        "augmentation_share_of_a_step": round(batch / step, 4),
        "augmentation_slowdown": round(rows["engine_augmented"]["ratio"] - 1, 3),
        "idle_cpu_share": round(max(map(idle_share, measured.values())), 4),
    }


def idle_share(rounds: list[dict[str, float]]) -> float:
    """Return what share of a core a side used while others were measured."""
    return sum(one["idle_cpu_s"] for one in rounds) / sum(one["idle_s"] for one in rounds)


def table(summary: dict[str, Any]) -> str:
    """Return the numbers as a person reads them."""
    rows, widths = summary["rows"], "-".join(map(str, summary["widths"]))
    what = f"{summary['precision']}, batch {summary['batch_size']}, widths {widths}"
    lines = [f"training cnn, images a second; {summary['cpu']}, {summary['threads']} threads, {what}"]
    lines.append(f"{'':44}  median   range            this engine is so many times as fast")
    for name, row in rows.items():
        low, high = row["images_s_range"]
        aim = f"  (aim: {ROWS[name].aim})" if ROWS[name].aim else ""
        ratio = f"{row['ratio']:.2f}{aim}" if name != "engine" else ""
        lines.append(f"{row['label']:44} {row['images_s']:7.1f}   {f'{low:.1f} - {high:.1f}':15}  {ratio}".rstrip())
    if "pytorch" not in rows:
        lines.append("PyTorch is not installed here, so its row is missing.")
    share, slowdown = summary["augmentation_share_of_a_step"], summary["augmentation_slowdown"]
    lines.append(f"Augmenting a batch takes one core {share:.2%} of the time of a step (aim: under 3 %);")
    lines.append(f"by the rates of the first two rows, a step is {slowdown:+.1%} longer with it.")
    waiting = f"a side that waited used {summary['idle_cpu_share']:.1%} of a core at most"
    return "\n".join([*lines, f"Medians of {summary['rounds']} rounds, ratios within a round; {waiting}."])
