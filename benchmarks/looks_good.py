"""What looks good and is wrong: heart rates and intervals at quality 0.5 or better, on signals that mislead.

    python -m benchmarks.looks_good [--rates 130 250] [--seeds 3] [--kinds fibrillation saw]

Each signal is made of one heart whose beats are known, and of what is not that heart: another heart or a
pacemaker's pulses, saw-teeth and broad waves, spikes of three samples. Of every kind: rows of heart rate that
have a value, as a share of those that could; of these off by more than 5 bpm from all of the heart's own
beats of the same ten seconds; minutes of RMSSD with a value, and of these more than 20 % off; beats missed,
and marks that are none of this heart, as shares of its beats; of those the marks with a good interval.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from benchmarks.ecg import matches
from benchmarks.lookalikes import NORMAL, SECONDS, T_WAVE, WIDE, WIDE_DOWN, Record, band, coarse
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.index import IndexSample

OFF = 5.0
"""A heart rate that is so far off is wrong [bpm]."""
LARGE = 0.2
"""RMSSD that is so far off is wrong, as a share."""
WINDOW, MINUTE = HeartConfig().hr_window, HeartConfig().rmssd_window
JITTER = 0.03
"""So far its mark may lie before the last beat of a window [s]."""
NEAR = 0.08
"""A mark so near to a beat is of it [s]."""


class Signal(NamedTuple):
    """Hold one signal: ECG [mV] (or intervals [ms] at their beats), rate [Hz] (0 for intervals), the heart's
    beats [s], and which of them are of its normal kind."""

    values: FloatArray
    sfreq: float
    beats: FloatArray
    normal: FloatArray


Maker = Callable[[np.random.Generator, float], Signal]


def _noise(rng: np.random.Generator, n: int) -> FloatArray:
    return np.asarray(0.015 * rng.standard_normal(n), np.float64)


def _own(
    rng: np.random.Generator, sfreq: float, usual: float = 0.85
) -> tuple[Record, FloatArray, FloatArray]:
    """Return a resting heart's record, its ECG and its beats."""
    made = Record(rng)
    at = 0.6
    while at < SECONDS:
        made.beat(at, NORMAL + T_WAVE)
        at += made.moment(usual)
    return made, *made.drawn(sfreq)


def rest(rng: np.random.Generator, sfreq: float) -> Signal:
    """Return a resting heart alone."""
    _, ecg, beats = _own(rng, sfreq)
    return Signal(ecg, sfreq, beats, np.ones(len(beats)))


def fibrillation(usual: float, wide: float = 0.0) -> Maker:
    """Return random intervals about so long [s], a share of the beats wide."""

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        made, at, kinds = Record(rng), 0.6, list[bool]()
        while at < SECONDS:
            odd = bool(rng.random() < wide)
            made.beat(
                at,
                (WIDE if rng.random() < 0.6 else WIDE_DOWN) if odd else NORMAL + T_WAVE,
                1.0 if odd else float(rng.uniform(0.75, 1.15)),
                p=None,
            )
            kinds.append(not odd)
            at += max(0.33, usual * float(rng.gamma(16.0, 1 / 16.0)))
        ecg, beats = made.drawn(sfreq)
        return Signal(
            ecg + coarse(rng, np.arange(len(ecg)) / sfreq, sfreq),
            sfreq,
            beats,
            np.array(kinds[: len(beats)], float),
        )

    return make


def fibrillating_pulse(usual: float) -> Maker:
    """Return random intervals alone, as a strap sends them."""

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        steps = np.maximum(0.33, usual * rng.gamma(16.0, 1 / 16.0, int(2 * SECONDS / usual)))
        beats = 0.6 + np.cumsum(steps)
        beats = beats[beats < SECONDS]
        return Signal(1e3 * steps[: len(beats)], 0.0, beats, np.ones(len(beats)))

    return make


def bigeminy(usual: float, coupling: float, share: float = 1.0, *, pauses: bool = False) -> Maker:
    """Return a heart in which wide beats follow normal ones after `coupling` s; a beat each `usual` s in the
    mean. With `pauses` it beats so fast before, too, and a pause follows each wide beat; without, it beats
    half as fast and they come between."""

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        made, at, kinds = Record(rng), 0.6, list[float]()
        while at < SECONDS:
            made.beat(at, NORMAL + T_WAVE)
            kinds.append(1.0)
            wide = at > 20.0 and rng.random() < share
            step = made.moment(2 * usual if wide or not pauses else usual, 0.02)
            if wide:
                made.beat(at + coupling * (1 + 0.02 * float(rng.standard_normal())), WIDE, p=None)
                kinds.append(0.0)
            at += step
        ecg, beats = made.drawn(sfreq)
        return Signal(ecg, sfreq, beats, np.array(kinds[: len(beats)]))

    return make


def second_pulse(
    height: float, usual: float, width: float, since: float = 60.0, until: float = 240.0
) -> Maker:
    """Return a resting heart with another's pulses of this height over R, one each `usual` s."""

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        _, ecg, beats = _own(rng, sfreq)
        other = Record(rng)
        at = since
        while at < until:
            other.waves += [(at, height, width), (at + 2.5 * width, -0.3 * height, width)]
            at += usual * (1 + 0.02 * float(rng.standard_normal()))
        ecg = ecg + other.drawn(sfreq, 0.0)[0]
        return Signal(ecg, sfreq, beats, np.ones(len(beats)))

    return make


def second_heart(times: float, usual: float, since: float = 30.0, until: float = 240.0) -> Maker:
    """Return a resting heart with another's beats and T waves, so many times as high, one each `usual` s."""

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        _, ecg, beats = _own(rng, sfreq)
        other, at = Record(rng), since
        while at < until:
            other.beat(
                at, tuple((place, times * high, wide) for place, high, wide in NORMAL + T_WAVE), p=None
            )
            at += usual * (1 + 0.01 * float(rng.standard_normal()))
        return Signal(ecg + other.drawn(sfreq, 0.0)[0], sfreq, beats, np.ones(len(beats)))

    return make


def waves(kind: str, frequency: float, height: float, since: float = 60.0, until: float = 120.0) -> Maker:
    """Return a resting heart in whose place there are waves for a while; nothing of it is seen then."""

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        _, ecg, beats = _own(rng, sfreq)
        time = np.arange(len(ecg)) / sfreq
        f = frequency * (1 + 0.03 * np.sin(0.7 * time))
        phase = np.cumsum(f) / sfreq + float(rng.random())
        turn = phase % 1.0
        shape = {
            "saw": 2.0 * turn - 1.0,
            "sharp": 2.0 * np.exp(-0.5 * ((turn - 0.5) / 0.12) ** 2) - 0.6,
            "sine": np.sin(2 * np.pi * phase),
            "steep": np.where(turn < 0.15, turn / 0.075 - 1.0, 1.0 - (turn - 0.15) / 0.425),
        }[kind]
        on = (time >= since) & (time < until)
        ecg = np.where(on, height * shape + _noise(rng, len(ecg)), ecg)
        own = (beats < since) | (beats >= until)
        return Signal(ecg, sfreq, beats[own], np.ones(int(own.sum())))

    return make


def spikes(samples: int, every: float) -> Maker:
    """Return a resting heart with spikes of so many samples, 2-20 times R, one each `every` s in the mean."""

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        _, ecg, beats = _own(rng, sfreq)
        at = np.flatnonzero(rng.random(len(ecg)) < 1.0 / (every * sfreq))
        at = at[(at > 5.0 * sfreq) & (at < len(ecg) - sfreq)]
        for k in at.tolist():
            ecg[k : k + samples] += rng.choice([-1.0, 1.0]) * rng.uniform(2.0, 20.0)
        return Signal(ecg, sfreq, beats, np.ones(len(beats)))

    return make


def two_peaks(turn: float, noise: float, apart: float = 0.032, below: float = 1.0) -> Maker:
    """Return a still heart (RMSSD 10 ms) whose QRS has two peaks of like size, so far apart [s]: one up and
    one down, both up if `below` is -1. A breath turns them by this share, and muscles make noise [mV]."""

    def make(rng: np.random.Generator, sfreq: float) -> Signal:
        made, at = Record(rng), 0.6
        while at < SECONDS:
            lean = turn * float(np.sin(1.6 * at))
            peaks = ((0.0, 0.45 * (1 + lean), 0.009), (apart, -0.45 * below * (1 - lean), 0.009))
            made.beat(at, peaks + tuple((t, 0.4 * h, w) for t, h, w in T_WAVE))
            at += 0.8 + 0.02 * float(np.sin(1.6 * at)) + 0.004 * float(rng.standard_normal())
        ecg, beats = made.drawn(sfreq, 0.01)
        return Signal(ecg + noise * band(rng, len(ecg), sfreq, 10.0, 50.0), sfreq, beats, np.ones(len(beats)))

    return make


KINDS: dict[str, Maker] = {
    "rest": rest,
    "fibrillation, 75 a minute": fibrillation(0.8),
    "fibrillation, 110": fibrillation(0.545),
    "fibrillation, 140": fibrillation(0.43),
    "fibrillation, 90, a tenth wide": fibrillation(0.667, 0.1),
    "fibrillation, intervals alone, 75": fibrillating_pulse(0.8),
    "fibrillation, intervals alone, 110": fibrillating_pulse(0.545),
    **{
        f"bigeminy, {60 / u:.0f}, after {c:.2f} s": bigeminy(u, c)
        for u, c in ((0.545, 0.33), (0.545, 0.36), (0.545, 0.40), (0.667, 0.33), (0.667, 0.40), (0.8, 0.45))
    },
    **{
        f"bigeminy with pauses, {60 / u:.0f}, after {c:.2f} s": bigeminy(u, c, pauses=True)
        for u, c in ((0.545, 0.33), (0.6, 0.36), (0.667, 0.40))
    },
    "singles with pauses, 110, after 0.33 s": bigeminy(0.545, 0.33, 0.15, pauses=True),
    "trigeminy and singles, 110, after 0.33 s": bigeminy(0.545, 0.33, 0.4),
    **{
        f"another pulse {h:g} times as high, each {u:g} s, {1e3 * w:.0f} ms": second_pulse(h, u, w)
        for h, u, w in (
            (0.6, 0.7, 0.010),
            (1.0, 0.7, 0.010),
            (2.0, 0.7, 0.010),
            (4.0, 0.7, 0.010),
            (2.0, 1.0, 0.010),
            (2.0, 0.85, 0.020),
            (2.0, 0.5, 0.010),
            (4.0, 1.1, 0.016),
            (8.0, 0.6, 0.012),
        )
    },
    "another pulse from the start, 3 times as high": second_pulse(3.0, 0.7, 0.010, 0.3, 180.0),
    **{
        f"another heart {h:g} times as high, each {u:g} s": second_heart(h, u)
        for h, u in ((2.0, 0.7), (4.0, 0.6), (5.0, 0.5))
    },
    **{
        f"{k} at {f:g} Hz, {h:g} mV": waves(k, f, h)
        for k in ("saw", "steep", "sharp", "sine")
        for f, h in ((2.0, 1.5), (3.0, 1.5), (4.5, 1.5), (4.5, 0.8))
    },
    "saw at 4.5 Hz from the start": waves("saw", 4.5, 1.5, 0.0, 120.0),
    "two peaks that a breath turns, beside": two_peaks(0.3, 0.0, 0.036, -1.0),
    "two peaks that a breath turns, up and down": two_peaks(0.3, 0.0),
    "two peaks, up and down, in noise": two_peaks(0.0, 0.12),
    "two peaks, beside, in noise": two_peaks(0.0, 0.12, 0.036, -1.0),
    "spikes of 1 sample, each 3.3 s": spikes(1, 10 / 3),
    "spikes of 2 samples, each 3.3 s": spikes(2, 10 / 3),
    "spikes of 1 sample, each 1 s": spikes(1, 1.0),
    "spikes of 3 samples, each 5 s": spikes(3, 5.0),
    "spikes of 3 samples, each 1.5 s": spikes(3, 1.5),
    "spikes of 2 samples, each 1.5 s": spikes(2, 1.5),
}


class Seen(NamedTuple):
    """Hold counts of one signal; rows and minutes are as many as beats, if all have a value."""

    rates_given: int
    rates_off: int
    minutes_given: int
    minutes_off: int
    beats: int
    missed: int
    extra: int
    extra_good: int


def rows(signal: Signal) -> list[IndexSample]:
    """Return what the pipeline's heart says of it."""
    is_ecg = signal.sfreq > 0
    info = StreamInfo(
        name="s",
        role=Role.CLIENT,
        modality=Modality.ECG if is_ecg else Modality.RR,
        sfreq=signal.sfreq,
        unit="mV" if is_ecg else "ms",
        channels=("s",),
    )
    heart, out = Heart("client", info.modality, config=HeartConfig()), list[IndexSample]()
    times = np.arange(len(signal.values)) / signal.sfreq if is_ecg else signal.beats
    for start in np.arange(0.0, SECONDS + 10.0, 10.0).tolist():
        part = slice(*np.searchsorted(times, [start, start + 10.0]))
        heart.update(Chunk(info, times[part], signal.values[part, None]))
        ticks = np.arange(start, start + 10.0 - 1e-9, 0.1)
        out += heart.advance(ticks, {"heart": ticks})
    return out


def is_good(sample: IndexSample) -> bool:
    """Tell whether a row has a value that looks good."""
    return bool(np.isfinite(sample.value) and sample.quality >= 0.5)


def true_rate(signal: Signal, end: float) -> float:
    """Return the heart rate [bpm] of all beats of the window that ends there [s], at a mark or just after."""
    steps, at, last = np.diff(signal.beats), signal.beats[1:], end + JITTER
    inside = steps[(at > last - WINDOW) & (at <= last) & (steps < 2.5)]
    return float(60.0 / inside.mean()) if len(inside) else np.nan


def true_rmssd(signal: Signal, end: float) -> float:
    """Return RMSSD [ms] of normal beats in the minute that ends there [s]; nan of fewer than ten."""
    beats, normal = signal.beats, signal.normal > 0
    inside = (beats[:-2] > end - MINUTE) & (beats[2:] <= end) & normal[2:] & normal[1:-1] & normal[:-2]
    change = 1e3 * np.diff(np.diff(beats))[inside]
    return float(np.sqrt(np.mean(change**2))) if len(change) >= 10 else np.nan


def seen(signal: Signal) -> Seen:
    """Return what came out, against the truth."""
    out, beats = rows(signal), signal.beats
    given = {name: [s for s in out if s.index == name and is_good(s)] for name in ("hr", "rmssd")}
    rates = [(s.value, true_rate(signal, s.time + WINDOW / 2)) for s in given["hr"]]
    minutes = [(s.value, true_rmssd(signal, s.time + MINUTE / 2)) for s in given["rmssd"]]
    of_second = {round(s.time): s.quality for s in out if s.index == "ecg_quality"}
    marks = [
        s
        for s in out
        if s.index == "ibi"
        and s.reason not in ("no data", "no accepted beat")
        and not s.reason.startswith(("electrode", "no separable"))
    ]
    at = np.array([s.time for s in marks])
    _, extra, missed = matches(at, beats, NEAR)
    near = np.abs(at[:, None] - beats).min(axis=1) <= NEAR if len(at) else np.empty(0, bool)
    others = [s for s, n in zip(marks, near, strict=True) if not n]
    return Seen(
        rates_given=len(rates),
        rates_off=sum(not abs(value - true) <= OFF for value, true in rates),
        minutes_given=len(minutes),
        minutes_off=sum(not abs(value - true) <= LARGE * true for value, true in minutes),
        beats=len(beats),
        missed=missed,
        extra=extra,
        extra_good=sum(is_good(s) and of_second.get(round(s.time), 1.0) >= 0.5 for s in others),
    )


HEADING = (
    "| kind | HR given | > 5 bpm off | RMSSD given | > 20 % off | missed | extra | extra, good |\n"
    "|---|---|---|---|---|---|---|---|"
)


def row(kind: str, signals: list[Signal]) -> str:
    """Return one row of the table."""
    s = Seen._make(np.sum([seen(signal) for signal in signals], axis=0))

    def pct(part: float, whole: float) -> str:
        return f"{100 * part / whole:.1f}" if whole else "–"

    return (
        f"| {kind} | {pct(s.rates_given, s.beats)} | {pct(s.rates_off, s.rates_given)} "
        f"| {pct(s.minutes_given, s.beats)} | {pct(s.minutes_off, s.minutes_given)} "
        f"| {pct(s.missed, s.beats)} | {pct(s.extra, s.beats)} | {s.extra_good:.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rates", type=float, nargs="+", default=[130.0, 250.0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", default=[""], help="beginnings of the names of kinds")
    options = parser.parse_args()
    print(HEADING)
    for j, (kind, make) in enumerate(KINDS.items()):
        if kind.startswith(tuple(options.kinds)):
            drawn = [(rate, seed) for rate in options.rates for seed in range(options.seeds)]
            print(row(kind, [make(np.random.default_rng((s, j)), f) for f, s in drawn]), flush=True)


if __name__ == "__main__":
    main()
