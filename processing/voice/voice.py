"""Voice: from rows and turns of prosody to what a person's voice does, against their own baseline.

| index | window, step | settled after `time` |
|---|---|---|
| `speaking` | the second that ends at `time`, 1 s | 0.5 s |
| `f0_shift`, `intensity_shift`, `alpha_ratio` | 10 s around `time`, 1 s | 5.5 s |
| `f0_range` | 30 s around `time`, 1 s | 15.5 s |
| `mid_band_share`, `hnr`, `jitter`, `shimmer` (exploratory) | 30 s around `time`, 5 s | 15.5 s |
| `articulation_rate`, `speech_rate`, `pause_ratio` | each own turn, `time` = its middle | with its row |
| `turn`, `turn_f0`, `turn_intensity` | each own turn, `time` = its beginning | with its row |

Speech itself is not there any more: percentiles over several seconds come from the median and spread of each
second, taken as normal and weighted by how much of it was voiced.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.event import Event
from acquisition.stream import Chunk, FloatArray
from acquisition.voice.rows import is_turns
from processing.index import IndexSample, Watermarks, index_sample, released
from processing.voice.baseline import WITHDRAWN, Baseline, VoiceConfig, VoiceReference
from processing.voice.windows import Second, mean_power, range_of, shift_of, weighted_mean

__all__ = ["Voice", "VoiceConfig"]

HALF = VoiceConfig.wait


class Voice:
    """Estimate the voice markers of one person from 1 Hz rows and from rows of turns.

    Parameters
    ----------
    entity : str
        client or therapist.
    """

    def __init__(self, entity: str, *, config: VoiceConfig) -> None:
        self.entity, self.config = entity, config
        self._rows: dict[int, Second] = {}
        self._turns: list[tuple[float, bool, dict[str, float]]] = []
        self._last_turn = -math.inf
        self._baseline = Baseline(config)
        self._second = math.nan
        self._measured = False
        """Voice quality is measured: it is an option, and without it there are no rows of it."""

    @property
    def reference(self) -> VoiceReference | None:
        """Return the baseline that holds now."""
        return self._baseline.reference

    def mark(self, event: Event, time: float) -> None:
        """Take in an event that acts at `time`, T of the tick that closed its slice [s]."""
        self._baseline.mark(event, time)

    def update(self, chunk: Chunk) -> None:
        """Take in rows or turns; which they are, their channels say."""
        names = chunk.info.channels
        columns = [list(map(float, row)) for row in chunk.samples]
        for stamp, values in zip(chunk.times.tolist(), columns, strict=True):
            row = dict(zip(names, values, strict=True))
            if is_turns(chunk.info):
                self._turns.append((stamp, stamp > self._last_turn, row))
                self._last_turn = stamp
            elif math.isfinite(stamp):
                self._rows[math.floor(stamp + HALF)] = Second.of(row)

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Let index samples pass: none bears on a voice."""

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Return what became final at these ticks.

        Rows a turn have watermarks of their own: the second must not wait for the end of a turn.
        """
        if len(ticks) == 0:
            return []
        turns = watermarks.get("turns", watermarks.get("voice"))
        seconds = watermarks.get("voice", turns)
        assert turns is not None
        assert seconds is not None
        if math.isnan(self._second):
            self._second = float(math.ceil(ticks[0]))
        out = self._spoken_turns(ticks, turns)
        until = float(seconds[-1]) - HALF
        if not until >= self._second:
            return out
        times = self._second + np.arange(math.floor(until - self._second) + 1.0)
        _, available = released(times + HALF, ticks, seconds)
        for time, tick in zip(times.tolist(), available.tolist(), strict=True):
            out += self._at(int(time), tick)
        self._second = float(times[-1]) + 1.0
        return out

    def _at(self, g: int, tick: float) -> list[IndexSample]:
        """Work out the second that ends at `g` and the windows that end with it."""
        c = self.config
        row = self._rows.get(g)
        out = self._baseline_at(g, row, tick)
        if row is None or math.isnan(row.activity):
            out.append(self._sample(g, tick, "speaking", math.nan, 0.0, "no data"))
        else:
            spoke = float(row.activity >= 0.5)
            out.append(self._sample(g, tick, "speaking", spoke, 1.0 - row.uncertain, ""))
        out += self._short(g, tick, self._window(g, c.window))
        long = self._window(g, c.range_window)
        out.append(self._range(g, tick, long))
        if g % c.quality_step == 0:
            out += self._quality(g, tick, long)
        self._rows.pop(g - max(c.window, c.range_window), None)
        return out

    def _window(self, g: int, length: int) -> list[Second]:
        return [row for k in range(g - length + 1, g + 1) if (row := self._rows.get(k)) is not None]

    def _baseline_at(self, g: int, row: Second | None, tick: float) -> list[IndexSample]:
        found = self._baseline.advance(g, row)
        if found is None:
            return []
        values = (("f0_ref", found.f0), ("intensity_ref", found.intensity), ("voice_ref_n", found.n))
        quality = float(found is not WITHDRAWN)
        return [self._sample(g, tick, name, value, quality, found.source) for name, value in values]

    def _short(self, g: int, tick: float, window: Sequence[Second]) -> list[IndexSample]:
        c, reference = self.config, self._baseline.reference
        voiced = math.fsum(row.voiced for row in window)
        spoken = math.fsum(row.phonation for row in window)
        quality = min(1.0, voiced / (2 * c.voiced)) * len(window) / c.window
        few = "no data" if not window else "" if voiced >= c.voiced else f"less than {c.voiced:g} s voiced"
        short = "no data" if not window else "" if spoken >= c.voiced else f"spoke less than {c.voiced:g} s"
        unknown = "" if reference else "no voice baseline"
        values = {"alpha_ratio": (weighted_mean([(r.alpha, r.voiced) for r in window]), few)}
        f0, loudness = (reference.f0, reference.intensity) if reference else (math.nan, math.nan)
        values["f0_shift"] = shift_of(window, f0), few or unknown
        values["intensity_shift"] = mean_power(window) - loudness, short or unknown
        at = g - c.window / 2
        out = []
        for name, (value, reason) in values.items():
            reason = reason or ("" if math.isfinite(value) else "no voiced speech")
            value = math.nan if reason else value
            out.append(self._sample(at, tick, name, value, 0.0 if reason else quality, reason))
        return out

    def _range(self, g: int, tick: float, window: Sequence[Second]) -> IndexSample:
        c = self.config
        voiced = math.fsum(row.voiced for row in window)
        reason = "" if voiced >= c.range_voiced else f"less than {c.range_voiced:g} s voiced"
        reason = reason if window else "no data"
        value = math.nan if reason else range_of(window)
        quality = 0.0 if reason else min(1.0, voiced / (2 * c.range_voiced)) * len(window) / c.range_window
        return self._sample(g - c.range_window / 2, tick, "f0_range", value, quality, reason)

    def _quality(self, g: int, tick: float, window: Sequence[Second]) -> list[IndexSample]:
        """Return what is exploratory; each second counts by how much of it was voiced."""
        c = self.config
        columns = {"mid_band_share": [(r.mid, r.voiced) for r in window]}
        self._measured = self._measured or any(math.isfinite(r.hnr) for r in window)
        if self._measured:
            columns["hnr"] = [(r.hnr, r.voiced) for r in window]
            columns["jitter"] = [(r.jitter, r.voiced) for r in window]
            columns["shimmer"] = [(r.shimmer, r.voiced) for r in window]
        voiced = math.fsum(row.voiced for row in window)
        out = []
        for name, pairs in columns.items():
            value = weighted_mean(pairs)
            reason = "" if voiced >= c.range_voiced else f"less than {c.range_voiced:g} s voiced"
            reason = "no data" if not window else reason or ("" if math.isfinite(value) else "not measured")
            value = math.nan if reason else value
            quality = (
                0.0 if reason else min(1.0, voiced / (2 * c.range_voiced)) * len(window) / c.range_window
            )
            out.append(self._sample(g - c.range_window / 2, tick, name, value, quality, reason))
        return out

    def _spoken_turns(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return what became final of the turns.

        A turn's row says all of it, so it is final with its own stamp, also at the end of a recording; but
        one that shares the stamp of the row before may come after the watermark has reached it, and waits.
        """
        settled = np.array(
            [stamp if first else math.nextafter(stamp, math.inf) for stamp, first, _ in self._turns]
        )
        n, available = released(settled, ticks, watermarks)
        done, self._turns = self._turns[:n], self._turns[n:]
        out: list[IndexSample] = []
        for (stamp, _, turn), tick in zip(done, available.tolist(), strict=True):
            out += self._turn(stamp, turn, tick)
        return out

    def _turn(self, stop: float, turn: dict[str, float], tick: float) -> list[IndexSample]:
        c = self.config
        length, phonation, nuclei = turn["duration"], turn["phonation"], turn["nuclei"]
        if not length > 0.0:
            return []
        start, middle = stop - length, stop - length / 2
        short = "" if phonation >= c.rate_phonation else f"less than {c.rate_phonation:g} s of phonation"
        rates = {
            "articulation_rate": math.nan if short else nuclei / phonation,
            "speech_rate": math.nan if short else nuclei / length,
        }
        out = [
            self._sample(middle, tick, name, value, 0.0 if short else 1.0, short)
            for name, value in rates.items()
        ]
        out.append(self._sample(middle, tick, "pause_ratio", turn["pause"] / length, 1.0, ""))
        out.append(self._sample(start, tick, "turn", length, 1.0, ""))
        for name in ("f0", "intensity"):
            value = turn["f0_median" if name == "f0" else name]
            reason = "" if math.isfinite(value) else "no voiced speech"
            out.append(self._sample(start, tick, f"turn_{name}", value, 0.0 if reason else 1.0, reason))
        return out

    def _sample(
        self, time: float, tick: float, index: str, value: float, quality: float, reason: str
    ) -> IndexSample:
        return index_sample(float(time), tick, self.entity, index, value, quality, reason)
