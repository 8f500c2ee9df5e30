"""The ratings of an hour as a figure: every rater's seconds, the mean of raters, labels made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from acquisition.event import Event
from acquisition.stream import FloatArray
from processing.indices import INDICES
from processing.ratings.agreement import Agreement
from processing.ratings.relation import RelationRow
from processing.ratings.traces import Trace
from processing.report.figures import COLOURS, DIM, Place, own_figure, sheet_of
from processing.results.session_run import SessionRun

HIGH = 1.35
"""Of a panel [inch]."""
MOST = 6
"""Panels of a figure."""
LABELS = {"felt_over": ("^", 1.14), "felt_ok": ("v", -1.14)}
"""A label's mark, and where it is drawn beside a scale from -1 to 1."""
LINES = (
    "Thin: the seconds of each rater and turn, dotted where one of the two said it of the other; thick: the "
    "mean of raters, where two and more have a second."
)
Panel = tuple[str, str, bool]


def traces(run: SessionRun, place: Place = own_figure) -> FigureBase | None:
    """Draw a panel for each person and axis that was rated; None where nobody rated."""
    panels = _panels(run.ratings.traces)
    if not panels:
        return None
    shown = list(panels)[:MOST]
    figure, sheet = sheet_of(
        place, HIGH * len(shown) + 0.55, len(shown), left=0.95, sharex=True, gridspec_kw={"hspace": 0.3}
    )
    x = (run.ratings.grid - run.begin) / 60.0
    for ax, panel in zip(sheet[:, 0], shown, strict=True):
        _panel(ax, x, panel, panels[panel])
        if panel[2]:
            _labels(ax, run, panel)
        ax.set_xlim(0.0, 1.02 * max(x[-1], 1.0))
    more = f"; {len(panels) - MOST} further axes are not drawn" if len(panels) > MOST else ""
    sheet[-1, 0].set_xlabel(f"minutes since the recording began{more}")
    return figure


def _panels(every: Sequence[Trace]) -> dict[Panel, list[Trace]]:
    """Return traces by person, axis and kind of scale, those of which anything is there."""
    out: dict[Panel, list[Trace]] = {}
    for trace in every:
        if np.isfinite(trace.mean).any():
            out.setdefault((trace.person, trace.axis, trace.bounded), []).append(trace)
    return out


def _panel(ax: Axes, x: FloatArray, panel: Panel, mine: Sequence[Trace]) -> None:
    person, axis, bounded = panel
    counted = [t for t in mine if not t.others_word]
    for trace in mine:
        style = (0, (1, 1.5)) if trace.others_word else "-"
        ax.plot(x, trace.mean, color=DIM, ls=style, lw=0.45, alpha=0.8)
    if bounded and len(counted) > 1:
        ax.plot(x, mean_of(counted), color=COLOURS[person], lw=1.2)
    names = ", ".join(t.name + (f" ({t.by})" if t.by and t.by != t.rater else "") for t in mine)
    ax.set_title(f"{person}: {names}"[:110], fontsize=6.5, color=DIM, y=1.0, loc="left")
    ax.set_ylabel(axis if bounded else f"{axis}\nno ends", fontsize=7)
    if bounded:
        ax.set_ylim(-1.25, 1.25)
        ax.set_yticks([-1.0, 0.0, 1.0])
        ax.axhline(0.0, color=DIM, lw=0.4, ls=":")


def mean_of(mine: Sequence[Trace]) -> FloatArray:
    """Return the mean of each second that two and more have, each rater counting once, else nan."""
    raters = dict.fromkeys(t.rater for t in mine)
    each = [_mean([t.mean for t in mine if t.rater == r], least=1) for r in raters]
    return _mean(each if len(each) > 1 else [t.mean for t in mine], least=2)


def _mean(columns: Sequence[FloatArray], *, least: int) -> FloatArray:
    table = np.stack(columns)
    there = np.isfinite(table)
    n = there.sum(axis=0)
    total = np.where(there, table, 0.0).sum(axis=0)
    out: FloatArray = np.where(n >= least, total / np.maximum(n, 1), math.nan)
    return out


def _labels(ax: Axes, run: SessionRun, panel: Panel) -> None:
    """Draw labels that follow from the person's own rating: hollow, since nobody set them."""
    own = {t.rater for t in run.ratings.traces if (t.person, t.axis, t.own) == (panel[0], panel[1], True)}
    for code, (mark, at) in LABELS.items():
        mine = [e for e in run.ratings.labels if _is(e, code, panel[0]) and e.rater in own]
        x = [(e.time - run.begin) / 60.0 for e in mine]
        ax.plot(x, [at] * len(x), mark, ms=4.0, mfc="none", mec=COLOURS[panel[0]], mew=0.7, clip_on=False)


def _is(event: Event, code: str, person: str) -> bool:
    return (event.code, event.actor) == (code, person)


def note(run: SessionRun) -> str:
    """Return what the figure shows, with agreement and delay."""
    out = [LINES]
    if any(not t.bounded for t in run.ratings.traces):
        out.append("Of a scale without ends the level says nothing: no mean is drawn.")
    if run.ratings.labels:
        out.append(
            "Hollow triangles: labels derived from the person's own rating by the thresholds of the study "
            "(up: felt_over, down: felt_ok)."
        )
    out += [_agreed(one) for one in run.rated.agreements if math.isfinite(one.aligned.mean)]
    out += [_delay(row) for row in run.rated.relations if math.isfinite(row.delay)]
    return " ".join(out)


def _agreed(one: Agreement) -> str:
    interval = f" ({one.low:.2f} to {one.high:.2f})" if math.isfinite(one.low) else ""
    again = f"; first and second turn of a rater r = {one.retest:.2f}" if math.isfinite(one.retest) else ""
    return (
        f"{one.person.capitalize()}, {one.axis}: ICC(2,k) of {', '.join(one.raters)} "
        f"{one.aligned.mean:.2f}{interval} once lags between raters were taken out, "
        f"{one.as_said.mean:.2f} as said; the last is {one.spread:.1f} s later than the first{again}."
    )


def _delay(row: RelationRow) -> str:
    return (
        f"{row.rater}: {row.delay:.1f} s ({row.lag_low:.1f} to {row.lag_high:.1f}) after "
        f"{INDICES[row.index].title or row.index}."
    )
