"""EDA with known responses, and ways to feed it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from processing.index import IndexSample
from processing.skin.config import SkinConfig
from processing.skin.skin import Skin

ONSETS = (20.0, 45.0, 47.5, 80.0, 120.0, 150.0)
HEIGHTS = (0.4, 0.2, 0.3, 0.08, 1.0, 0.06)


def info(sfreq: float) -> StreamInfo:
    return StreamInfo(
        name="eda", role=Role.CLIENT, modality=Modality.EDA, sfreq=sfreq, unit="uS", channels=("EDA",)
    )


def respond(t: FloatArray, onset: float, height: float, rise: float = 2.0, half: float = 6.0) -> FloatArray:
    """Return one response: half-cosine rise, exponential decay."""
    up = np.clip((t - onset) / rise, 0.0, 1.0)
    decay = 2.0 ** -(np.maximum(t - onset - rise, 0.0) / half)
    return np.asarray(height * 0.5 * (1.0 - np.cos(np.pi * up)) * decay)


def eda_with(
    seconds: float, sfreq: float, onsets: Sequence[float] = ONSETS, heights: Sequence[float] = HEIGHTS
) -> tuple[FloatArray, FloatArray]:
    """Return stamps [s] and EDA [µS]: level 5, the responses, 2 nS of noise."""
    t = np.arange(round(seconds * sfreq)) / sfreq
    x = 5.0 + 0.002 * np.random.default_rng(3).standard_normal(len(t))
    for onset, height in zip(onsets, heights, strict=True):
        x += respond(t, onset, height)
    return t, x


def feed(
    times: FloatArray,
    eda: FloatArray,
    sfreq: float,
    *,
    cuts: Sequence[float] = (),
    seconds: float | None = None,
    config: SkinConfig | None = None,
) -> list[IndexSample]:
    """Run the estimator with a tick each 0.1 s, in batches that end at `cuts` [s]; return sorted results."""
    skin = Skin("client", config=config or SkinConfig())
    start = float(np.floor(times[0])) if len(times) else 0.0
    end = seconds if seconds is not None else float(times[-1]) - start
    ticks = np.asarray(start + 0.1 * np.arange(1, round(end * 10) + 1), np.float64)
    out: list[IndexSample] = []
    done_t, done_x = 0, 0
    for cut in [*sorted(set(cuts)), np.inf]:
        n = int(np.searchsorted(ticks, start + cut, side="right"))
        if n == done_t:
            continue
        upto = int(np.searchsorted(times, ticks[n - 1]))
        if upto > done_x:
            skin.update(Chunk(info(sfreq), times[done_x:upto], eda[done_x:upto, None]))
        out += skin.advance(ticks[done_t:n], {"skin": ticks[done_t:n]})
        done_t, done_x = n, upto
    return sorted(out, key=IndexSample.order)


def column(samples: Sequence[IndexSample], index: str) -> tuple[FloatArray, FloatArray]:
    """Return times and values of one index."""
    rows = [s for s in samples if s.index == index]
    return np.array([s.time for s in rows]), np.array([s.value for s in rows])


def comparable(samples: Sequence[IndexSample]) -> list[tuple[object, ...]]:
    """Return the samples in a form in which nan equals nan."""
    return [tuple("nan" if x != x else x for x in s) for s in samples]
