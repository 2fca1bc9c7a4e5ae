"""The subsets of a data set, and what people call them."""

import re

# Which subset becomes of each one that an archive names; its faces have none where it says All.
OFFICIAL = {
    "Training": "train",
    "Extra": "train",
    "PublicTest": "validation",
    "Validation": "validation",
    "PrivateTest": "test",
    "Test": "test",
}
NO_SUBSET = "All"
_WORDS = {
    "Training": ("training", "train"),
    "Validation": ("validation", "validate", "valid", "val", "development", "dev"),
    "Test": ("testing", "test"),
    "PublicTest": ("publictest",),
    "PrivateTest": ("privatetest",),
}
_MEANINGS = {word: name for name, words in _WORDS.items() for word in words}
# As in FER2013Train, test-images, Training set.
_AROUND = "(?:fer|ferplus|affectnet|rafdb|kdef|jaffe|ck|images?|imgs?|faces?|pictures?|dataset|data|set|split){0,3}"
_NAME = re.compile(f"{_AROUND}({'|'.join(_MEANINGS)}){_AROUND}")


def meaning(name: str) -> str | None:
    """Return which of OFFICIAL a name means, such as Validation for dev, val_images or `Valid`; None for any other."""
    match = _NAME.fullmatch(re.sub(r"[\W\d_]+", "", name).lower())
    return _MEANINGS[match[1]] if match else None
