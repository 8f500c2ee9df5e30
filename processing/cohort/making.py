"""Bring a store up to date: what is not there is computed, what nobody asks for is taken out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acquisition.errors import AttunementError, ResultsError
from acquisition.protection.audit import keep
from acquisition.recording.derived import note
from acquisition.session.study import Study, study_of
from acquisition.text import how_many
from processing.cohort import engine
from processing.cohort.concluding import conclude
from processing.cohort.database import write_database
from processing.cohort.job import Done, Job, Settings, job_of
from processing.cohort.known import Known, Ledger, faults_as_lines
from processing.cohort.numbering import placed
from processing.cohort.outcomes import kept_outcomes, read_outcomes
from processing.cohort.people import People, people_of
from processing.cohort.places import DICTIONARY, LEDGER, MADE, STATE, complete
from processing.cohort.store import FORMAT, state_of, tidy, whole_table, write_json, write_outcomes
from processing.cohort.tables import data_dictionary


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Say what a store is to hold.

    Parameters
    ----------
    recordings : sequence of Path
    only : bool
        Nothing else; without it what the store holds already stays.
    participants, outcomes, study : Path, optional
        Files of the laboratory.
    scheduler : str
        Address of a Dask scheduler; "" for processes of this machine.
    """

    recordings: Sequence[Path]
    settings: Settings
    only: bool = False
    participants: Path | None = None
    outcomes: Path | None = None
    study: Path | None = None
    scheduler: str = ""
    n: int = 1


@dataclass(slots=True)
class Made:
    """Say what came of it: what is in the store, what was computed, what failed, what is to be said."""

    jobs: list[Job] = field(default_factory=list)
    computed: int = 0
    cpu: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    changed: bool = False

    @property
    def sealed(self) -> int:
        """Return how many recordings are sealed."""
        return sum(job.place.known.sealed for job in self.jobs)

    @property
    def people(self) -> int:
        """Return how many people there are."""
        known = [job.place.known for job in self.jobs]
        return len({k.text(role) for k in known for role in ("client", "therapist")} - {""})

    @property
    def dyads(self) -> int:
        """Return how many dyads there are."""
        return len({job.place.dyad for job in self.jobs})

    @property
    def contents(self) -> str:
        """Say how much the store holds."""
        whose = f"{how_many(self.dyads, 'dyad')} and {how_many(self.people, 'person', 'people')}"
        return f"{how_many(len(self.jobs), 'session')} of {whose}"


SETTINGS = {
    "parameters": "parameters (--config)",
    "reference": "references (--reference)",
    "corrections": "corrections (--corrections)",
}
"""What a store says of the settings of its sessions, and how a message calls it."""
UNFINISHED, HALF = "unfinished", "outcomes_unfinished"
"""In the state of a store while what rests on all its sessions, or new outcomes, are being written."""
Progress = Callable[[int, int, Job, Done], None]
"""Called with how many are done, of how many, which one, and what came of it."""


def bring_up_to_date(store: Path, wanted: Wanted, progress: Progress) -> Made:
    """Bring a store, which is held, up to date.

    Raises
    ------
    ResultsError
        If a file of the laboratory cannot be used, a scheduler is not there, or the store holds sessions
        under other settings that are not named.
    """
    _refuse_mixture(store, wanted)
    if wanted.outcomes is None and (state_of(store) or {}).get(HALF):
        raise ResultsError(f"{store}: a run that brought outcomes was interrupted: say --outcomes FILE again")
    made = Made()
    jobs = _jobs(store, wanted, made)
    study = study_of(Path(jobs[0].place.known.path), wanted.study) if jobs else None
    # What the laboratory brings is read before hours of work, not after them.
    places = [job.place for job in jobs]
    people_of(places, study, wanted.participants)
    if wanted.outcomes is not None:
        read_outcomes(wanted.outcomes, places)
    _compute(store, jobs, wanted, made, progress)
    made.jobs = [job for job in jobs if job.place.known.path not in made.failures]
    went = tidy(store, made.jobs)
    _write_whole(store, wanted, made, study, anew=bool(went or made.computed))
    return made


def _refuse_mixture(store: Path, wanted: Wanted) -> None:
    """Refuse other settings for sessions that nobody names: all would be computed anew, unasked."""
    before, now = state_of(store) or {}, wanted.settings.said()
    other = [text for name, text in SETTINGS.items() if name in before and before[name] != now[name]]
    if not other or wanted.only:
        return
    named = {path.resolve() for path in wanted.recordings}
    unnamed = [path for path in Ledger(store / LEDGER).remembered() if path not in named]
    if unnamed:
        raise ResultsError(
            f"{store}: {len(unnamed)} of its sessions were made with other {' and '.join(other)} "
            f"({unnamed[0].name} …): take these or another --out; to compute anew name all, or say --only"
        )


def _jobs(store: Path, wanted: Wanted, made: Made) -> list[Job]:
    """Return a job for each recording that has its place; the others fail, and say why."""
    ledger = Ledger(store / LEDGER)
    before = ledger.remembered()
    paths = list(dict.fromkeys([*(p.resolve() for p in wanted.recordings), *([] if wanted.only else before)]))
    known: list[Known] = []
    for path in paths:
        try:
            known.append(_known(ledger, path, made))
        except (AttunementError, OSError) as error:
            made.failures[str(path)] = faults_as_lines(error, path)
    for path in before:
        if path not in paths:
            ledger.forget(path)
    places, refused = placed(known)
    made.failures |= refused
    jobs, said = [], wanted.settings.said()
    for place in places:
        path = Path(place.known.path)
        try:
            jobs.append(job_of(place, store.resolve(), wanted.settings, said))
        except (AttunementError, OSError) as error:
            made.failures[place.known.path] = faults_as_lines(error, path)
    return jobs


def _known(ledger: Ledger, path: Path, made: Made) -> Known:
    last = ledger.last(path)
    if not path.is_dir() and last is not None:
        made.remarks.append(f"{path}: is not there any more; its rows stay (--only takes them out)")
        return last
    return ledger.known(path)


def _compute(store: Path, jobs: Sequence[Job], wanted: Wanted, made: Made, progress: Progress) -> None:
    todo = [job for job in jobs if not complete(store, job.place, job.digest)]
    for job in todo:
        path = Path(job.place.known.path)
        note(path, store, MADE)
        keep("processed", path)
        if job.place.known.sealed:
            keep("made plain", path, what="results in a store")

    def told(job: Job, done: Done) -> None:
        if done.reason:
            made.failures[done.path] = done.reason
        else:
            made.computed += 1
            made.cpu += done.seconds
        progress(made.computed + sum(j.place.known.path in made.failures for j in todo), len(todo), job, done)

    engine.run(todo, scheduler=wanted.scheduler, n=wanted.n, told=told)


def _write_whole(store: Path, wanted: Wanted, made: Made, study: Study | None, *, anew: bool) -> None:
    """Write what is of the whole store, where anything of it is not as it was."""
    places = [job.place for job in made.jobs]
    people = people_of(places, study, wanted.participants)
    made.remarks += people.remarks
    outcomes = read_outcomes(wanted.outcomes, places) if wanted.outcomes is not None else None
    state = _state(wanted, made, people, outcomes)
    before = state_of(store) or {}
    if outcomes is None and "outcomes" in before:
        state["outcomes"] = before["outcomes"]  # what was given once stays until another is given
    made.changed = anew or state != before
    if not made.changed:
        return
    # Whatever ends this from here on leaves a state that no later run takes for its own.
    half = {HALF: True} if outcomes is not None else {}
    write_json(store / STATE, {**before, "format": FORMAT, UNFINISHED: True, **half})
    write_outcomes(store, kept_outcomes(store, places) if outcomes is None else outcomes)
    whole_table(store, "participants", people.rows, people.kinds)
    failures = [
        {"recording": Path(path).name, "path": path, "reason": why}
        for path, why in sorted(made.failures.items())
    ]
    whole_table(store, "failures", failures, {})
    if made.jobs:
        made.remarks += conclude(store)
    write_json(store / DICTIONARY, data_dictionary(people.texts))
    write_database(store)
    write_json(store / STATE, state)


def _state(
    wanted: Wanted, made: Made, people: People, outcomes: Mapping[tuple[str, int], Any] | None
) -> dict[str, Any]:
    """Return what the store says of itself; equal as long as nothing of it changes."""
    text = json.dumps(
        [people.rows, people.kinds, people.texts, sorted(made.failures.items())], sort_keys=True
    )
    said = {
        "format": FORMAT,
        **wanted.settings.said(),
        "sessions": len(made.jobs),
        "sealed": made.sealed,
        "results": hashlib.sha256("".join(sorted(job.digest for job in made.jobs)).encode()).hexdigest(),
        "people": hashlib.sha256(text.encode()).hexdigest(),
    }
    if wanted.outcomes is not None and outcomes is not None:
        said["outcomes"] = hashlib.sha256(wanted.outcomes.read_bytes()).hexdigest()
    return said
