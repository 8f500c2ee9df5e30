"""Anchored scaling: today's centre, the person's scale, so that edges of several days may be compared.

A day moves heart rate and skin conductance level as a whole (electrodes, coffee, the weather). Under the
person's own centre that offset moves every edge; under today's centre and scale each day has a ruler of its
own, which five minutes of rest know badly. Anchored is between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from acquisition.stream import FloatArray
from processing.arousal.band import (
    ArousalConfig,
    Band,
    Scale,
    band,
    bits_of,
    channel_sets,
    index_series,
    scale_of,
)
from processing.arousal.baseline import Baseline, Reference


def anchored(
    rest: Sequence[Baseline], talk: Sequence[Baseline], person: Reference, config: ArousalConfig
) -> Reference:
    """Return today's reference on the person's scale.

    - Each channel: today's median at rest; as scale 1.4826·MAD of all the person's rests, each about its own
      median, so that days which differ do not widen it. A channel that the person's rests lack is left out.
    - The band: around today's medians of rest and talk; s_A from all the person's baselines likewise.

    Parameters
    ----------
    rest, talk : sequence of Baseline
        Today's, that passed.
    person : Reference
        That of the person's recordings; today's may be among them.
    """
    spreads = _spreads(person.rest, config)
    today = Reference.of(rest, talk, config).scales
    scales = {c: Scale(today[c].median, spreads[c]) for c in today if c in spreads}
    bands: dict[int, Band] = {}
    for channels in channel_sets(scales):
        parts = [_series(part, scales, channels, config) for part in (rest, talk, person.rest, person.talk)]
        usual = [_about_own_median(part, round(config.skip)) for part in parts[2:]]
        bands[bits_of(channels)] = band(parts[0], parts[1], config, spread_of=usual)
    return Reference(scaling="anchored", rest=tuple(rest), talk=tuple(talk), scales=scales, bands=bands)


def _spreads(rests: Sequence[Baseline], config: ArousalConfig) -> dict[str, float]:
    """Return channel → spread of the person's rests about the median of each."""
    out = {}
    for channel in config.weights():
        values = [b.values[channel] for b in rests if b.share(channel) >= config.share]
        if values:
            joined = _about_own_median(values, 0)
            out[channel] = scale_of(joined, getattr(config, f"floor_{channel}")).scale
    return out


def _series(
    baselines: Sequence[Baseline],
    scales: Mapping[str, Scale],
    channels: Sequence[str],
    config: ArousalConfig,
) -> list[FloatArray]:
    return [
        index_series(b.values, scales, channels, config) for b in baselines if set(channels) <= set(b.values)
    ]


def _about_own_median(parts: Sequence[FloatArray], skip: int) -> FloatArray:
    """Return all finite values, each part less its own median."""
    finite = [part[skip:][np.isfinite(part[skip:])] for part in parts]
    return np.concatenate([np.empty(0), *(f - np.median(f) for f in finite if len(f))])
