"""Label issues: folds, what confident learning lists, and in which order."""

from pathlib import Path

import numpy as np
import pytest

from emotion.audit import label_issues
from emotion.audit.label_issues import LabelIssue
from emotion.core.errors import InputError
from emotion.core.labels import EMOTIONS
from emotion.exploration import gallery
from emotion.preparation import exclusion

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")


def _faces(count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return random pixels, each picture twice in a row, and labels, all emotions in turn."""
    rng = np.random.default_rng(seed)
    pixels = np.repeat(rng.integers(0, 256, (count // 2, 48, 48), np.uint8), 2, axis=0)
    return pixels, np.arange(count) // 2 % len(EMOTIONS)


def _probabilities(labels: np.ndarray, confidence: float = 0.7, seed: int = 1) -> np.ndarray:
    """Return the predictions of a good model, with some noise."""
    noise = np.random.default_rng(seed).dirichlet(np.ones(len(EMOTIONS)), len(labels))
    return (confidence * np.eye(len(EMOTIONS))[labels] + (1 - confidence) * noise).astype(np.float32)


def test_folds_are_stratified_and_keep_exact_duplicates_together():
    pixels, labels = _faces(840)
    order = np.random.default_rng(2).permutation(len(labels))
    folds = label_issues.folds_of(pixels[order], labels[order], folds=3, seed=1)
    duplicates = folds[np.argsort(order)].reshape(-1, 2)
    assert (duplicates[:, 0] == duplicates[:, 1]).all()
    for emotion in range(len(EMOTIONS)):
        assert np.bincount(folds[labels[order] == emotion], minlength=3) == pytest.approx(40, abs=2)


def test_folds_follow_from_the_seed():
    pixels, labels = _faces(280)
    first, again, other = (label_issues.folds_of(pixels, labels, folds=3, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize("count", [2, 4], ids=["fewer than folds", "fewer pictures than folds"])
def test_too_few_faces_are_an_error_that_names_the_param(count: int):
    pixels, labels = _faces(count)
    with pytest.raises(InputError, match=r"label_audit\.folds: "):
        label_issues.folds_of(pixels, labels * 0, folds=3, seed=1)


def test_labels_that_contradict_the_predictions_are_issues_and_first():
    truth = np.arange(700) % len(EMOTIONS)
    wrong = np.arange(0, 700, 20)
    labels = truth.copy()
    labels[wrong] = (truth[wrong] + 1 + np.arange(len(wrong)) % 6) % len(EMOTIONS)
    probabilities = _probabilities(truth)
    audited = label_issues.find(labels, probabilities)
    assert audited.quality == pytest.approx(probabilities[np.arange(700), labels], abs=1e-6)
    issues = set(np.flatnonzero(audited.is_issue))
    assert issues < set(wrong) and len(issues) > 0.7 * len(wrong)
    names = [f"{face:03}" for face in range(700)]
    listed = label_issues.ranked(audited, names, 2000)
    assert {face.position for face in listed} == set(wrong), "a label that is predicted is never listed"
    assert [face.label_quality for face in listed] == sorted(face.label_quality for face in listed)
    assert all(face.predicted_label == EMOTIONS[truth[face.position]] for face in listed)
    assert all(face.label == EMOTIONS[labels[face.position]] for face in listed)
    assert label_issues.ranked(audited, names, 5) == listed[:5]


def test_faces_of_equal_label_quality_are_ordered_by_name():
    alike = np.array([0.1, 0.9, 0, 0, 0, 0, 0], np.float32)
    audited = label_issues.find(np.zeros(6, int), np.stack([alike] * 6))
    assert [face.name for face in label_issues.ranked(audited, list("dbfaec"), 4)] == ["a", "b", "c", "d"]


def test_without_some_emotions_issues_are_found_and_all_pairs_counted():
    truth = np.where(np.arange(200) % 2, HAPPY, SAD)
    labels = truth.copy()
    labels[:10] = np.where(truth[:10] == SAD, HAPPY, SAD)
    audited = label_issues.find(labels, _probabilities(truth))
    assert {face.position for face in label_issues.ranked(audited, ["x"] * 200, 20)} == set(range(10))
    issues = audited.is_issue.sum()
    assert 5 <= issues <= 10
    pairs = {f"label_{label}": {f"predicted_{other}": 0 for other in EMOTIONS if other != label} for label in EMOTIONS}
    pairs["label_happy"]["predicted_sad"] = (audited.is_issue & (labels == HAPPY)).sum()
    pairs["label_sad"]["predicted_happy"] = (audited.is_issue & (labels == SAD)).sum()
    counts = {"faces": 200, "out_of_fold_accuracy": 0.95, "listed": 20, "label_issues": issues, "by_label": pairs}
    assert label_issues.summarise(audited, listed=20) == counts


def test_a_written_list_excludes_exactly_its_names(tmp_path: Path):
    names = ['Training/sad/a, "b".png', "Training/sad/new\nline.png", "Training/sad/Zoë 表情.png"]
    issues = [LabelIssue(rank, name, "fear", "surprise", rank / 1000) for rank, name in enumerate(names)]
    label_issues.write(issues, tmp_path / "list.csv")
    assert exclusion.excluded(str(tmp_path / "list.csv")) == set(names)
    first, *_, last = (tmp_path / "list.csv").read_text(encoding="utf-8").splitlines()
    assert last == "Training/sad/Zoë 表情.png,fear,surprise,0.002000"
    label_issues.write([], tmp_path / "list.csv")
    assert (tmp_path / "list.csv").read_text() == f"{first}\n" == "name,label,predicted_label,label_quality\n"


def test_the_sheet_shows_the_worst_49():
    pixels = np.random.default_rng(1).integers(0, 256, (60, 48, 48), np.uint8)
    words = [text.get_text() for text in gallery.label_issues(pixels, [("fear", "surprise")] * 60).texts]
    assert "1. fear → surprise" in words and "49. fear → surprise" in words and len(words) == 50
    assert "none" in [text.get_text() for text in gallery.label_issues(pixels[:0], []).texts]
