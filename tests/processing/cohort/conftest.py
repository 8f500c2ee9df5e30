"""One cohort and its store for all tests of this folder; who changes anything takes a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from processing.cohort import engine
from tests.once import once
from tests.processing.cohort.cohorts import cohort, here, write_cohort


def taken(made: Path, root: Path) -> Path:
    """Copy recordings and store; what the copies know of their places are the new ones."""
    shutil.copytree(made, root)
    for index in root.glob("recordings/*/derived.jsonl"):
        index.write_text(index.read_text().replace(str(made), str(root)))
    shutil.rmtree(root / "store" / ".known")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "run", here)
        patch.setattr("processing.cohort.report.write_report", lambda *_, **__: [])
        assert cohort(root / "recordings", "--out", root / "store").exit_code == 0
    return root


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the recordings of the cohort, those of all workers: nobody writes there."""
    return once(tmp_path_factory, "recordings", write_cohort)


@pytest.fixture(scope="session")
def made(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `recordings` and the `store` that was made of them, this worker's own."""

    def make(root: Path) -> None:
        shutil.copytree(recordings, root / "recordings")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "run", here)
            result = cohort(root / "recordings", "--out", root / "store")
        assert result.exit_code == 0, result.output

    return taken(once(tmp_path_factory, "cohort", make), tmp_path_factory.mktemp("own") / "cohort")


@pytest.fixture
def copy(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it, in which tasks run in this process and no report is drawn."""
    monkeypatch.setattr(engine, "run", here)
    monkeypatch.setattr("processing.cohort.report.write_report", lambda *_, **__: [])
    return taken(made, tmp_path / "copy")
