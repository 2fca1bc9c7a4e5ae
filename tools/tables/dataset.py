"""The tables of the data card, docs/data.md, from metrics/ and params.yaml."""

import csv
from collections import Counter
from pathlib import Path

from emotion.core import params
from emotion.core.labels import EMOTIONS
from tools.tables.markdown import NotMeasuredError, read, table

DEFECTS = {
    "exact_duplicates": ("exact duplicates", "{groups:,} groups of {faces:,} faces"),
    "near_duplicates": ("near-duplicates, exact and mirrored ones included", "{groups:,} groups of {faces:,} faces"),
    "label_conflicts": ("exact duplicates with several labels", "{groups:,} groups of {faces:,} faces"),
    "blank": ("blank: one gray value all over", "{count:,}"),
    "almost_blank": ("blank, or hardly any contrast", "{count:,}"),
    "not_a_face": ("not a face, by a score", "median {median:.2f}, one in 1,000 above {one_in_1000:.2f}"),
}
IN_TRAINING = "_in_Training"  # how metrics/audit.json names what another subset shares with Training


def counts() -> str:
    """Return how many faces there are of each emotion, in the archive and in each subset."""
    clean, split = read("metrics/clean.json"), read("metrics/split.json")
    columns = {"emotion": "{name}", "in the archive": "{archive:,}", "share": "{share:.1%}"}
    columns |= {subset: f"{{{subset}:,}}" for subset in ("train", "validation", "test")}
    rows = []
    for name, count in [*((emotion, clean["per_emotion"][emotion]) for emotion in EMOTIONS), ("all", clean["faces"])]:
        subsets = {subset: split[subset]["faces" if name == "all" else name] for subset in list(columns)[3:]}
        rows.append({"name": name, "archive": count, "share": count / clean["faces"], **subsets})
    reasons = [f"{count:,} x {reason}" for reason, count in clean["set_aside"].items() if reason != "total"]
    set_aside = f"{clean['set_aside']['total']:,} files set aside" + (f" ({', '.join(reasons)})" if reasons else "")
    pictures = f"{clean['faces']:,} faces, {clean['distinct_pictures']:,} distinct pictures among them; {set_aside}."
    return f"{pictures}\n\n{table(columns, rows)}"


def defects() -> str:
    """Return what the audit found, and what is done about it."""
    audit, dropped = read("metrics/audit.json"), read("metrics/split.json")["dropped"]
    settings = params.read()["defects"]
    rows = []
    for name, (what, text) in DEFECTS.items():
        found = audit[name] if isinstance(audit[name], dict) else {"count": audit[name]}
        param = {"name": name, "value": settings[name], "dropped": dropped[name]}
        rows.append({"what": what, "found": text.format_map(found), **param})
    columns = {"defect": "{what}", "found": "{found}", "param": "`defects.{name}: {value}`", "dropped": "{dropped:,}"}
    return table(columns, rows)


def leakage() -> str:
    """Return how many faces of the official test and validation subsets have a duplicate in Training."""
    audit, test = read("metrics/audit.json"), read("metrics/split.json")["test"]
    rows = [{"name": name.removesuffix(IN_TRAINING), **audit[name]} for name in audit if name.endswith(IN_TRAINING)]
    columns = {
        "subset": "{name}",
        "exact": "{exact_duplicates:,}",
        "or mirrored": "{mirrored_duplicates:,}",
        "or near": "{near_duplicates:,}",
    }
    both = test["exact_leakage"] + test["near_leakage"]
    return (
        f"Faces with a duplicate in Training:\n\n{table(columns, rows)}\n\n"
        f"Scores without exact leakage leave out {test['exact_leakage']:,} of {test['faces']:,} test faces, "
        f"those without any leakage {both:,} ({both / test['faces']:.1%})."
    )


def label_issues() -> str:
    """Return how many label issues there are, and the most frequent ones of the list."""
    audit, listed = read("metrics/label_audit.json"), Path("metrics/label_issues.csv")
    if not listed.exists():
        raise NotMeasuredError(str(listed))
    with listed.open(newline="", encoding="utf-8") as file:
        pairs = Counter((row["label"], row["predicted_label"]) for row in csv.DictReader(file))
    most = ", ".join(f"{label} → {predicted} ({count:,})" for (label, predicted), count in pairs.most_common(5))
    return (
        f"{audit['label_issues']:,} of {audit['faces']:,} labels of training faces "
        f"({audit['label_issues'] / audit['faces']:.1%}) are label issues by confident learning on out-of-fold "
        "predictions. Many are false positives, where the network itself errs.\n"
        f"The list holds the {pairs.total():,} least probable, most often (label → predicted label) {most}."
    )


def of_votes() -> str:
    """Return what the annotators' votes say of the labels, of the audit and of the label issues."""
    found = read("metrics/vote_audit.json")
    subsets = {name: one for name, one in found.items() if "label_is_majority" in one}
    rows = [{"name": name, **one} for name, one in subsets.items() if one["with_votes"]]
    if not rows:
        return "There are no votes for these faces."
    columns = {"subset": "{name}", "faces": "{faces:,}", "with a majority": "{with_majority:,}"}
    columns |= {"label is the majority": "{label_is_majority:.1%}"}
    columns |= {label: f"{{label_is_majority_by_label[{label}]:.0%}}" for label in EMOTIONS}
    first_100, first_500, every = (found["label_issues"][f"precision_{n}"] for n in ("first_100", "first_500", "all"))
    return (
        f"{table(columns, rows)}\n\n"
        "Where the annotators have a majority, it contradicts "
        f"{first_100:.0%} of the first 100 listed labels, {first_500:.0%} of the first 500 and {every:.0%} of all. "
        f"Most annotators, too, see no face in {found['audit_not_a_face']['precision']:.0%} of the "
        f"{found['audit_not_a_face']['flagged']:,} pictures that the audit flags as none."
    )
