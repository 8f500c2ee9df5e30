"""One therapist's own page of a store: for that person alone, so it never lies in the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from acquisition.errors import ResultsError
from acquisition.recording.derived import note
from processing.cohort.job import Job
from processing.cohort.store import StoreTables

PAGE = "own page"
"""What derived.jsonl calls it; a withdrawal of either person erases it."""


def write_own_page(store: Path, jobs: Sequence[Job], therapist: str, out: Path) -> list[Path]:
    """Write how soon one therapist's clients' excursions were answered, and nothing of anybody else.

    Parameters
    ----------
    jobs : sequence of Job
        What the store holds; each recording of that therapist notes the page before it is written.
    therapist : str
        Their code.
    out : Path
        A directory of their own, outside the store.

    Returns
    -------
    list of Path
        own_page_CODE.html and .pdf.

    Raises
    ------
    ResultsError
        If the directory lies in the store, or no session is of that therapist.
    """
    # matplotlib takes a second to import.
    from processing.cohort.report import write_report

    if out.resolve().is_relative_to(store.resolve()):
        raise ResultsError(f"{out}: lies in the store, which others read: name a directory of their own")
    mine = [job.place.known for job in jobs if job.place.known.text("therapist") == therapist]
    for known in mine:
        for ending in ("html", "pdf"):
            note(Path(known.path), out / f"own_page_{therapist}.{ending}", PAGE)
    out.mkdir(parents=True, exist_ok=True)
    return write_report(StoreTables(store), out, therapist=therapist)
