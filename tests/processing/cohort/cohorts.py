"""A small cohort on disk: two dyads of one therapist, two sessions each, a few minutes long."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from acquisition.stream import Modality
from processing.cohort.job import Done, Job, work
from processing.commands.cohort import cohort_command
from tests.processing.simulated_hour import BRIEF, brief, infos, write_hour

SESSIONS = (("D01", 1, 1), ("D01", 2, 2), ("D02", 1, 3), ("D02", 2, 4))
"""Dyad, number and seed."""
STUDY = """
[[covariate]]
name = "attachment"
of = "client"
levels = ["secure", "anxious"]
[[covariate]]
name = "referral"
of = "client"
levels = ["doctor", "self"]
[[covariate]]
name = "experience"
of = "therapist"
unit = "years"
"""
PEOPLE = "participant_id\tattachment\texperience\nsub-C01\tanxious\tn/a\nC02\tsecure\t\nT01\tn/a\t12\n"


def write_cohort(folder: Path, sessions: Sequence[tuple[str, int, int]] = SESSIONS) -> list[Path]:
    """Write recordings, and the study file above them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text(STUDY)
    return [
        write_hour(
            folder / f"{dyad}_S{number:02d}",
            seed=seed,
            streams=infos(leave_out=[Modality.RESP]),
            past=BRIEF,
            events=brief(seed),
            dyad=dyad,
            number=number,
            people=(f"C{dyad[1:]}", "T01"),
            session_id=f"{dyad}_S{number:02d}",
            started=f"2026-11-{number:02d}T10:00:00+01:00",
        )
        for dyad, number, seed in sessions
    ]


def here(jobs: Sequence[Job], *, scheduler: str, n: int, told: Callable[[Job, Done], None]) -> None:
    """Do the jobs in this process, in place of a cluster."""
    for job in jobs:
        told(job, work(job))


def cohort(*words: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(cohort_command, [str(word) for word in words])


def said(*words: str | Path) -> dict[str, object]:
    """Run the command and return what it says as JSON."""
    result = cohort(*words, "--json")
    assert result.exit_code in (0, 1), result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def parquet(store: Path) -> dict[str, bytes]:
    """Return every Parquet file of a store by its path in it."""
    return {str(p.relative_to(store)): p.read_bytes() for p in sorted(store.rglob("*.parquet"))}
