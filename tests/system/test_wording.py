"""Every string a user can read describes a measurement; none names a state of mind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition.events.vocabulary import load_vocabulary
from viewer.model.wording import forbidden

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("acquisition", "processing", "viewer", "device_profiles")
NOTICE = (
    "Research use only. Not a medical device. Not for diagnosis, treatment decisions or emergency detection."
)
WORD_LIST = ROOT / "viewer" / "model" / "wording.py"
INSTRUMENTS = (
    "noise stress", "Noise stress", "resistance", "Hypothesis", "from hypothesis", "frozen=True",
)  # fmt: skip
"""Words that are no statement about a person: a test, the skin's electrical resistance, names of Python."""


def sources() -> list[Path]:
    return [p for folder in FOLDERS for p in sorted((ROOT / folder).rglob("*.py")) if p != WORD_LIST]


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and text of every string that is not a docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def offending(text: str) -> list[str]:
    """Return the forbidden words of a text but for what is exempt."""
    for exempt in (NOTICE, *INSTRUMENTS, *load_vocabulary().codes):
        text = text.replace(exempt, " ")
    return forbidden(text)


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_string_of_the_product_names_a_state_of_mind(path: Path) -> None:
    found = [(line, words) for line, text in strings(path) if (words := offending(text))]
    assert not found


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda p: p.name
)
def test_no_document_claims_a_state_of_mind(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    text = " ".join(line.strip() for line in lines if not line.lstrip().startswith(">"))
    assert not offending(text.replace("**", ""))


def test_the_word_list_catches_what_it_should() -> None:
    assert offending("the client feels safe") == ["safe"]
    assert not offending(f"{NOTICE} baseline_rest ther_unsafe")
