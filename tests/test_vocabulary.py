"""The project speaks the field's language: words of its first version must not come back."""

import re
import subprocess

import pytest

from tests.source import ROOT

WORDS = [
    r"\bteach(es|ing|_again)?\b",
    r"\bpupils?\b",
    r"\bjudges?\b",
    r"\bHOPELESS\b",
    r"\bat hand\b",
    r"\bgo(es|ing)? on\b",
    r"\b(averaged|single) looks?\b",
    r"\bgiven labels?\b",
    r"\bsuspects\b",
]
ALLOWED = ["tests/test_vocabulary.py"]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The project's code and pages by path."""
    patterns = ["*.py", "*.md", "*.ipynb", "dvc.yaml", "params.yaml", "Makefile"]
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {path: (ROOT / path).read_text("utf-8") for path in listed if path not in ALLOWED and (ROOT / path).exists()}


@pytest.mark.parametrize("word", WORDS)
def test_no_page_or_module_uses_a_word_of_the_old_dialect(texts: dict[str, str], word: str):
    assert [path for path, text in texts.items() if re.search(word, text)] == []
