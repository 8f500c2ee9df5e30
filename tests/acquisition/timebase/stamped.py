"""Streams whose stamps are wrong in a known way, with the times of their samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray, IntArray
from acquisition.timebase.lay import Whole

SECONDS = 180.0
PACKET = 73
"""Samples in a packet of a Polar H10."""
EVERY = 20.0
"""Seconds between losses, and between stalls."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stamped:
    """Hold what a stream sends.

    Parameters
    ----------
    true, stamps : ndarray, shape (n_samples,)
        Times of the samples, and what stands beside them [s].
    sfreq : float
        Rate that the stream says [Hz].
    lost : ndarray of int
        Before which samples some are missing.
    each : int
        How many.
    """

    true: FloatArray
    stamps: FloatArray
    sfreq: float
    lost: IntArray
    each: int = 0


Rng = np.random.Generator
Push = Callable[[FloatArray, Rng], FloatArray]


def even(times: FloatArray, rng: Rng) -> FloatArray:
    """Stamp samples with their times."""
    return times.copy()


def rounded(times: FloatArray, rng: Rng) -> FloatArray:
    """Stamp samples with their times to the millisecond."""
    return np.round(times, 3)


def jittered(scale: float) -> Push:
    """Stamp samples when they are pushed, late by an exponential with this mean [s]."""

    def stamps(times: FloatArray, rng: Rng) -> FloatArray:
        return np.maximum.accumulate(times + rng.exponential(scale, len(times)))

    return stamps


def stalling(length: float) -> Push:
    """Stamp samples when they are pushed, and push none for this long now and then [s]."""

    def stamps(times: FloatArray, rng: Rng) -> FloatArray:
        out = times + rng.exponential(0.003, len(times))
        for begin in np.arange(times[0] + 30.0, times[-1] - 5.0, EVERY):
            held = (out > begin) & (out < begin + length)
            out[held] = begin + length + np.arange(held.sum()) * 2e-5
        return np.maximum.accumulate(out)

    return stamps


def bursts(times: FloatArray, rng: Rng) -> FloatArray:
    """Stamp the samples of a packet one by one when it has come over the radio."""
    return _arrivals(times, rng)[np.arange(len(times)) // PACKET] + (np.arange(len(times)) % PACKET) * 8e-6


def shared(times: FloatArray, rng: Rng) -> FloatArray:
    """Stamp all samples of a packet with its arrival."""
    return _arrivals(times, rng)[np.arange(len(times)) // PACKET]


def deduced(sfreq: float) -> Push:
    """Stamp packets when they have come, and deduce the other stamps of each from a rate [Hz]."""

    def stamps(times: FloatArray, rng: Rng) -> FloatArray:
        place = np.arange(len(times))
        last = np.minimum((place // PACKET + 1) * PACKET - 1, len(times) - 1)
        return _arrivals(times, rng)[place // PACKET] - (last - place) / sfreq

    return stamps


def chunked(n: int, late: float, sfreq: float) -> Push:
    """Stamp chunks of n samples when they have come, late by an exponential with this mean [s], and deduce
    the other stamps of each from a rate [Hz]."""

    def stamps(times: FloatArray, rng: Rng) -> FloatArray:
        place = np.arange(len(times))
        last = np.minimum((place // n + 1) * n - 1, len(times) - 1)
        came = times[np.unique(last)] + 0.003 + rng.exponential(late, len(np.unique(last)))
        return np.maximum.accumulate(came)[place // n] - (last - place) / sfreq

    return stamps


def only_last(times: FloatArray, rng: Rng) -> FloatArray:
    """Stamp the last sample of a packet only."""
    last = np.arange(len(times)) % PACKET == PACKET - 1
    return np.where(last, _arrivals(times, rng)[np.arange(len(times)) // PACKET], np.nan)


def _arrivals(times: FloatArray, rng: Rng) -> FloatArray:
    """Return when packets come: at the next connection event; two of a hundred are held up."""
    last = np.append(np.arange(PACKET - 1, len(times) - 1, PACKET), len(times) - 1)
    wait = 0.02 + rng.uniform(0.0, 0.0375, len(last))
    held = rng.random(len(last)) < 0.02
    wait[held] += rng.uniform(0.05, 0.3, held.sum())
    return np.maximum.accumulate(times[last] + wait)


def stream(
    push: Push,
    *,
    sfreq: float = 130.0,
    says: float | None = None,
    off: float = 0.0,
    lost: int = 0,
    gap: float = 0.0,
    seed: int = 0,
    seconds: float = SECONDS,
) -> Stamped:
    """Return a stream.

    Parameters
    ----------
    sfreq, says, off : float
        Rate [Hz], the one it says if that is another, and the share by which its crystal is off.
    lost : int
        So many samples are missing every 20 s.
    gap : float
        Length of a gap after a minute [s].
    """
    rng = np.random.default_rng(seed)
    n = int(seconds * sfreq)
    times, kept = 100.0 + np.arange(n) / (sfreq * (1.0 + off)), np.ones(n, np.bool_)
    places = np.arange(int(EVERY * sfreq), n - int(15 * sfreq), int(EVERY * sfreq)) if lost else np.empty(0)
    places = places.astype(np.int64) + rng.integers(0, 200, len(places))
    if lost == PACKET:
        places = places // PACKET * PACKET
    for place in places.tolist():
        kept[place : place + lost] = False
    kept[int(60 * sfreq) : int((60 + gap) * sfreq)] = False
    true = times[kept]
    return Stamped(
        true=true,
        stamps=push(true, rng),
        sfreq=sfreq if says is None else says,
        lost=np.searchsorted(true, times[places]),
        each=lost,
    )


def changing(before: Push, after: Push, *, sfreq: float = 130.0, at: float = 60.0) -> Stamped:
    """Return two minutes of a stream whose stamps come in another manner from `at` seconds on."""
    rng = np.random.default_rng(0)
    true, n = 100.0 + np.arange(int(120.0 * sfreq)) / sfreq, int(at * sfreq)
    stamps = np.concatenate((before(true[:n], rng), after(true[n:], rng)))
    return Stamped(true=true, stamps=stamps, sfreq=sfreq, lost=np.empty(0, np.int64))


def changed_rate(
    push: Push,
    change: float,
    *,
    sfreq: float = 130.0,
    at: float = 60.0,
    seconds: float = 120.0,
    seed: int = 0,
) -> Stamped:
    """Return a stream whose samples come faster by a share from `at` seconds on."""
    before, after = np.arange(int(at * sfreq)) / sfreq, np.arange(int((seconds - at) * sfreq)) / sfreq
    true = 100.0 + np.concatenate((before, at + after / (1.0 + change)))
    stamps = push(true, np.random.default_rng(seed))
    return Stamped(true=true, stamps=stamps, sfreq=sfreq, lost=np.empty(0, np.int64))


def slowing(push: Push, share: float, length: float) -> Push:
    """Stamp samples that a link holds up more and more, by a share of so many seconds, now and then."""

    def stamps(times: FloatArray, rng: Rng) -> FloatArray:
        out = push(times, rng)
        for begin in np.arange(times[0] + 30.0, times[-1] - 10.0, EVERY):
            since = times - begin
            held = np.where(since < length, share * since, 2.0 * share * length - (since - length))
            out = out + np.where(since > 0.0, np.maximum(np.minimum(held, share * length), 0.0), 0.0)
        return np.maximum.accumulate(out)

    return stamps


def late_packets(size: int, law: str, share: float, *, lost: bool, seed: int = 0) -> Stamped:
    """Return three minutes of packets that are late by shares of their length; one is lost every 20 s."""
    rng, sfreq = np.random.default_rng(seed), 130.0
    true = 100.0 + np.arange(int(180.0 * sfreq)) / sfreq
    packet = np.arange(len(true)) // size
    gone = (np.arange(25.0, 165.0, 20.0) * sfreq).astype(np.int64) // size + rng.integers(0, 3, 7)
    kept = ~np.isin(packet, gone if lost else [])
    first = np.searchsorted(packet[kept], gone)
    true, packet = true[kept], packet[kept]
    _, begins, which = np.unique(packet, return_index=True, return_inverse=True)
    draw = rng.exponential if law == "exponential" else lambda most, n: rng.uniform(0.0, most, n)
    came = np.append(true[begins[1:] - 1], true[-1]) + draw(share * size / sfreq, len(begins))
    stamps = np.maximum.accumulate(came)[which] + (np.arange(len(true)) - begins[which]) * 8e-6
    return Stamped(true=true, stamps=stamps, sfreq=sfreq, lost=first, each=size)


def uneven(seed: int = 0, seconds: float = SECONDS) -> Stamped:
    """Return a stream that samples at steps of 6 and 8 ms, in proportions that wander."""
    rng = np.random.default_rng(seed)
    n = int(seconds * 145)
    share = np.repeat(rng.uniform(0.02, 0.4, n // 500 + 1), 500)[:n]
    true = 100.0 + np.cumsum(np.where(rng.random(n) < share, 0.008, 0.006))
    return Stamped(true=true, stamps=true.round(6), sfreq=166.5, lost=np.empty(0, np.int64))


def interval_errors(sent: Stamped, laid: Whole, *, after: float = 15.0) -> FloatArray:
    """Return the errors of intervals between moments about 0.85 s apart, from `after` seconds on [ms].

    Moments whose samples have no place are left out, as a hole makes beats of them.
    """
    rng = np.random.default_rng(1)
    known = np.isfinite(laid.times)
    true, times = sent.true[known], laid.times[known]
    beats = true[0] + after + np.cumsum(rng.normal(0.85, 0.05, int((true[-1] - true[0] - after - 3) / 0.85)))
    beats = beats[beats < true[-1] - 2.0]
    return np.asarray(np.diff(np.interp(beats, true, times) - beats) * 1e3)


def mixed(seed: int) -> tuple[FloatArray, FloatArray | None, float]:
    """Return stamps whose manner changes now and then, with losses and slips; arrivals, if any; the rate."""
    rng = np.random.default_rng(seed)
    sfreq = float(rng.choice([25.0, 130.0, 130.0, 250.0, 512.0]))
    n = int(sfreq * rng.uniform(30.0, 60.0))
    times = 1000.0 + np.arange(n) / sfreq
    pushes = [
        *(even, rounded, jittered(0.003), jittered(0.01), bursts, deduced(sfreq)),
        *(chunked(8, 0.02, sfreq), chunked(20, 0.03, sfreq), shared, stalling(0.4)),
    ]
    stamps, begin = times.copy(), 0
    for end in [*np.sort(rng.integers(0, n, rng.integers(0, 5))).tolist(), n]:
        if end - begin > 3:
            stamps[begin:end] = pushes[rng.integers(len(pushes))](times[begin:end], rng)
        begin = end
    keep = np.ones(n, np.bool_)
    for _ in range(rng.integers(0, 6)):
        begin = int(rng.integers(0, n))
        keep[begin : begin + int(rng.integers(1, int(3 * sfreq)))] = False
    stamps, times = stamps[keep], times[keep]
    for _ in range(rng.integers(0, 3)):
        stamps[rng.integers(0, len(stamps))] += rng.normal()
    return stamps, np.ceil(times * 10.0) / 10.0 if rng.random() < 0.7 else None, sfreq
