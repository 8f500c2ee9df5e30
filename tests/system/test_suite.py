"""The second chance of `make test`: a few tests of real time get one, alone; nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
import os, pathlib, pytest

def run_no():
    log = pathlib.Path(__file__).with_name("runs")
    with log.open("a") as file:
        file.write("x")
    return log.stat().st_size

def test_good():
    pass
"""
REAL = "@pytest.mark.realtime\n"
CASES = {
    "all pass": ("", 0, 0),
    "real time, by chance": (f"{REAL}def test_x():\n    assert run_no() > 1", 0, 2),
    "real time, twice": (f"{REAL}def test_x():\n    run_no()\n    assert False", 1, 2),
    "anything else": ("def test_x():\n    assert run_no() > 1", 1, 1),
    "real time beside anything else": (
        f"{REAL}def test_x():\n    assert run_no() > 1\ndef test_y():\n    assert False", 1, 1,
    ),
    "a crash": (f"{REAL}def test_x():\n    if run_no() == 1:\n        os._exit(1)", 1, None),
    "skipped alone": (f"{REAL}def test_x():\n    assert run_no() > 1\n    pytest.skip()", 1, 2),
    "a fixture, by chance": (
        f"@pytest.fixture\ndef f():\n    assert run_no() > 1\n{REAL}def test_x(f):\n    pass", 0, 2,
    ),
    "more than chance makes": (
        f"@pytest.mark.parametrize('n', range(21))\n{REAL}def test_x(n):\n    assert run_no() > 21", 1, 21,
    ),
}  # fmt: skip
"""Name → tests, whether the suite fails, how often those that count ran (None: xdist goes on)."""


def suite(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = realtime\n")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    only = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "xdist.plugin"}
    return subprocess.run(
        [sys.executable, "-m", "tests.suite", "-n", "1", "--dist", "loadfile", *words, str(folder)],
        cwd=folder, text=True, capture_output=True, timeout=250, check=False,
        env=kept | only | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_only_a_few_tests_of_real_time_are_run_again(case: str, tmp_path: Path) -> None:
    text, fails, runs = CASES[case]
    (tmp_path / "test_it.py").write_text(HEAD + text)
    done = suite(tmp_path)
    assert bool(done.returncode) == bool(fails), done.stdout + done.stderr
    log = tmp_path / "runs"
    assert runs in (None, log.stat().st_size if log.exists() else 0), done.stdout
    named = [line for line in done.stdout.splitlines() if line.startswith("failed beside others, run again")]
    assert named == ["failed beside others, run again alone: test_it.py::test_x"] * (runs == 2)
    assert ("passed alone: test_it.py::test_x" in done.stdout) == (runs == 2 and not fails)


def test_a_run_that_was_stopped_or_could_not_be_collected_gets_no_second_chance(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(HEAD + CASES["real time, by chance"][0])
    assert suite(tmp_path, "-x").returncode != 0
    (tmp_path / "runs").unlink()
    (tmp_path / "test_other.py").write_text("import nowhere")
    assert suite(tmp_path, "--continue-on-collection-errors").returncode != 0
