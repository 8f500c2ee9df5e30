"""What looks good and is wrong where a sender's stamps are: streams drawn at random, live, to beat intervals.

    python -m benchmarks.timebase_drawn [--n 40] [--seed 0] [--kinds late combined …]

Three minutes of an ECG whose beats are known, at 100 to 1000 Hz, stamped as bridges do; `combined` draws
several faults at once: packets, rounding, losses, a gap with another clock behind it, samples twice. Samples
come as they would, so packets that are held up are. For each kind: intervals with a quality of 0.5 and more,
those of them more than 5 ms off and in how many streams, and the largest error [ms]; beats without one [%];
streams in which a rate was told that is none.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.batch import Batch, Item, gather
from acquisition.stream import BoolArray, Chunk, FloatArray, IntArray, Modality, Role, StreamInfo
from acquisition.tick import Tick
from acquisition.timebase.account import Account
from processing.index import IndexSample
from processing.pipeline import Pipeline
from processing.sample_times import SampleTimes

SECONDS, START = 180.0, 1000.0
LIMIT = 5.0
RATES = (100.0, 128.0, 130.0, 250.0, 256.0, 500.0, 1000.0)
WAVES = (
    *((-0.16, 0.12, 0.025), (-0.026, -0.12, 0.009), (0.0, 1.0, 0.011)),
    *((0.028, -0.22, 0.010), (0.26, 0.28, 0.045)),
)
Rng = np.random.Generator


@dataclass(slots=True, eq=False)
class Drawn:
    """Hold what a stream sends: times, stamps and arrivals of samples [s], the rate that it says [Hz]."""

    true: FloatArray
    stamps: FloatArray
    came: FloatArray
    sfreq: float
    off: float = 0.0

    def take(self, order: IntArray) -> Drawn:
        """Return it with samples in another order, or some; none comes before those sent before it."""
        came = np.maximum.accumulate(self.came[order])
        return Drawn(self.true[order], self.stamps[order], came, self.sfreq, self.off)


class Judged(NamedTuple):
    """Hold how many intervals are good, by how much those that are wrong are off [ms], and how many beats
    there were; whether a rate was told that the stream does not send."""

    good: int
    wrong: list[float]
    beats: int
    rate: bool


def even(rng: Rng, sfreq: float, off: float = 0.0) -> Drawn:
    """Return a stream stamped with its own times."""
    true = START + np.arange(int(SECONDS * sfreq)) / (sfreq * (1.0 + off))
    return Drawn(true, true.copy(), true + 0.02, sfreq, off)


def stamped(rng: Rng, how: str, sfreq: float, off: float = 0.0) -> Drawn:
    """Return one whose stamps are even, rounded to milliseconds, or late by so many of them on average."""
    sent = even(rng, sfreq, off)
    if how == "rounded":
        sent.stamps = np.round(sent.stamps, 3)
    elif how.startswith("jitter"):
        sent.stamps = np.maximum.accumulate(
            sent.stamps + rng.exponential(float(how[6:]) / 1e3, len(sent.true))
        )
    return sent


def packets(
    rng: Rng, how: str, sfreq: float, size: int, *, off: float = 0.0, way: float = 0.03, late: float = 0.0
) -> Drawn:
    """Return one that sends packets, of which a share is late by 0.3 to 1.5 packets, whole and in order.

    Parameters
    ----------
    how : str
        Each sample stamped when it is passed on, all with the packet's arrival, or the others deduced.
    way, late : float
        By how much each may be late [s], and the share that is later.
    """
    sent = even(rng, sfreq, off)
    n = len(sent.true)
    which = np.arange(n) // size
    last = np.minimum((which + 1) * size - 1, n - 1)
    ends = np.unique(last)
    wait = 0.02 + rng.uniform(0.0, way, len(ends))
    held = rng.random(len(ends)) < late
    wait[held] += rng.uniform(0.3, 1.5, int(held.sum())) * size / sfreq
    came = np.maximum.accumulate(sent.true[ends] + wait)
    queue = np.arange(len(ends)) - np.maximum.accumulate(
        np.where(np.append(True, np.diff(came) > 0), np.arange(len(ends)), 0)
    )
    came = np.maximum.accumulate(came + 0.002 * queue)[which]
    within = np.arange(n) - which * size
    sent.stamps = came.copy()
    if how == "bursts":
        sent.stamps += within * 8e-6
    elif how == "deduced":
        sent.stamps -= (last - np.arange(n)) / sfreq
    sent.came = np.maximum.accumulate(came + within * 8e-6)
    return sent


def late_packets(rng: Rng) -> Drawn:
    """One packet in 4 to 60 is late by 0.3 to 1.5 packets."""
    sfreq, length = float(rng.choice(RATES)), float(rng.choice([0.05, 0.1, 0.25, 0.56, 1.0]))
    how, off = str(rng.choice(["bursts", "shared", "deduced"])), float(rng.choice([0.0, 0.003, -0.003]))
    late = 1.0 / float(rng.choice([4.0, 8.0, 15.0, 30.0, 60.0]))
    return packets(rng, how, sfreq, max(2, int(length * sfreq)), off=off, late=late)


def overtakes(rng: Rng) -> Drawn:
    """Samples that overtake one or two others, one in 1 to 20 s."""
    sfreq, by = float(rng.choice(RATES)), int(rng.integers(1, 3))
    sent = stamped(rng, str(rng.choice(["even", "rounded", "jitter1"])), sfreq)
    order, at = np.arange(len(sent.true)), int(3 * sfreq)
    every = sfreq * float(rng.choice([1.0, 4.0, 20.0]))
    while at < len(order) - 5:
        order[at], order[at + by] = order[at + by], order[at]
        at += by + 1 + int(rng.exponential(every))
    return sent.take(order)


def chunks_swapped(rng: Rng) -> Drawn:
    """Chunks of up to 0.6 s that are overtaken by the next, one in 3 to 20 s."""
    sfreq = float(rng.choice(RATES))
    sent = stamped(rng, str(rng.choice(["even", "rounded", "jitter1", "jitter3", "jitter10"])), sfreq)
    size, every = int(rng.integers(2, int(0.6 * sfreq))), sfreq * float(rng.choice([3.0, 8.0, 20.0]))
    order, at = np.arange(len(sent.true)), int(3 * sfreq)
    while at < len(order) - 2 * size:
        order[at : at + size] += size
        order[at + size : at + 2 * size] -= size
        at += 2 * size + int(rng.exponential(every))
    return sent.take(order)


def clock_set(rng: Rng) -> Drawn:
    """A clock that is set by 0.05 to 1 s, every 4 to 60 s, the same way or to and fro."""
    sfreq = float(rng.choice(RATES))
    how = str(rng.choice(["even", "rounded", "jitter1", "jitter3", "bursts", "deduced"]))
    size = max(2, int(float(rng.choice([0.1, 0.3, 0.56])) * sfreq))
    sent = packets(rng, how, sfreq, size) if how in ("bursts", "deduced") else stamped(rng, how, sfreq)
    times = np.floor((sent.true - START) / float(rng.choice([4.0, 10.0, 20.0, 60.0])))
    times = times % 2 if rng.random() < 0.5 else times
    sent.stamps = sent.stamps + times * float(rng.choice([-0.3, 0.3, -0.05, 0.05, -1.0, 1.0]))
    return sent


def slightly_faster(rng: Rng) -> Drawn:
    """Rounded stamps, and a rate that changes by 0.1 to 0.5 % in mid-stream."""
    sfreq, at = float(rng.choice([130.0, 250.0, 500.0, 1000.0])), rng.uniform(40.0, 90.0)
    change = float(rng.choice([0.001, 0.002, 0.003, 0.005])) * float(rng.choice([-1.0, 1.0]))
    sent = even(rng, sfreq)
    sent.true = sent.true - np.maximum(sent.true - START - at, 0.0) * change / (1.0 + change)
    sent.stamps, sent.came = np.round(sent.true, 3), sent.true + 0.02
    return sent


def combined(rng: Rng) -> Drawn:
    """Several of the faults that a bridge makes, at once."""
    sfreq, off = float(rng.choice(RATES)), float(rng.choice([0.0, 0.0005, 0.003, -0.003]))
    size = max(1, int(float(rng.choice([0.02, 0.05, 0.1, 0.25, 0.56, 1.0])) * sfreq))
    how = str(rng.choice(["bursts", "shared", "deduced", "even", "rounded", "jitter1", "jitter3"]))
    if how in ("bursts", "shared", "deduced"):
        late = float(rng.choice([0.0, 0.0, 0.005, 0.02, 0.1]))
        sent = packets(rng, how, sfreq, size, off=off, way=float(rng.choice([0.002, 0.01, 0.04])), late=late)
    else:
        sent = stamped(rng, how, sfreq, off)
    since, n = sent.true - START, len(sent.true)
    which = np.arange(n) // size
    keep = rng.random(which[-1] + 1)[which] >= float(rng.choice([0.0, 0.0, 0.002, 0.01])) * min(
        1.0, size / sfreq * 10
    )
    if rng.random() < 0.4:  # a gap, and another clock behind it
        begin, length = rng.uniform(30.0, 150.0), float(rng.choice([0.7, 3.0, 8.0, 20.0]))
        keep &= ~((since > begin) & (since < begin + length))
        jump = float(rng.choice([0.0, -1000.0, -0.4, 0.4, 5.0, -5.0, 3600.0]))
        sent.stamps = sent.stamps + np.where(since > begin, jump, 0.0)
    if rng.random() < 0.15:
        sent.stamps = sent.stamps + float(rng.choice([-0.3, 0.3])) * np.floor(
            since / float(rng.choice([10, 60]))
        )
    if rng.random() < 0.4:
        sent.stamps = np.round(sent.stamps, 3)
    order = keep.nonzero()[0]
    if rng.random() < 0.15:  # some chunks come twice
        for packet in rng.integers(10, which[-1] - 2, 3).tolist():
            again = order[which[order] == packet]
            order = np.insert(order, int(order.searchsorted(again[-1])) + 1, again) if len(again) else order
    return sent.take(order)


def shared_again(rng: Rng) -> Drawn:
    """Packets under one stamp each; one in 4 to 30 s comes twice, or has the stamp of the one before."""
    sfreq, length = float(rng.choice(RATES)), float(rng.choice([0.1, 0.25, 0.56, 1.0]))
    size = max(2, int(length * sfreq))
    sent = packets(rng, "shared", sfreq, size)
    which = np.arange(len(sent.true)) // size
    twice, at = rng.random() < 0.6, int(3.0 / length) + 2
    order, every = np.arange(len(sent.true)), float(rng.choice([4.0, 10.0, 30.0])) / length
    chosen = list[int]()
    while at < which[-1] - 2:
        chosen.append(at)
        at += 2 + int(rng.exponential(every))
    if not twice:
        for packet in chosen:
            before, mine = (which == packet - 1).nonzero()[0], (which == packet).nonzero()[0]
            sent.stamps[before], sent.came[before] = sent.stamps[mine[0]], sent.came[mine[0]]
        return sent
    for packet in reversed(chosen):
        again = (which == packet).nonzero()[0]
        order = np.insert(order, int(again[-1]) + 1, again)
    return sent.take(order)


def chunks_reversed(rng: Rng) -> Drawn:
    """Chunks of up to 0.3 s that come from their last sample to their first: all, or one in 5 s."""
    sfreq = float(rng.choice(RATES))
    sent = stamped(rng, str(rng.choice(["even", "rounded", "jitter1"])), sfreq)
    size, share = int(rng.integers(3, max(4, int(0.3 * sfreq)))), 1.0
    if rng.random() < 0.5:
        share = size / sfreq / 5.0
    order = np.arange(len(sent.true))
    for begin in range(int(3 * sfreq) if share < 1.0 else 0, len(order) - size, size):
        if rng.random() < share:
            order[begin : begin + size] = order[begin : begin + size][::-1]
    return sent.take(order)


KINDS: dict[str, Callable[[Rng], Drawn]] = {
    "late": late_packets,
    "overtakes": overtakes,
    "swapped": chunks_swapped,
    "set": clock_set,
    "rate": slightly_faster,
    "combined": combined,
    "again": shared_again,
    "reversed": chunks_reversed,
}


def heart(rng: Rng, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return when a heart beats [s], and its ECG at some times [mV]."""
    first, n = float(times.min()), int((times.max() - times.min()) / 0.5)
    usual, steps = float(rng.uniform(0.65, 1.05)), np.arange(n)
    beats = first + 0.5 + np.cumsum(usual * (1 + 0.04 * np.sin(0.9 * steps) + 0.015 * rng.standard_normal(n)))
    beats = beats[beats < times.max()]
    order = np.argsort(times, kind="stable")
    at, ecg = times[order], np.zeros(len(times))
    for place, height, width in WAVES:
        for beat in (beats + place).tolist():
            part = slice(*at.searchsorted([beat - 5 * width, beat + 5 * width]))
            ecg[part] += height * np.exp(-0.5 * ((at[part] - beat) / width) ** 2)
    out = np.empty(len(times))
    out[order] = ecg
    return beats, out + _noise(times)


def _noise(times: FloatArray) -> FloatArray:
    """Return noise that is the same whenever a sample comes again [mV]."""
    values, back = np.unique(times, return_inverse=True)
    return np.asarray(0.01 * np.random.default_rng(1).standard_normal(len(values))[back])


def received(sent: Drawn, ecg: FloatArray, info: StreamInfo) -> list[Batch]:
    """Return what a recording has of it."""
    ticks = sent.came[0] - 0.05 + 0.1 * np.arange(int((sent.came[-1] - sent.came[0] + 6.0) / 0.1))
    items, at = list[Item](), 0
    for k, stop in enumerate(sent.came.searchsorted(ticks, "right").tolist()):
        if stop > at:
            items.append(Chunk(info, sent.stamps[at:stop], ecg[at:stop, None]))
        items.append(Tick(k, float(ticks[k]), float(ticks[k])))
        at = stop
    return list(gather(items))


def judged(rng: Rng, sent: Drawn) -> Judged:
    """Return what the pipeline makes of a stream."""
    beats, ecg = heart(rng, sent.true)
    info = StreamInfo(
        name="ecg", role=Role.CLIENT, modality=Modality.ECG, sfreq=sent.sfreq, channels=("ecg",), unit="mV"
    )
    pipeline, laying = Pipeline([info], session_id="drawn"), SampleTimes(info)
    out, times, values = list[IndexSample](), list[FloatArray](), list[FloatArray]()
    for batch in received(sent, ecg, info):
        out += pipeline.push(batch)
        if (part := laying.lay(batch.streams.get(info.key), batch.ticks).part) is not None:
            times.append(part.times)
            values.append(np.asarray(part.samples[:, 0]))
    order = np.argsort(ecg, kind="stable")
    true = sent.true[order[ecg[order].searchsorted(np.concatenate(values))]]
    intervals = [s for s in out if s.index == "ibi" and s.value == s.value and s.quality >= 0.5]
    ends = np.array([s.time for s in intervals])
    length = np.array([s.value for s in intervals])
    at = np.concatenate(times)
    last, first = (
        _nearest(beats, _nearest_value(at, true, moment)) for moment in (ends, ends - length / 1e3)
    )
    errors = length - 1e3 * (last - first)
    return Judged(
        len(errors), errors[np.abs(errors) > LIMIT].tolist(), len(beats), _false_rate(laying.account, sent)
    )


def _false_rate(account: Account, sent: Drawn) -> bool:
    return any("sends" in remark.message for remark in account.remarks)


def _nearest_value(at: FloatArray, values: FloatArray, moments: FloatArray) -> FloatArray:
    k = np.clip(at.searchsorted(moments), 1, len(at) - 1)
    nearer: BoolArray = np.abs(moments - at[k - 1]) < np.abs(moments - at[k])
    return values[np.where(nearer, k - 1, k)]


def _nearest(beats: FloatArray, moments: FloatArray) -> FloatArray:
    return _nearest_value(beats, beats, moments)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--n", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", choices=[*KINDS], default=[*KINDS])
    options = parser.parse_args()
    print(f"{'kind':12s}{'good':>8s}{'wrong':>8s}{'streams':>9s}{'largest':>9s}{'without':>9s}{'rates':>7s}")
    for kind in options.kinds:
        rows = list[Judged]()
        for seed in range(options.seed, options.seed + options.n):
            rng = np.random.default_rng([seed, list(KINDS).index(kind)])
            rows.append(judged(rng, KINDS[kind](rng)))
        wrong = [error for row in rows for error in row.wrong]
        beats, good = sum(row.beats for row in rows), sum(row.good for row in rows)
        print(
            f"{kind:12s}{good:8d}{len(wrong):8d}{sum(bool(row.wrong) for row in rows):9d}"
            f"{max((abs(error) for error in wrong), default=0.0):9.0f}{100 - 100 * good / beats:8.1f}%"
            f"{sum(row.rate for row in rows):7d}",
            flush=True,
        )


if __name__ == "__main__":
    main()
