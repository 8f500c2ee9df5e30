"""The layout shows the architecture: rooms of a size a reader can hold, and no circle of imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system import structure


def test_the_tree_keeps_the_rules_of_the_house() -> None:
    assert structure.faults() == []


def test_a_circle_is_found_even_if_an_import_is_deferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "acquisition"
    room.mkdir()
    (room / "__init__.py").write_text('"""A room."""\n')
    (room / "a.py").write_text("from acquisition import b\n")
    (room / "b.py").write_text("def f():\n    from acquisition.a import x\n    return x\n")
    (room / "c.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import acquisition.d\n"
    )
    (room / "d.py").write_text("import acquisition.c\n" + "\n" * 400)
    monkeypatch.setattr(structure, "ROOT", tmp_path)
    assert structure.circles() == [["acquisition.a", "acquisition.b"]]
    assert structure.long_modules() == ["acquisition/d.py: 401 lines"]
