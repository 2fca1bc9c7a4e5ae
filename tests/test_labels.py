"""What the data sets of the field call the seven emotions, and what number they give them."""

import pytest

from emotion.core import labels, subsets

# As the data sets' own files and folders write them, in the order of EMOTIONS.
NAMES = {
    "FER-2013": "angry disgust fear happy neutral sad surprise",
    "FER+": "anger disgust fear happiness neutral sadness surprise",
    "AffectNet": "Anger Disgust Fear Happy Neutral Sad Surprise",
    "RAF-DB": "Anger Disgust Fear Happiness Neutral Sadness Surprise",
    "CK+": "anger disgust fear happy neutral sadness surprise",
    "KDEF": "angry disgusted afraid happy neutral sad surprised",
    "KDEF's files": "AN DI AF HA NE SA SU",
    "JAFFE's files": "AN DI FE HA NE SA SU",
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("spelling", [str, str.upper, str.lower, str.title])
def test_the_names_of_a_data_set_mean_the_seven_emotions(names: str, spelling: type[str]):
    assert tuple(labels.meaning(spelling(name)) for name in names.split()) == labels.EMOTIONS


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Contempt", "contempt"),
        ("None", "none"),
        ("Uncertain", "unknown"),
        ("No-Face", "not_a_face"),
        ("not a face", "not_a_face"),
        ("NF", "not_a_face"),
    ],
)
def test_labels_that_are_none_of_the_seven_keep_their_own_name(name: str, label: str):
    assert labels.meaning(name) == label and label in labels.OTHERS


@pytest.mark.parametrize("name", ["joy", "happily surprised", "happy 2", "", "3", "-1", "7"])
def test_any_other_name_is_unknown(name: str):
    assert labels.meaning(name) is None


@pytest.mark.parametrize(
    ("order", "first", "names"),
    [
        ("fer2013", 0, "angry disgust fear happy sad surprise neutral"),
        ("affectnet", 0, "neutral happy sad surprise fear disgust angry contempt none unknown not_a_face"),
        ("rafdb", 1, "surprise fear disgust happy sad angry neutral"),
    ],
)
def test_numbers_follow_the_order_of_their_data_set(order: str, first: int, names: str):
    numbers = range(first, first + len(names.split()))
    assert [labels.meaning(str(number), order) for number in numbers] == names.split()
    assert labels.meaning(str(numbers.stop), order) is None
    assert labels.meaning("Happiness", order) == "happy"


@pytest.mark.parametrize(
    ("official", "names"),
    [
        ("Training", "train Training TRAIN training_set train-images FER2013Train trainset AffectNet_train"),
        ("Validation", "val valid validation dev Development VALID val_images FER2013Valid"),
        ("Test", "test testing Test_set images_test FER2013Test"),
        ("PublicTest", "PublicTest public_test"),
        ("PrivateTest", "PrivateTest private-test"),
    ],
)
def test_a_subset_has_many_names(official: str, names: str):
    assert {subsets.meaning(name) for name in names.split()} == {official}


@pytest.mark.parametrize("name", ["train_test_split", "latest", "contest", "data", "holdout", "", "dataset" * 30])
def test_a_name_that_only_holds_such_a_word_is_no_subset(name: str):
    assert subsets.meaning(name) is None
