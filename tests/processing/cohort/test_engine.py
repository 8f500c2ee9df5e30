"""Tasks on Dask: the same bytes for any number of workers, one of them killed, and no schedulers."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import dask
import pytest

from acquisition.errors import ResultsError
from processing.cohort import engine
from processing.cohort.job import Done, Job, Settings, job_of, work
from processing.cohort.known import Ledger, recordings_in
from processing.cohort.numbering import placed
from processing.config import PipelineConfig
from tests.processing.cohort.cohorts import cohort, parquet
from tests.processing.simulated_hour import write_hour

pytestmark = [pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"), pytest.mark.slow]


def jobs_of(two: Path, store: Path) -> list[Job]:
    ledger = Ledger(store / ".known")
    places, refused = placed([ledger.known(p) for p in recordings_in([two / "recordings"])])
    assert not refused
    settings = Settings(config=PipelineConfig())
    return [job_of(place, store, settings, settings.said()) for place in places]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two minutes' recordings of one dyad, and the `store` of their tables, made in this process."""
    root = tmp_path_factory.mktemp("two")
    for number in (1, 2):
        path = root / "recordings" / f"D01_S0{number}"
        write_hour(path, past=1.0, seed=number, session_id=path.name, dyad="D01", number=number)
    for job in jobs_of(root, root / "store"):
        assert work(job).reason == ""
    return root


def dies_once(job: Job) -> Done:
    """Do a job; the first worker that takes the second session is killed."""
    mark = Path(job.store).parent / "killed"
    if job.place.number == 2 and job.place.dyad == "D01" and not mark.exists():
        mark.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return work(job)


def test_a_worker_that_is_killed_costs_its_task_and_changes_no_byte(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "work", dies_once)
    told: list[tuple[str, str]] = []
    jobs = jobs_of(two, tmp_path / "store")
    engine.run(jobs, scheduler="", n=1, told=lambda job, done: told.append((job.title, done.reason)))
    assert (tmp_path / "killed").exists()
    assert sorted(told) == sorted((job.title, "") for job in jobs)
    by_session = parquet(two / "store")
    assert len(by_session) > 10 and parquet(tmp_path / "store") == by_session


def test_what_no_worker_survives_is_named(two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(job: Job) -> Done:
        os.kill(os.getpid(), signal.SIGKILL)
        return work(job)

    def broken(job: Job) -> Done:
        raise RuntimeError("a fault of ours")

    def either(job: Job) -> Done:
        return broken(job) if job.place.number == 1 else killed(job)

    jobs = jobs_of(two, tmp_path / "store")
    monkeypatch.setattr(engine, "work", either)
    told: dict[int, str] = {}
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        engine.run(
            jobs, scheduler="", n=1, told=lambda job, done: told.update({job.place.number: done.reason})
        )
    assert told[1] == "RuntimeError: a fault of ours"
    assert "ended from outside" in told[2]


@pytest.mark.parametrize("address", ["udp://127.0.0.1:1", "here"])
def test_what_is_no_address_is_told_what_one_is(two: Path, address: str) -> None:
    with pytest.raises(ResultsError, match=r"tcp://HOST:PORT"):
        engine.run(jobs_of(two, two / "store"), scheduler=address, n=1, told=lambda job, done: None)


def test_a_scheduler_that_is_not_there_is_said(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 0.5)
    result = cohort(two / "recordings", "--out", tmp_path / "s", "--scheduler", "tcp://127.0.0.1:9")
    assert result.exit_code == 1
    assert "no scheduler answers" in result.stderr and "Traceback" not in result.output
