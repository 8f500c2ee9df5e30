"""Examples in docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.system.structure import modules


def with_examples() -> list[str]:
    """Return the modules of the product whose docstrings have examples."""
    return [name for name, path in modules().items() if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("name", with_examples())
def test_an_example_gives_what_it_says(name: str) -> None:
    tried = doctest.testmod(importlib.import_module(name))
    assert tried.attempted
    assert tried.failed == 0


def test_a_researchers_functions_have_examples() -> None:
    assert len(with_examples()) >= 8
