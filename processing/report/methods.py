"""The paragraph on methods: what was done with what this recording holds, and no word of what it does not."""

from __future__ import annotations

from collections.abc import Sequence

from acquisition.stream import PEOPLE, Modality
from processing.clocks import coupling_how, recorded_how
from processing.hour.timeline import Timeline
from processing.indices import INDICES, VAGAL
from processing.metrics.session_metrics import Hour
from processing.responses import matching
from processing.results.session_run import SessionRun

BEATS = (Modality.RR, Modality.PPI)
HEART = (Modality.ECG, *BEATS)


def recorded_people(run: SessionRun) -> Sequence[str]:
    """Return of whom anything was recorded, the client first."""
    roles = {str(s.role) for s in run.recording.streams}
    return [role.value for role in PEOPLE if role.value in roles]


def whose(run: SessionRun) -> str:
    """Return of whom the figures are, in words."""
    found = recorded_people(run)
    return f"the {found[0]}" if len(found) == 1 else "both people"


def methods(run: SessionRun, hour: Hour, version: str) -> str:
    """Return a paragraph that can be pasted into a paper."""
    people = recorded_people(run)
    sensors = ", ".join(sorted({str(s.modality).upper() for s in run.recording.streams}))
    session = run.recording.session
    recorded = session.recorded if session is not None else None
    who = " and ".join(people) if len(people) == 2 else f"the {people[0]}" if people else "nobody"
    how = recorded_how(recorded) if len(people) == 2 else recorded_how(recorded, together=False)
    first = (
        f"Signals ({sensors}) of {who} {how} and analysed with Attunement {version} (parameters "
        f"{run.config.digest()}); all indices are causal."
    )
    parts = [
        first,
        _of_heart(run),
        _of_skin(run),
        _by_hand(run),
        _of_arousal(run, hour.line),
        _of_marks(hour),
    ]
    if len(people) == 2:
        parts.append(coupling_how(aligned=run.recording.aligned, segment=run.config.synchrony.window))
    return " ".join([*filter(None, parts), "Random draws are seeded by the session's id."])


def _has(run: SessionRun, *modalities: Modality) -> bool:
    return any(s.modality in modalities for s in run.recording.streams)


def _of_heart(run: SessionRun) -> str:
    if not _has(run, *HEART):
        return ""
    found = "R peaks were detected and beats judged by shape and time"
    told = "beats were taken as the devices told them and judged by their time"
    how = found if _has(run, Modality.ECG) else told.capitalize()
    both = f", and of streams of intervals, {told}" if _has(run, Modality.ECG) and _has(run, *BEATS) else ""
    return (
        f"{how} (codes of Lipponen and Tarvainen, 2019){both}; those that are not normal, and the interval "
        f"after each, were left out; RMSSD was computed over {run.config.heart.rmssd_window:g} s from normal "
        f"intervals only (Task Force, 1996) and reported as {INDICES[VAGAL].title}."
    )


def _of_skin(run: SessionRun) -> str:
    if not _has(run, Modality.EDA):
        return ""
    return (
        "Electrodermal activity was screened after Kleckner et al. (2018); responses were counted from "
        f"{run.config.skin.scr.minimum:g} µS."
    )


def _by_hand(run: SessionRun) -> str:
    if run.corrected is None:
        return ""
    return f"Beats and signals were {run.corrected.said}; nothing was interpolated."


def _of_arousal(run: SessionRun, line: Timeline) -> str:
    a = run.config.arousal
    if all(person.missing for person in line.people.values()):
        return ""
    scaling = {x.scaling for x in run.pipeline.arousal.values()} or {"session"}
    return (
        f"The arousal index is the weighted mean of heart rate (weight {a.weight_hr:g}), ln skin conductance "
        f"level ({a.weight_scl:g}) and √ response rate ({a.weight_scr:g}), each standardised to the person's "
        f"own seated rest; its reference band lies {a.k:g} s_A around the medians of rest and neutral talk, "
        f"s_A ≥ {a.least_scale:g} SD (scaling: {', '.join(sorted(scaling))}). It is a convention, not a "
        f"validated instrument. An excursion begins after {a.hold:g} s past an edge and ends after "
        f"{a.back:g} s at least {a.inside:g} s_A within it; recovery T50 is a Kaplan-Meier median with gaps "
        "and ends as censoring."
    )


def _of_marks(hour: Hour) -> str:
    if not hour.responses:
        return ""
    drawn = "Event-locked means are of −60 … +180 s (baseline −60 … −10 s, ≥ 5 events)."
    if not any(r.tested for r in hour.responses):
        return drawn
    return (
        f"{drawn} Marked moments were compared with {matching.FEWEST} to {matching.MOST} unmarked ones of "
        f"the same talk state, level and change (within {matching.CALIPER:g} SD) after a regression on the "
        "past (Rubin, 1973), with standard errors from circular shifts and p adjusted after Benjamini and "
        "Hochberg (1995)."
    )
