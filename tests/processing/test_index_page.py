"""The page on indices holds every index of the records, with the numbers of the parameters."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from processing.config import PipelineConfig
from processing.heart.config import HeartConfig
from processing.index_page import filled, sidecar
from processing.indices import INDICES, PERSON, SIGNALS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "indices.md").read_text("utf-8")


def test_every_index_has_one_line_on_the_page() -> None:
    lines = filled(PAGE, PipelineConfig()).splitlines()
    for index in PERSON:
        assert sum(line.startswith(f"| `{index.name}` |") for line in lines) == 1, index.name
    ends = {re.sub("^sync_[a-z0-9]+", "", name) for name in INDICES if name.startswith("sync_")}
    assert all(any(line.startswith(f"| `sync_<signal>{end}` |") for line in lines) for end in ends)
    assert all(signal in PAGE for signal in SIGNALS)
    assert all(index.on_hover(PipelineConfig()) for index in INDICES.values())
    assert all(len(index.edges()) == (0 if index.bounds is None else 2) for index in INDICES.values())
    assert "<!-- indices" not in "\n".join(lines)


def test_another_window_is_told_everywhere() -> None:
    page = filled(PAGE, PipelineConfig(heart=HeartConfig(rmssd_window=90.0)))
    row = next(line for line in page.splitlines() if line.startswith("| `lnrmssd` |"))
    assert "| 90 s |" in row and "| 47 s |" in row


def test_the_site_fills_the_page() -> None:
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "docs" / "site_pages.py")
    assert spec is not None and spec.loader is not None
    pages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pages)
    assert pages.on_page_markdown(PAGE) == filled(PAGE, PipelineConfig())


def test_no_more_than_six_modules_name_the_vagal_index() -> None:
    floors = [ROOT / name for name in ("acquisition", "processing", "viewer")]
    named = [p for floor in floors for p in floor.rglob("*.py") if "lnrmssd" in p.read_text("utf-8").lower()]
    assert 1 <= len(named) <= 6, named


def test_a_sidecar_says_unit_window_and_delay_with_the_parameters_of_the_run() -> None:
    config = PipelineConfig(heart=HeartConfig(rmssd_window=90.0))
    made = sidecar({"lnrmssd", "scr", "sync_hr", "turn"}, config)
    assert made["lnrmssd"]["Units"] == "ln ms"
    assert (made["lnrmssd"]["Window"], made["lnrmssd"]["SettledAfter"]) == (90.0, 47.0)
    assert "Window" not in made["scr"] and "SettledAfter" not in made["turn"]
    assert all(row["Description"] and "{" not in str(row["Description"]) for row in made.values())
    assert all(set(row) >= {"LongName", "Description", "Units", "Row"} for row in made.values())
