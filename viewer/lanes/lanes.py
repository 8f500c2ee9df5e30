"""Lanes: which of them a session has, in which order, and what each header says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import Qt

from acquisition.stream import PEOPLE, Modality, Role
from processing.indices import INDICES, Index, of_part
from processing.indices.record import Lane as LaneShape
from viewer.lanes.coarse import beats
from viewer.lanes.curve import TickCurve, TraceCurve
from viewer.lanes.lane import Lane
from viewer.lanes.tail import TailStrip
from viewer.lanes.talk_lane import talk_lane, talk_readouts
from viewer.lanes.wave_curve import WaveCurve
from viewer.model.definitions import ECG, EDA, SYNC_SIGNALS, Definition, definition, gap_of
from viewer.model.history import Waveform
from viewer.model.model import PARTIAL, WHOLE, SessionModel
from viewer.model.readouts import Readout, arousal_readout, index_readout, raw_word, sync_readouts
from viewer.model.trace import Trace
from viewer.theme import Theme, blend

DOT = Qt.PenStyle.DotLine
DASH = Qt.PenStyle.DashLine


@dataclass(slots=True, eq=False)
class LaneSet:
    """Hold the lanes in their order, and how their headers are filled."""

    lanes: dict[str, Lane] = field(default_factory=dict)
    readouts: dict[str, Callable[[float], tuple[Readout, ...]]] = field(default_factory=dict)
    heights: dict[str, int] = field(default_factory=dict)
    late: dict[str, Callable[[], bool]] = field(default_factory=dict)
    """Lanes to be shown once they have something: whether they do."""

    def add(
        self, name: str, lane: Lane, height: int, readouts: Callable[[float], tuple[Readout, ...]]
    ) -> None:
        """Add a lane below the others; heights are shares."""
        self.lanes[name], self.heights[name], self.readouts[name] = lane, height, readouts

    def arrange(
        self,
        order: Sequence[str],
        sizes: Mapping[str, float],
        scales: Mapping[str, tuple[float, float]],
    ) -> None:
        """Put lanes in an order, those it does not name last, and give them heights and fixed scales."""
        place = {name: k for k, name in enumerate(order)}
        self.lanes = dict(sorted(self.lanes.items(), key=lambda pair: place.get(pair[0], len(place))))
        for name, lane in self.lanes.items():
            self.heights[name] = max(round(self.heights[name] * sizes.get(name, 1.0)), 1)
            lane.fixed = scales.get(name)


def build_lanes(model: SessionModel, theme: Theme, sync_signal: str) -> LaneSet:
    """Return the lanes for what a session records."""
    out = LaneSet()
    for role in PEOPLE:
        if model.has(role, Modality.ECG):
            _add_ecg(out, model, theme, role)
    cardiac = any(model.has(r, Modality.ECG, Modality.RR, Modality.PPI) for r in PEOPLE)
    if cardiac:
        _add_indices(out, model, theme, "heart")
    if any(model.has(r, Modality.EDA) for r in PEOPLE):
        _add_eda(out, model, theme)
        _add_indices(out, model, theme, "skin")
    if any(model.has(r, Modality.VOICE) for r in PEOPLE):
        out.add("Talk", talk_lane(model, theme), 6, talk_readouts(model))
        out.late["Talk"] = lambda: any((r.value, "speaking") in model.traces for r in PEOPLE)
        _add_indices(out, model, theme, "voice")
    if any(model.has(r, Modality.RATING) for r in PEOPLE):
        _add_indices(out, model, theme, "rating")
    _add_arousal(out, model, theme)
    if all(any(model.has(r, m) for m in (*_CARDIAC, Modality.EDA)) for r in PEOPLE):
        _add_sync(out, model, theme, sync_signal)
    return out


_CARDIAC = (Modality.ECG, Modality.RR, Modality.PPI)


def _traced(model: SessionModel, entity: str, index: str) -> Callable[[], Trace]:
    empty = Trace(gap_of(index))
    return lambda: model.traces.get((entity, index), empty)


def _waved(model: SessionModel, role: Role, modality: Modality) -> Callable[[], Waveform | None]:
    return lambda: model.waves.get((role, modality))


def _add_ecg(out: LaneSet, model: SessionModel, theme: Theme, role: Role) -> None:
    lane = Lane(ECG, theme, span=1.2, fast=True, people=(role.value,))
    colour = theme.person(role)
    strip = TailStrip(lane.plot, colour, theme.panel, theme.border)
    lane.strips.append(strip)
    wave = _waved(model, role, Modality.ECG)
    lane.curves.append(WaveCurve(lane.plot, wave, role.value, colour, strip))
    lane.coarse = beats(lane.plot, _traced(model, role.value, "ibi"), role.value, colour)

    def readouts(now: float) -> tuple[Readout, ...]:
        return (Readout(role.value, raw_word(model, role, Modality.ECG, now), is_value=False),)

    out.add(f"ECG {role.value}", lane, 10, readouts)


def _add_indices(out: LaneSet, model: SessionModel, theme: Theme, part: str) -> None:
    """Add a lane for each index of an estimator that has one, in the order of the records."""
    for record in of_part(part):
        if record.lane is not None:
            _add_index(out, model, theme, record, record.lane)


def _add_index(out: LaneSet, model: SessionModel, theme: Theme, record: Index, shape: LaneShape) -> None:
    what = definition(record.name)
    lane = Lane(what, theme, span=shape.span, fast=False, people=tuple(r.value for r in PEOPLE))
    for role in PEOPLE:
        colour = theme.person(role)
        faint = blend(colour, theme.panel, 0.5)
        for edge in record.edges():
            trace = _traced(model, role.value, edge)
            curve = TraceCurve(lane.plot, trace, role.value, faint, DOT, scales=False, ends=False)
            lane.curves.append(curve)
        lane.curves.append(TraceCurve(lane.plot, _traced(model, role.value, record.name), role.value, colour))
    out.add(shape.name, lane, shape.height, _index_readouts(model, record.name, what))
    if shape.late:
        out.late[shape.name] = lambda: any((r.value, record.name) in model.traces for r in PEOPLE)


def _index_readouts(
    model: SessionModel, index: str, what: Definition
) -> Callable[[float], tuple[Readout, ...]]:
    def readouts(now: float) -> tuple[Readout, ...]:
        return tuple(index_readout(model, role, index, what, now) for role in PEOPLE)

    return readouts


def _add_eda(out: LaneSet, model: SessionModel, theme: Theme) -> None:
    lane = Lane(EDA, theme, span=1.0, fast=False, people=tuple(r.value for r in PEOPLE))
    for k, role in enumerate(PEOPLE):
        colour = theme.person(role)
        lane.curves.append(WaveCurve(lane.plot, _waved(model, role, Modality.EDA), role.value, colour))
        low = 0.13 - 0.11 * k

        def heights(low: float = low) -> tuple[float, float]:
            return lane.heights(low, low + 0.09)

        lane.curves.append(
            TickCurve(lane.plot, _traced(model, role.value, "scr"), role.value, colour, heights)
        )
    what = definition("scl")
    out.add("EDA", lane, 10, _index_readouts(model, "scl", what))


def _add_arousal(out: LaneSet, model: SessionModel, theme: Theme) -> None:
    what = definition("arousal")
    lane = Lane(what, theme, span=4.0, fast=False, people=tuple(r.value for r in PEOPLE))
    lane.header.title = "Arousal"
    for role in PEOPLE:
        colour = theme.person(role)
        for edge in INDICES["arousal"].edges():
            faint = blend(colour, theme.panel, 0.55)
            trace = _traced(model, role.value, edge)
            lane.curves.append(TraceCurve(lane.plot, trace, role.value, faint, DASH, ends=False))
        lane.curves.append(
            TraceCurve(lane.plot, _traced(model, role.value, PARTIAL), role.value, colour, DOT)
        )
        lane.curves.append(TraceCurve(lane.plot, _traced(model, role.value, WHOLE), role.value, colour))

    def readouts(now: float) -> tuple[Readout, ...]:
        return tuple(arousal_readout(model, role, what, now) for role in PEOPLE)

    out.add("Arousal", lane, 12, readouts)


def _add_sync(out: LaneSet, model: SessionModel, theme: Theme, signal: str) -> None:
    name = f"sync_{signal}"
    what = definition(name)
    lane = Lane(what, theme, span=0.8, fast=False, people=("dyad",))
    lane.header.set_title(f"Sync {SYNC_SIGNALS[signal]}", what.hover())
    for edge in ("_chance_low", "_chance_high"):
        faint = blend(theme.dyad, theme.panel, 0.55)
        lane.curves.append(TraceCurve(lane.plot, _traced(model, "dyad", name + edge), "dyad", faint, DASH))
    lane.curves.append(TraceCurve(lane.plot, _traced(model, "dyad", name), "dyad", theme.dyad))

    def readouts(now: float) -> tuple[Readout, ...]:
        return sync_readouts(model, name, what, now)

    out.add("Synchrony", lane, 10, readouts)
