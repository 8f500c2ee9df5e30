"""Heart: from ECG or interbeat intervals to beats, heart rate and heart rate variability of one person."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from acquisition.event import Event
from acquisition.stream import Chunk, FloatArray, Modality
from processing.corrections.edits import Edits
from processing.heart.by_hand.choosing import Input, ecg_input, interval_input, said_by_hand
from processing.heart.config import HeartConfig
from processing.heart.ecg_quality import NOT_YET, OFF, SILENCE, BeatView, SecondMonitor, judge_seconds
from processing.heart.grid import CLOSING, SETTLING, STEP, GridIndices, Value
from processing.heart.input import with_beside
from processing.heart.respiration import WINDOW
from processing.heart.spectrum import RSA_EDGE
from processing.heart.table import BeatTable
from processing.heart.waves.stretched import RateDoubt
from processing.heart.windows import beat_columns, of_last_beat, window_lengths
from processing.index import IndexSample, Watermarks, index_sample, index_samples, released
from processing.indices import VAGAL
from processing.unit_doubt import doubts, with_doubts

__all__ = ["Heart", "HeartConfig"]

REFUSED = "no beats can be found"
QUALITY_SETTLING = 0.5 + HeartConfig.quality_wait
"""A second of ECG quality is settled so long after its centre [s]; so are rows that say why nothing came."""


class Heart:
    """Estimate the cardiac indices of one person.

    The interval of a beat is settled at most 1 s after its R peak; its class with the next beat, at most
    `WAIT` after it, and windows that end at a beat with its class; values on the 5 s grid at the end of what
    they need plus `SETTLING` (and `CLOSING` where the next beat is needed).

    Parameters
    ----------
    entity : str
        client or therapist.
    modality : Modality
        What feeds it: ECG [mV], or RR or PPI [ms].
    hears_breathing : bool
        The breathing rate comes from a respiration stream: it is heard, and no second one is made of beats.
    edits : Edits, optional
        What was corrected by hand; live there is nothing.
    """

    def __init__(
        self,
        entity: str,
        modality: Modality,
        *,
        config: HeartConfig,
        hears_breathing: bool = False,
        edits: Edits | None = None,
    ) -> None:
        self.entity, self.modality, self.config = entity, modality, config
        self._hears_breathing = hears_breathing
        self._is_ecg = modality == Modality.ECG
        self._monitor: SecondMonitor | None = None
        self._rate = RateDoubt()
        self._refused = ""
        self._unit = ""
        self._first = math.inf
        self._table = BeatTable()
        self._edits = edits
        self._input: Input | None = None if self._is_ecg else interval_input(self._table, edits)
        self._grids = GridIndices(self._table, has_heights=self._is_ecg, config=config)
        self._next: dict[str, float] = {}
        self._faults: dict[float, str] = {}
        self._lengths = {"ibi": 0.0, "ibi_class": 0.0} | window_lengths(config)
        self._counts: FloatArray = np.zeros(2)
        """ECG samples of the last two seconds that were judged."""

    def update(self, chunk: Chunk) -> None:
        """Take in admitted samples."""
        if len(chunk.times) == 0:
            return
        values = np.ascontiguousarray(chunk.samples[:, 0], dtype=np.float64)
        times = np.asarray(chunk.times, np.float64)
        self._first = min(self._first, float(times[0]))
        if self._is_ecg and self._input is None and not self._refused:
            try:
                self._input = ecg_input(chunk.info.sfreq, self._table, self._edits)
                self._monitor = SecondMonitor(chunk.info.sfreq)
                self._unit = chunk.info.unit
            except ValueError as error:
                self._refused = str(error)
        if self._monitor is not None:
            self._monitor.update(times, values)
            self._rate.update(times, values)
        if self._input is not None:
            self._input.update(times, with_beside(chunk, values))

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Take in index samples of others; this person's `speaking` and `resp_rate` are used."""
        for sample in samples:
            if sample.entity != self.entity:
                continue
            if sample.index == "speaking" and math.isfinite(sample.value):
                self._grids.hear_speech(sample.time, sample.value)
            elif sample.index == "resp_rate" and self._hears_breathing:
                self._grids.hear_breathing(sample.time, sample.value)

    def mark(self, event: Event, time: float) -> None:
        """Let an event pass: none bears on beats."""

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Return what became final at these ticks; HF and RSA also wait for the respiration stream."""
        if len(ticks) == 0:
            return []
        beats = watermarks["heart"]
        both = np.minimum(beats, watermarks["breath"]) if self._hears_breathing else beats
        if not self._next:
            self._start(math.ceil(float(ticks[0])))
        if self._input is not None and math.isfinite(beats[-1]):
            self._input.settle(float(beats[-1]))
        self._table.gather()
        self._rate.look(float(beats[-1]), self._table.arrived)
        out = self._arrived(ticks, beats) + self._judged(ticks, beats)
        if math.isfinite(beats[-1]):
            if self._is_ecg:
                out += self._seconds(ticks, beats)
            out += self._silent(ticks, beats)
            out += self._on_grid(ticks, both)
        before = min(self._next.values()) - self.config.kept
        self._table.trim(before)
        self._grids.forget(before)
        return out

    def _refusal(self, time: float) -> str:
        """Return why the stream cannot be used, if that is known from samples before `time` [s]."""
        return self._refused if self._first < time else ""

    def _start(self, second: int) -> None:
        five = STEP * math.ceil(second / STEP)
        self._next = {
            "second": float(second),
            "silent": STEP * math.ceil((second + self.config.silence) / STEP),
        }
        if not self._hears_breathing:
            self._next["resp_rate"] = five
        self._next |= dict.fromkeys(("hf", "rsa_pb"), five)

    def _due(self, name: str, step: float, delay: float, watermarks: FloatArray) -> FloatArray:
        """Return the grid times that are settled by the last watermark, and move on past them."""
        first = self._next[name]
        if not (math.isfinite(watermarks[-1]) and first + delay <= watermarks[-1]):
            return np.empty(0)
        n = max(0, math.floor((float(watermarks[-1]) - delay - first) / step) + 1)
        while n and first + step * (n - 1) + delay > watermarks[-1]:
            n -= 1
        while first + step * n + delay <= watermarks[-1]:
            n += 1
        self._next[name] = first + step * n
        return np.asarray(first + step * np.arange(n), np.float64)

    def _arrived(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return the intervals of beats that came."""
        table, come = self._table, self._table.arrived
        n, available = released(come.settled[table.emitted :], ticks, watermarks)
        if n == 0:
            return []
        fresh = slice(table.emitted, table.emitted + n)
        table.emitted += n
        times, values = come.times[fresh], come.values[fresh]
        quality, unsure = self._unsure(times, come.quality[fresh])
        why = with_doubts(values, come.reasons[fresh], unsure)
        return self._rows(times, available, "ibi", values, quality, why)

    def _judged(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return the classes of beats, and the windows that end at them."""
        table, beats = self._table, self._table.rows.beats
        n, available = released(table.rows.settled[table.judged :], ticks, watermarks)
        if n == 0:
            return []
        fresh = slice(table.judged, table.judged + n)
        table.judged += n
        ends, classes = beats.times[fresh], beats.classes[fresh]
        quality, unsure = self._unsure(ends, table.rows.quality[fresh])
        why = [
            "" if known else reason
            for known, reason in zip(classes == classes, beats.reasons[fresh], strict=True)
        ]
        out = self._rows(ends, available, "ibi_class", classes, quality, with_doubts(classes, why, unsure))
        last = of_last_beat(quality, beats.reasons[fresh], unsure)
        columns = beat_columns(beats, ends, self.config, has_shapes=self._is_ecg)
        for name, length, values, reasons, worth in columns:
            good = np.where(np.isnan(values), 0.0, quality if worth is None else np.minimum(quality, worth))
            if name == VAGAL and self._grids.heard_speech:
                reasons = self._flagged(ends, values, reasons)
            reasons = with_doubts(values, reasons, last)
            out += self._rows(ends - length / 2, available, name, values, good, reasons)
        return out

    def _unsure(self, at: FloatArray, quality: FloatArray) -> tuple[FloatArray, list[str]]:
        """Return the quality of beats, 0 where the unit is in doubt, and those doubts."""
        unsure = self._doubts(at)
        return np.where([bool(doubt) for doubt in unsure], 0.0, quality), unsure

    def _doubts(self, at: FloatArray) -> list[str]:
        """Say of each moment what beats up to it tell against unit or rate of their ECG; "" if nothing."""
        come = self._table.arrived
        units, rates = doubts(come.times, np.abs(come.heights), at, self._unit), self._rate.at(at)
        return [unit or rate for unit, rate in zip(units, rates, strict=True)]

    def _flagged(self, ends: FloatArray, values: FloatArray, reasons: list[str]) -> list[str]:
        """Add to values of windows with much own speech that it was so."""
        shares = [self._grids.spoken(end - self.config.rmssd_window, end) for end in ends.tolist()]
        return [
            f"spoke {100 * share:.0f} % of the window" if share > self.config.speech and not why else why
            for share, why in zip(shares, reasons, strict=True)
        ]

    def _seconds(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return the quality of each second of ECG."""
        centres = self._due("second", 1.0, QUALITY_SETTLING, watermarks)
        if len(centres) == 0:
            return []
        if self._monitor is None:
            quality = np.full(len(centres), np.nan)
            reasons = [self._refusal(centre + 0.5) or "no data" for centre in centres.tolist()]
        else:
            beats = self._view(centres)
            seconds = self._monitor.measure(centres, beats.accepted == 0)
            quality, reasons = judge_seconds(seconds, beats, self._monitor.sfreq, self._unit)
            reasons = self._not_yet(seconds.samples, reasons)
            quality, reasons = self._rate.seconds(centres, quality, reasons)
        if self._edits is not None:
            quality, reasons = said_by_hand(self._edits, centres, quality, reasons)
        self._faults |= dict(zip(centres.tolist(), reasons, strict=True))
        self._faults = {c: r for c, r in self._faults.items() if c >= self._next["silent"]}
        _, available = released(centres + QUALITY_SETTLING, ticks, watermarks)
        return self._rows(centres, available, "ecg_quality", quality, np.nan_to_num(quality), reasons)

    def _not_yet(self, samples: FloatArray, reasons: Sequence[str]) -> list[str]:
        """Say of seconds without a beat, after less than 3 s of ECG, that none can have been found yet."""
        assert self._monitor is not None
        counts = np.concatenate((self._counts, samples))
        self._counts = counts[-2:]
        long = counts[2:] + counts[1:-1] + counts[:-2] >= 0.9 * SILENCE * self._monitor.sfreq
        return [
            NOT_YET if reason == OFF and not lasts else reason
            for reason, lasts in zip(reasons, long.tolist(), strict=True)
        ]

    def _view(self, centres: FloatArray) -> BeatView:
        """Return what the beats say about these seconds."""
        rows = self._table.arrived
        known = rows.accepted.tolist()
        times, settled = rows.times, rows.settled
        stops = np.minimum(
            np.searchsorted(times, centres + 0.5, side="right"),
            np.searchsorted(settled, centres + QUALITY_SETTLING, side="right"),
        )
        starts = np.minimum(np.searchsorted(times, centres + 0.5 - SILENCE, side="right"), stops)
        likeness, heights = rows.likeness.tolist(), np.abs(rows.heights).tolist()
        columns = []
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            n, recent = stop - start, sorted(h for h in heights[max(0, stop - 16) : stop] if h == h)
            like = math.fsum(likeness[start:stop]) / n if n else 0.0
            columns.append(
                (math.fsum(known[start:stop]), n, like, recent[len(recent) // 2] if recent else math.nan)
            )
        return BeatView._make(np.array(columns, np.float64).T)

    def _silent(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return rows that say why there is no value, every 5 s while no accepted beat came."""
        ends = self._due("silent", STEP, QUALITY_SETTLING, watermarks)
        if len(ends) == 0:
            return []
        _, available = released(ends + QUALITY_SETTLING, ticks, watermarks)
        out = list[IndexSample]()
        come = self._table.arrived
        for end, when in zip(ends.tolist(), available.tolist(), strict=True):
            stop = self._table.until(end, end + QUALITY_SETTLING)
            start = int(np.searchsorted(come.times[:stop], end - self.config.silence, side="right"))
            if come.accepted[start:stop].any():
                continue
            reason = self._refusal(end) or self._faults.get(end, "")
            reason = reason or ("no accepted beat" if self._is_ecg or stop > start else "no data")
            for name, length in self._lengths.items():
                if stop == start or not name.startswith("ibi"):
                    out.append(index_sample(end - length / 2, when, self.entity, name, math.nan, 0.0, reason))
        return out

    def _on_grid(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        c, grids = self.config, self._grids
        closing = CLOSING + SETTLING
        out = list[IndexSample]()
        if not self._hears_breathing:
            out += self._grid_rows("resp_rate", grids.breathing, WINDOW / 2 + closing, ticks, watermarks)
        out += self._grid_rows("rsa_pb", grids.rsa, c.rsa_window / 2 + RSA_EDGE + closing, ticks, watermarks)
        power = self._grid_rows("hf", grids.hf, c.hf_window / 2 + SETTLING, ticks, watermarks)
        return out + power + [_logarithm(sample) for sample in power]

    def _grid_rows(
        self,
        name: str,
        compute: Callable[[FloatArray], list[Value]],
        delay: float,
        ticks: FloatArray,
        watermarks: FloatArray,
    ) -> list[IndexSample]:
        centres = self._due(name, STEP, delay, watermarks)
        if len(centres) == 0:
            return []
        _, available = released(centres + delay, ticks, watermarks)
        found = zip(
            centres.tolist(), available.tolist(), compute(centres), self._doubts(centres), strict=True
        )
        return [
            index_sample(
                centre,
                when,
                self.entity,
                name,
                value,
                0.0 if doubt else quality,
                self._refusal(centre + STEP) or reason or doubt,
            )
            for centre, when, (value, quality, reason), doubt in found
        ]

    def _rows(
        self,
        at: FloatArray,
        available: FloatArray,
        name: str,
        values: FloatArray,
        quality: FloatArray,
        reasons: Sequence[str],
    ) -> list[IndexSample]:
        return index_samples(at, available, self.entity, name, values, quality, reasons)


def _logarithm(of: IndexSample) -> IndexSample:
    value = math.log(of.value) if of.value > 0 else math.nan
    return index_sample(of.time, of.available, of.entity, "lnhf", value, of.quality, of.reason)
