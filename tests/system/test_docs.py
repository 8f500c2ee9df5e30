"""The documentation holds together: every page is in the site, and every link within leads somewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.commands import ROOT
from viewer.cli import COMMANDS

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)


def anchor(heading: str) -> str:
    """Return the anchor that Markdown readers give a heading."""
    words = re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower()
    return re.sub(r"[\s]+", "-", words)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_inside_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("    "))
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, wanted = target.partition("#")
        found = (page.parent / place).resolve() if place else page
        assert found.exists(), f"{target}: not there"
        if wanted:
            headings = HEADING.findall(found.read_text("utf-8"))
            assert wanted in {anchor(h) for h in headings}, f"{target}: no such heading"


def test_every_page_is_in_the_site() -> None:
    listed = re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(str(p.relative_to(DOCS)) for p in PAGES)


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_names_every_command(tmp_path: Path) -> None:
    if importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("material") is None:
        pytest.skip('mkdocs-material is not installed (pip install ".[docs]")')
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path / "site")]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    page = (tmp_path / "site" / "commands.html").read_text("utf-8")
    assert all(f">attune {name}<" in page for name in COMMANDS)
    assert "rupture_withdraw" in (tmp_path / "site" / "vocabulary.html").read_text("utf-8")
    assert "psychopy-room-1" in (tmp_path / "site" / "howto" / "experiments.html").read_text("utf-8")


NAMING = [p for p in (*PAGES, ROOT / "README.md") if p.name != "extend.md"]
"""Pages that name tests; those of the recipes are written by them."""


@pytest.mark.parametrize("page", NAMING, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_test_and_benchmark_that_is_named_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    paths = re.findall(r"\b((?:tests|benchmarks)/[\w/]+\.py)\b", text)
    paths += [m.replace(".", "/") + ".py" for m in re.findall(r"-m (benchmarks\.\w+)", text)]
    assert [p for p in dict.fromkeys(paths) if not (ROOT / p).is_file()] == []
