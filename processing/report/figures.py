"""Figures of the report: drawn so that they read in black and white and are never more than was measured.

People are told apart by line style and letter as well as by colour; where there is no value nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from numpy.typing import NDArray

from acquisition.stream import BoolArray, FloatArray
from processing.arousal.excursion import Excursion
from processing.hour.timeline import Interval, Person, Timeline
from processing.index import IndexSample
from processing.indices import INDICES, PERSON, SIGNALS, VAGAL, spelled
from processing.metrics.session_metrics import Hour
from processing.responses.epochs import LEAST_EVENTS, POST, PRE
from processing.responses.event_locked import Response

COLOURS = {"client": "#7A6500", "therapist": "#0F7264", "dyad": "#3C4650"}
STYLES = {"client": "-", "therapist": (0, (4, 1.2))}
ABOVE, BELOW, DIM, BAND = "#D55E00", "#0072B2", "#56606A", "#E4E8EB"
WIDTH = 7.4
MOST_LANES = 20
WORDS = {index.name: index.words for index in PERSON if index.words}
LABELS = {
    name: f"{words.axis} [{spelled(INDICES[name].unit)}]" for name, words in WORDS.items() if words.axis
}
COUPLED = {name: signal.words for name, signal in SIGNALS.items() if signal.words}


Place = Callable[[float], FigureBase]
"""Gives room of full width and some height [inch] to draw in: a figure of its own, or a part of a page."""


def own_figure(height: float) -> FigureBase:
    """Return a figure of its own."""
    return Figure(figsize=(WIDTH, height))


def sheet_of(
    place: Place,
    height: float,
    rows: int,
    columns: int = 1,
    *,
    left: float = 0.55,
    bottom: float = 0.41,
    **how: Any,
) -> tuple[FigureBase, NDArray[Any]]:
    """Return room of full width with margins for its labels [inch]; layout engines take seconds."""
    figure = place(height)
    axes = figure.subplots(rows, columns, squeeze=False, **how)
    figure.subplots_adjust(
        left=left / WIDTH, right=1.0 - 0.2 / WIDTH, bottom=bottom / height, top=1.0 - 0.2 / height
    )
    return figure, axes


def _minutes(line: Timeline) -> FloatArray:
    return (line.times - line.begin) / 60.0


def overview(hour: Hour, place: Place = own_figure) -> FigureBase:
    """Draw each person's arousal index with band and excursions, and what was marked, over the hour."""
    line = hour.line
    people = list(line.people)
    lanes, n_more = _lanes(line)
    heights = [1.15] * len(people) + [0.115 * max(3, len(lanes)) + 0.15]
    figure, sheet = sheet_of(
        place, sum(heights) + 0.75, len(heights), left=1.15, sharex=True, height_ratios=heights
    )
    axes = sheet[:, 0]
    for ax, entity in zip(axes, people, strict=False):
        _arousal(ax, line, line.people[entity], hour.found[entity])
    _events(axes[-1], line, lanes)
    more = f"; {n_more} further codes are not drawn" if n_more else ""
    axes[-1].set_xlabel(f"minutes since the recording began{more}")
    return figure


def _arousal(ax: Axes, line: Timeline, person: Person, found: Sequence[Excursion]) -> None:
    x = _minutes(line)
    if not person.missing:
        ax.fill_between(x, person.low, person.high, color=BAND, lw=0, label="reference band")
        for edge in (person.low, person.high):
            ax.plot(x, edge, color=DIM, lw=0.6, ls=(0, (2, 2)))
    ax.plot(x, np.where(person.known, person.arousal, np.nan), color=COLOURS[person.entity], lw=1.0)
    one_kind = np.where(~person.known, person.arousal, np.nan)
    ax.plot(x, one_kind, color=COLOURS[person.entity], lw=0.6, ls=":")
    for e in found:
        a, b = ((t - line.begin) / 60.0 for t in (e.on, e.off))
        colour = ABOVE if e.side > 0 else BELOW
        ax.axvspan(a, b, facecolor="none", edgecolor=colour, hatch="///" if e.side > 0 else "\\\\\\", lw=0.8)
    if person.missing:
        _say(ax, f"no band: {person.missing}", empty=not np.isfinite(person.arousal).any())
    ax.set_xlim(0.0, max(x[-1] if len(x) else 0.0, 1.0))
    ax.set_ylabel(f"{person.entity}\narousal index [SD]")


def _say(ax: Axes, text: str, *, empty: bool = True) -> None:
    """Say in a panel what is missing; without anything else in it its scale means nothing."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=DIM)
    if empty:
        ax.set_yticks([])


def _lanes(line: Timeline) -> tuple[list[tuple[str, list[Interval], list[float]]], int]:
    """Return code → intervals and points, a lane each, by first appearance, and how many are left out."""
    codes: dict[str, tuple[float, list[Interval], list[float]]] = {}
    for i in line.intervals:
        codes.setdefault(i.code, (i.start, [], []))[1].append(i)
    for e in line.points:
        if e.code.isidentifier():
            codes.setdefault(e.code, (e.onset, [], []))[2].append(e.onset)
    ordered = sorted(codes.items(), key=lambda item: item[1][0])
    lanes = [(code, spans, points) for code, (_, spans, points) in ordered]
    return lanes[:MOST_LANES], max(0, len(lanes) - MOST_LANES)


def _events(ax: Axes, line: Timeline, lanes: Sequence[tuple[str, list[Interval], list[float]]]) -> None:
    for k, (_, spans, points) in enumerate(lanes):
        bars = [((i.start - line.begin) / 60.0, (i.stop - i.start) / 60.0) for i in spans]
        ax.broken_barh(bars, (k - 0.35, 0.7), facecolor="#B7C0C8", edgecolor=DIM, lw=0.5)
        ax.plot([(p - line.begin) / 60.0 for p in points], [k] * len(points), "|", color="#1B2126", ms=5)
    ax.set_yticks(range(len(lanes)), [code.replace("_", " ") for code, _, _ in lanes], fontsize=6)
    ax.set_ylim(len(lanes) - 0.4, -0.6)
    if not lanes:
        _say(ax, "nothing was marked")


def drawn_of(line: Timeline) -> list[str]:
    """Return which indices the figure of the signals holds."""
    return [n for n in LABELS if any(n in p.series for p in line.people.values())]


def indices(line: Timeline, place: Place = own_figure) -> FigureBase | None:
    """Draw heart rate, the vagal index and skin conductance level of both people over the hour."""
    names = drawn_of(line)
    if not names:
        return None
    figure, sheet = sheet_of(place, 1.25 * len(names) + 0.5, len(names), sharex=True)
    axes = sheet[:, 0]
    x = _minutes(line)
    for ax, name in zip(axes, names, strict=True):
        for entity, person in line.people.items():
            if name in person.series:
                _line(ax, x, person.series[name], entity)
        ax.set_ylabel(LABELS[name], fontsize=7)
        ax.set_xlim(0.0, 1.02 * max(x[-1] if len(x) else 0.0, 1.0))
        if not any(np.isfinite(p.series[name]).any() for p in line.people.values() if name in p.series):
            _say(ax, "no valid value")
    letters = ", ".join(f"{e[0].upper()} {e}" for e, p in line.people.items() if set(names) & set(p.series))
    axes[-1].set_xlabel(f"minutes since the recording began ({letters})")
    return figure


def _line(ax: Axes, x: FloatArray, y: FloatArray, entity: str) -> None:
    ax.plot(x, y, color=COLOURS[entity], ls=STYLES[entity], lw=0.8)
    _letter(ax, x, y, entity, size=8)


def _letter(ax: Axes, x: FloatArray, y: FloatArray, entity: str, *, size: float) -> None:
    """Write whose line it is at its end: the client's letter a little above, the therapist's below."""
    there = np.flatnonzero(np.isfinite(y))
    if len(there):
        k, above = there[-1], 0.5 * size if entity == "client" else -0.5 * size
        ax.annotate(
            entity[0].upper(), (x[k], y[k]), xytext=(3, above), textcoords="offset points",
            color=COLOURS[entity], va="center", fontsize=size, weight="bold",
        )  # fmt: skip


def two_axes(line: Timeline, place: Place = own_figure) -> FigureBase | None:
    """Draw skin conductance level against the vagal index: the second view, beside arousal."""
    people = [p for p in line.people.values() if {"scl", VAGAL} <= set(p.series) and _both(p).any()]
    if not people:
        return None
    figure, sheet = sheet_of(place, 2.4, 1, 2)
    axes = sheet[0]
    rest = line.within(line.marked("baseline_rest"))
    for ax, person in zip(axes, people, strict=False):
        x, y = person.series[VAGAL][::5], person.series["scl"][::5]
        ax.plot(x[~rest[::5]], y[~rest[::5]], ".", ms=2.5, color=COLOURS[person.entity], alpha=0.5)
        ax.plot(x[rest[::5]], y[rest[::5]], "x", ms=3.5, mew=0.7, color="#1B2126")
        ax.set_xlabel(LABELS[VAGAL])
        ax.locator_params(nbins=6)
        ax.set_title(f"{person.entity} (× at rest)", fontsize=8, y=1.01)
    axes[0].set_ylabel(LABELS["scl"])
    for ax in axes[len(people) :]:
        ax.set_axis_off()
    return figure


def _both(person: Person) -> BoolArray:
    return np.isfinite(person.series["scl"]) & np.isfinite(person.series[VAGAL])


def synchrony(samples: Sequence[IndexSample], line: Timeline, place: Place = own_figure) -> FigureBase | None:
    """Draw windowed synchrony of heart rate and skin conductance beside its chance band."""
    rows: dict[str, list[tuple[float, float]]] = {}
    for s in samples:
        if s[2] == "dyad" and s[3].startswith("sync_"):
            rows.setdefault(s[3], []).append((s[0], s[4]))
    names = [n for n in COUPLED if f"sync_{n}" in rows]
    if not names:
        return None
    figure, sheet = sheet_of(place, 0.95 * len(names) + 0.5, len(names), left=0.75, sharex=True)
    axes = sheet[:, 0]
    for ax, name in zip(axes, names, strict=True):
        low, high = (_columns(rows.get(f"sync_{name}_chance_{e}", []), line) for e in ("low", "high"))
        ax.fill_between(low[0], low[1], high[1], color=BAND, lw=0)
        times, values = _columns(rows[f"sync_{name}"], line)
        ax.plot(times, values, color=COLOURS["dyad"], lw=0.7)
        ax.set_xlim(0.0, max((line.times[-1] - line.begin) / 60.0 if len(line.times) else 0.0, 1.0))
        if not np.isfinite(values).any():
            _say(ax, "no valid window")
        elif not np.isfinite(low[1]).any():
            ax.set_title("too short for a chance band: no statement", fontsize=6, color=DIM, y=0.96)
        ax.set_ylabel(f"{COUPLED[name]}\n|z|", fontsize=6.5)
    axes[-1].set_xlabel("minutes since the recording began; grey: chance band of this pair")
    return figure


def _columns(rows: Sequence[tuple[float, float]], line: Timeline) -> tuple[FloatArray, FloatArray]:
    if not rows:
        return np.empty(0), np.empty(0)
    times, values = np.array(rows).T
    order = np.argsort(times, kind="stable")
    return (times[order] - line.begin) / 60.0, values[order]


def event_locked(responses: Sequence[Response]) -> list[tuple[str, Callable[[Place], FigureBase]]]:
    """Return by code what draws its mean response with interval, or single traces of fewer than 5 events."""
    codes = list(dict.fromkeys(r.code for r in responses if len(r.epochs)))
    return [(code, partial(_response, [r for r in responses if r.code == code])) for code in codes]


def _response(mine: Sequence[Response], place: Place = own_figure) -> FigureBase:
    signals = list(dict.fromkeys(r.signal for r in mine))
    figure, sheet = sheet_of(place, 1.55, 1, 4, left=0.35, bottom=0.34)
    for ax in sheet[0][len(signals) :]:
        ax.set_axis_off()
    figure.subplots_adjust(wspace=0.3)
    axes: Mapping[str, Axes] = dict(zip(signals, sheet[0], strict=False))
    x = np.arange(-PRE, POST + 1.0)
    for r in mine:
        ax, colour, style = axes[r.signal], COLOURS[r.entity], STYLES[r.entity]
        if len(r.epochs) < LEAST_EVENTS:
            ax.plot(x, r.epochs.T, color=colour, ls=style, lw=0.6)
            for trace in r.epochs:
                _letter(ax, x, trace, r.entity, size=5)
        else:
            ax.fill_between(x, r.low, r.high, color=colour, alpha=0.18, lw=0)
            ax.plot(x, r.mean, color=colour, ls=style, lw=1.1)
            _letter(ax, x, r.mean, r.entity, size=6)
        unit = spelled(INDICES[r.signal].unit)
        # A fixed height: measuring the ticks to place the title takes longer than drawing it.
        ax.set_title(f"{WORDS[r.signal].narrow} [{unit}]", fontsize=7, y=1.01)
    for ax in axes.values():
        ax.set_xticks([-60, 0, 60, 120, 180])
        ax.axvline(0.0, color=DIM, lw=0.6)
        ax.axhline(0.0, color=DIM, lw=0.4, ls=":")
        ax.tick_params(labelsize=6)
        ax.set_xlabel("s from the onset", fontsize=7)
    return figure
