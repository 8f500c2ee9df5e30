"""One task of a cohort: a recording in, its tables in the store out; the same bytes wherever it runs."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pyarrow.parquet as pq

from acquisition.errors import AttunementError
from acquisition.private import leave_no_core, only_for_owner
from acquisition.recording.altered import refuse_altered
from processing.arousal.person import NOBODY, People
from processing.cohort.known import faults_as_lines
from processing.cohort.numbering import Placed
from processing.cohort.places import complete, place_of
from processing.cohort.session_tables import BY_SESSION, LAST, session_tables
from processing.cohort.tables import TABLES
from processing.config import PipelineConfig
from processing.metrics.session_metrics import table_parameters
from processing.results.collecting import seldom_collected
from processing.results.corrected import Corrected, corrected_by
from processing.results.session_run import run_recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Say how every session of a store is processed.

    Parameters
    ----------
    corrections : str
        Code of whoever corrected by hand; sessions that they have not corrected stay as they are.
    """

    config: PipelineConfig
    people: People = NOBODY
    corrections: str = ""
    accept_damage: bool = False

    def said(self) -> dict[str, str]:
        """Return what identifies them."""
        return {
            "version": version("attunement"),
            "parameters": table_parameters(self.config.digest()),
            "tables": _schema_digest(),
            "reference": self.people.digest,
            "corrections": self.corrections,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Hold all that a worker needs: nothing of it is looked up elsewhere.

    Parameters
    ----------
    digest : str
        Address of the result: of input, corrections, version, parameters and place in the cohort.
    """

    place: Placed
    store: str
    settings: Settings
    corrected: str
    digest: str

    @property
    def title(self) -> str:
        """Return how messages call the session."""
        return f"{self.place.known.name} ({self.place.dyad}, session {self.place.number})"


@dataclass(frozen=True, slots=True)
class Done:
    """Say what came of a job: the reason if nothing, and what it took [CPU s]."""

    path: str
    reason: str = ""
    seconds: float = 0.0


def job_of(place: Placed, store: Path, settings: Settings, said: Mapping[str, str]) -> Job:
    """Return what is to be done for a recording.

    Parameters
    ----------
    said : mapping
        `settings.said()`, which reads all parameters: once for all recordings.

    Raises
    ------
    RecordingError
        If its corrections cannot be read.
    """
    path = Path(place.known.path)
    corrected = _corrected(path, settings.corrections)
    of = {
        **said,
        "input": place.known.input,
        "corrections": "" if corrected is None else f"{corrected.who} {corrected.digest}",
        "numbered": place.by,
        "sealed": str(place.known.sealed),
        "withdrawn": " ".join(place.known.withdrawn),
    }
    digest = hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:24]
    who = "" if corrected is None else corrected.who
    return Job(place=place, store=str(store), settings=settings, corrected=who, digest=digest)


def work(job: Job) -> Done:
    """Write the tables of a session, unless they are there; an error is told, never raised."""
    leave_no_core()
    begin = time.process_time()
    path = Path(job.place.known.path)
    try:
        if not complete(Path(job.store), job.place, job.digest):
            with seldom_collected():
                _write(job, path)
    except (AttunementError, OSError) as error:
        return Done(job.place.known.path, faults_as_lines(error, path))
    return Done(job.place.known.path, seconds=time.process_time() - begin)


def _write(job: Job, path: Path) -> None:
    settings = job.settings
    if not settings.accept_damage:
        refuse_altered(path)
    corrected = _corrected(path, job.corrected)
    run = run_recording(path, config=settings.config, people=settings.people, corrected=corrected)
    hour = run.hour()
    identity = settings.said() | {"input": job.place.known.input, "corrected": job.corrected}
    tables = session_tables(run, hour, job.place, identity)
    for name in sorted(BY_SESSION, key=lambda n: n == LAST):
        target = place_of(Path(job.store), name, job.place.dyad, job.place.number, job.digest)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        pq.write_table(tables[name], fresh, compression="zstd")
        only_for_owner(fresh)
        fresh.replace(target)


def _corrected(path: Path, who: str) -> Corrected | None:
    """Return what a person has corrected in a recording; None if that person has corrected nothing."""
    from acquisition.events.corrected import editors
    from acquisition.events.corrections import read_corrections

    if not who or who not in editors(read_corrections(path)):
        return None
    return corrected_by(path, who)


def _schema_digest() -> str:
    text = json.dumps([(t.name, [(c.name, c.kind) for c in t.columns]) for t in TABLES.values()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
