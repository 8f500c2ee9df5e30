"""Process one recording, finished or growing, and write its results."""

from __future__ import annotations

import functools
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from acquisition.protection.audit import keep
from acquisition.protection.sealed_file import keys_of, made_apart
from acquisition.protection.vault import sealed_header
from acquisition.recording.altered import refuse_altered
from acquisition.recording.contents import refuse_links
from acquisition.recording.derived import note
from acquisition.stream import PEOPLE
from processing.arousal.person import NOBODY, People, to_json
from processing.config import PipelineConfig
from processing.hour.shelter import Shelter
from processing.index_page import sidecar
from processing.metrics.summary import write_metrics
from processing.report.by_hand import CORRECTIONS, write_corrections
from processing.results.corrected import corrected_by, results_name
from processing.results.litter import sweep
from processing.results.results import (
    provenance,
    replacing,
    up_to_date,
    write_events,
    write_indices,
    write_json,
)
from processing.results.session_json import damage_said, damaged, joining_keys, session_json
from processing.results.session_run import Progress, own_references, run_recording
from processing.results.tables import TABLES, write_ratings, write_table

DECOMPOSED = "eda_cvxeda.parquet"
"""What cvxEDA makes of the EDA, on request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Say what came of one recording."""

    recording: Path
    directory: Path
    skipped: bool
    seconds: float
    n_samples: int
    remarks: tuple[str, ...]
    damaged: tuple[str, ...] = ()
    """What of the recording could not be read, but for its cut end."""


def process_recording(
    path: Path,
    out: Path,
    *,
    config: PipelineConfig,
    people: People = NOBODY,
    follow: bool = False,
    force: bool = False,
    report: bool = False,
    cvxeda: bool = False,
    accept_damage: bool = False,
    corrections: str = "",
    plain: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Compute the indices and metrics of a recording and write them into `out`/<recording's name>/.

    Parameters
    ----------
    follow : bool
        The recording is still growing; come back when it ends.
    force : bool
        Do it even if the results are there.
    report : bool
        Write report.html beside the tables.
    cvxeda : bool
        Write eda_cvxeda.parquet beside the tables: an offline method, never among the indices.
    accept_damage : bool
        Go on with a closed recording whose files are not as they were; the results say so.
    corrections : str
        Code of whoever corrected it by hand; the results go into `out`/<recording's name>__<code>/.

    plain : bool
        Leave the results of a sealed recording unsealed.

    Raises
    ------
    RecordingError
        If the recording cannot be read, or its files were changed or exchanged after it was closed, or if
        nobody of that code has corrected it.
    AttunementError
        If cvxEDA is wanted and its solver not installed.
    """
    if path.is_dir():
        refuse_links(path)
    corrected = corrected_by(path, corrections) if corrections else None
    directory = out / results_name(path, corrections)
    wanted = (("report.html",) if report else ()) + ((DECOMPOSED,) if cvxeda else ())
    identity = provenance(path, config, people.digest, corrected)
    sealed_with = keys_of(path, PEOPLE)
    sealing = [] if plain else sealed_with
    as_wanted = bool(sealing) == (sealed_header(directory / "session.json") is not None)
    if not follow and not force and as_wanted and up_to_date(directory, identity, wanted):
        sweep(directory)
        return Outcome(
            recording=path,
            directory=directory,
            skipped=True,
            seconds=0.0,
            n_samples=0,
            remarks=(),
            damaged=damage_said(directory),
        )
    if not accept_damage:
        refuse_altered(path)
    note(path, directory, "results")
    keep("processed", path)
    if plain and sealed_with:
        keep("made plain", path, what="results")
    with made_apart(directory) if sealing else nullcontext(out) as beside:
        run = run_recording(
            path,
            config=config,
            people=people,
            follow=follow,
            spool=beside if follow else None,
            progress=progress,
            corrected=corrected,
        )
    hour = run.hour()
    parts = Shelter()
    with replacing(directory, sealing) as fresh:
        keys = {**joining_keys(run.recording.session, path), **identity}
        write_indices(fresh, run.samples, run.begin, corrected, keys, run.refills)
        write_json(fresh / "indices.json", sidecar({s[3] for s in run.samples}, config))
        write_events(fresh, run.events, run.begin, keys)
        said = "" if corrected is None else corrected.said
        write_metrics(fresh / "metrics.parquet", run.metrics(hour), said, keys)
        if corrected is not None:
            parts.tried(CORRECTIONS, lambda: write_corrections(fresh / CORRECTIONS, run, hour), None)
        for name in TABLES:
            parts.tried(name, functools.partial(write_table, fresh, name, hour, run.scalings(), keys), None)
        parts.tried("ratings", lambda: write_ratings(fresh, run, keys), None)
        own = to_json(own_references(run.pipeline), run.recording.session, corrections)
        (fresh / "reference.json").write_text(own)
        if cvxeda:
            # NeuroKit2 takes seconds to import.
            from processing.lookahead.cvxeda import write_decomposition

            rules = config.skin
            edits = None if corrected is None else corrected.edits
            file = fresh / DECOMPOSED
            parts.tried(DECOMPOSED, lambda: write_decomposition(path, file, rules, edits, said), None)
        if report:
            # Drawing takes a second to import.
            from processing.report.report import write_report

            parts.tried("report.html", lambda: write_report(run, hour, fresh / "report.html"), None)
        run.remarks.extend(parts.faults)
        write_json(fresh / "session.json", session_json(path, run))
    return Outcome(
        recording=path,
        directory=directory,
        skipped=False,
        seconds=run.seconds,
        n_samples=len(run.samples),
        remarks=tuple(run.remarks),
        damaged=tuple(damaged(run.recording)),
    )
