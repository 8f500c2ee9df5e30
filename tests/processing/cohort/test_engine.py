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

pytestmark = [pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX"), pytest.mark.slow]


def jobs_of(made: Path, store: Path) -> list[Job]:
    ledger = Ledger(store / ".known")
    places, refused = placed([ledger.known(p) for p in recordings_in([made / "recordings"])])
    assert not refused
    settings = Settings(config=PipelineConfig())
    return [job_of(place, store, settings, settings.said()) for place in places]


def dies_once(job: Job) -> Done:
    """Do a job; the first worker that takes the second session is killed."""
    mark = Path(job.store).parent / "killed"
    if job.place.number == 2 and job.place.dyad == "D01" and not mark.exists():
        mark.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return work(job)


def test_a_worker_that_is_killed_costs_its_task_and_changes_no_byte(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "work", dies_once)
    told: list[tuple[str, str]] = []
    jobs = [job for job in jobs_of(made, tmp_path / "store") if job.place.dyad == "D01"]
    engine.run(jobs, scheduler="", n=1, told=lambda job, done: told.append((job.title, done.reason)))
    assert (tmp_path / "killed").exists()
    assert sorted(told) == sorted((job.title, "") for job in jobs)
    by_session = {k: v for k, v in parquet(made / "store").items() if "dyad=D01" in k}
    assert parquet(tmp_path / "store") == by_session


def test_what_no_worker_survives_is_named(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(job: Job) -> Done:
        os.kill(os.getpid(), signal.SIGKILL)
        return work(job)

    def broken(job: Job) -> Done:
        raise RuntimeError("a fault of ours")

    def either(job: Job) -> Done:
        return broken(job) if job.place.number == 1 else killed(job)

    jobs = jobs_of(made, tmp_path / "store")[:2]
    monkeypatch.setattr(engine, "work", either)
    told: dict[int, str] = {}
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        engine.run(
            jobs, scheduler="", n=1, told=lambda job, done: told.update({job.place.number: done.reason})
        )
    assert told[1] == "RuntimeError: a fault of ours"
    assert "ended from outside" in told[2]


@pytest.mark.parametrize("address", ["udp://127.0.0.1:1", "here"])
def test_what_is_no_address_is_told_what_one_is(made: Path, address: str) -> None:
    with pytest.raises(ResultsError, match=r"tcp://HOST:PORT"):
        engine.run(jobs_of(made, made / "store"), scheduler=address, n=1, told=lambda job, done: None)


def test_a_scheduler_that_is_not_there_is_said(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 0.5)
    result = cohort(made / "recordings", "--out", tmp_path / "s", "--scheduler", "tcp://127.0.0.1:9")
    assert result.exit_code == 1
    assert "no scheduler answers" in result.stderr and "Traceback" not in result.output
