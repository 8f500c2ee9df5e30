"""The recipes of docs/extend.md: written into a copy of the tree as they stand there, and run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.system import structure

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("acquisition", "processing", "viewer", "device_profiles", "tests", "docs")
BLOCK = re.compile(
    r"^\*\*`([^`]+)`\*\*(?:, after `([^`]+)`)?\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


BESIDE = {
    "A belt with a protocol of its own": (
        "tests/acquisition/drivers/test_dropouts.py",
        "tests/acquisition/devices/test_trial.py",
        "-k",
        "torso or every_driver",
    )
}
"""Tests that take in what a recipe adds by themselves."""


class Block(NamedTuple):
    """A file of a recipe, or lines that go into a file after the line that has `after`."""

    path: str
    after: str
    text: str


def recipes() -> dict[str, list[Block]]:
    """Return the blocks of each section that has a recipe of files."""
    text = (ROOT / "docs" / "extend.md").read_text("utf-8")
    sections = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    found = {
        title: [Block(*groups) for groups in BLOCK.findall(body)]
        for title, body in zip(sections[::2], sections[1::2], strict=True)
    }
    return {title: blocks for title, blocks in found.items() if blocks}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the tree that a recipe may change."""
    root = tmp_path_factory.mktemp("tree")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def apply(block: Block, root: Path) -> None:
    """Write a file, or put lines into one."""
    path = root / block.path
    if not block.after:
        assert not path.exists(), f"{block.path} is already there"
        path.write_text(block.text, "utf-8")
        return
    before, anchor, rest = path.read_text("utf-8").partition(f"{block.after}\n")
    assert anchor, f"{block.path} has no line that ends with {block.after}"
    path.write_text(before + anchor + block.text + rest, "utf-8")


@pytest.mark.parametrize("title", recipes())
def test_a_recipe_does_what_it_says(title: str, tree: Path) -> None:
    blocks = recipes()[title]
    for block in blocks:
        apply(block, tree)
    tests = [b.path for b in blocks if b.path.startswith("tests/") and not b.after]
    assert tests, "a recipe has a test"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, *BESIDE.get(title, ())],
        cwd=tree,
        env={
            "PYTHONPATH": str(tree),
            "PATH": "/usr/bin:/bin",
            "HOME": str(tree),
            "QT_QPA_PLATFORM": "offscreen",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def test_an_index_with_a_lane_is_at_most_three_files() -> None:
    index = next(blocks for title, blocks in recipes().items() if "index" in title)
    assert len({block.path for block in index}) <= 3


def test_a_belt_is_at_most_six_places() -> None:
    belt = next(blocks for title, blocks in recipes().items() if "belt" in title)
    assert len(belt) <= 6


def test_rooms_and_modules_have_space_for_every_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for floor in (*structure.FLOORS, "device_profiles", "tests"):
        shutil.copytree(ROOT / floor, tmp_path / floor, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    for block in (block for blocks in recipes().values() for block in blocks):
        apply(block, tmp_path)
    monkeypatch.setattr(structure, "ROOT", tmp_path)
    assert structure.full_folders() + structure.long_modules() == []
