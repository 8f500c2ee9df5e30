"""Baselines: a person's channels at rest and in neutral talk, whether that will do, and the reference.

A session's reference comes from the last rest that passed and the last talk that passed. A person's reference
pools those of several recordings; only with it may recordings be compared.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from acquisition.errors import SessionError
from acquisition.stream import FloatArray
from processing.arousal.band import (
    BITS,
    NO_BAND,
    ArousalConfig,
    Band,
    Scale,
    band,
    bits_of,
    channel_sets,
    index_series,
    scale_of,
)

Code = Literal["baseline_rest", "baseline_talk"]
Scaling = Literal["session", "person", "anchored"]
"""Relative to today's centre and scale, to the person's, or to today's centre on the person's scale."""
CODES: tuple[Code, Code] = ("baseline_rest", "baseline_talk")
NAMES = {"hr": "heart rate", "scl": "EDA level", "scr": "EDA response rate", "f0": "voice pitch"}
SENSORS = ("hr", "scl")
"""The channels without which a baseline is refused when their sensor is expected."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Baseline:
    """Hold the channels during a baseline.

    Parameters
    ----------
    start, stop : float
        Moments of the on and off markers [s, LSL clock].
    values : dict of ndarray, shape (n_seconds,)
        Channel → values at 1 Hz as the index takes them (ln µS, √(1/min)); nan where not valid.
    doubt : str
        Why they are in doubt; "" if they are not.
    """

    code: Code
    start: float
    stop: float
    values: dict[str, FloatArray]
    doubt: str = ""

    def share(self, channel: str) -> float:
        """Return the valid share of a channel."""
        values = self.values.get(channel, np.empty(0))
        return float(np.isfinite(values).mean()) if len(values) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineVerdict:
    """Say whether a baseline passed, and why.

    Parameters
    ----------
    time : float
        T of the off marker, from which it acts [s, LSL clock].
    valid : dict
        Channel → valid share [%].
    seconds : float
        Valid seconds of the index in it [s].
    text : str
        The reason, for people.
    """

    entity: str
    code: Code
    time: float
    start: float
    stop: float
    accepted: bool
    valid: dict[str, float]
    seconds: float
    text: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reference:
    """Hold a reference: the baselines it rests on, and what follows from them.

    Parameters
    ----------
    scaling : str
        "session", "person" or "anchored".
    scales : dict
        Channel → median and scale at rest.
    bands : dict
        Bits of a set of channels → band.
    """

    scaling: Scaling
    rest: tuple[Baseline, ...]
    talk: tuple[Baseline, ...]
    scales: dict[str, Scale] = field(default_factory=dict)
    bands: dict[int, Band] = field(default_factory=dict)

    @property
    def doubt(self) -> str:
        """Return why a baseline that it rests on is in doubt; "" if none is."""
        return next((b.doubt for b in (*self.rest, *self.talk) if b.doubt), "")

    @classmethod
    def of(
        cls,
        rest: Sequence[Baseline],
        talk: Sequence[Baseline],
        config: ArousalConfig,
        scaling: Scaling = "session",
    ) -> Self:
        """Work out scales and bands from baselines that passed."""
        scales: dict[str, Scale] = {}
        for channel in config.weights():
            values = [b.values[channel] for b in rest if b.share(channel) >= config.share]
            if values:
                scales[channel] = scale_of(np.concatenate(values), getattr(config, f"floor_{channel}"))
        bands = {}
        for channels in channel_sets(scales):
            at_rest, in_talk = (
                [
                    index_series(b.values, scales, channels, config)
                    for b in part
                    if set(channels) <= set(b.values)
                ]
                for part in (rest, talk)
            )
            bands[bits_of(channels)] = band(at_rest, in_talk, config)
        return cls(scaling=scaling, rest=tuple(rest), talk=tuple(talk), scales=scales, bands=bands)

    def to_json(self) -> str:
        """Return the baselines as JSON; scales and bands follow from them."""
        return json.dumps({"v": 1, "rest": _plain(self.rest), "talk": _plain(self.talk)})

    @classmethod
    def from_json(cls, text: str, config: ArousalConfig) -> Self:
        """Read a person's reference.

        Raises
        ------
        ValueError
            If the text is not a reference.
        """
        try:
            table = json.loads(text)
            if table["v"] != 1:
                raise ValueError(f"version {table['v']} (known: 1)")
            parts = [
                [_baseline(code, row) for row in table[key]]
                for code, key in zip(CODES, ("rest", "talk"), strict=True)
            ]
        except (json.JSONDecodeError, RecursionError):
            raise ValueError("not a reference: not JSON") from None
        except KeyError as error:
            raise ValueError(f"not a reference: no {error.args[0]!r} in it") from None
        except (TypeError, AttributeError):
            raise ValueError("not a reference: its parts are of no baseline") from None
        return cls.of(parts[0], parts[1], config, "person")


def pool(references: Sequence[Reference], config: ArousalConfig) -> Reference:
    """Return a person's reference from those of several recordings, all seconds counting alike."""
    rest = [b for r in references for b in r.rest]
    talk = [b for r in references for b in r.talk]
    return Reference.of(rest, talk, config, "person")


def read_reference(path: Path, config: ArousalConfig) -> Reference:
    """Read a person's reference from a file.

    Raises
    ------
    SessionError
        If the file cannot be read or is not a reference.
    """
    try:
        return Reference.from_json(path.read_text("utf-8"), config)
    except (OSError, ValueError) as error:
        raise SessionError(path, [str(error)]) from None


def _plain(baselines: Sequence[Baseline]) -> list[dict[str, Any]]:
    return [
        {
            "start": b.start,
            "stop": b.stop,
            "values": {c: [None if math.isnan(x) else x for x in v.tolist()] for c, v in b.values.items()},
        }
        for b in baselines
    ]


def _baseline(code: Code, row: Mapping[str, Any]) -> Baseline:
    values = {
        str(c): np.array([math.nan if x is None else float(x) for x in v])
        for c, v in row["values"].items()
        if c in BITS
    }
    if len({len(v) for v in values.values()}) > 1:
        raise ValueError("not a reference: channels of unequal length")
    return Baseline(code=code, start=float(row["start"]), stop=float(row["stop"]), values=values)


def judge(
    baseline: Baseline,
    entity: str,
    time: float,
    expected: frozenset[str],
    reference: Reference | None,
    config: ArousalConfig,
) -> BaselineVerdict:
    """Say whether a baseline passes.

    Parameters
    ----------
    time : float
        T of the off marker [s].
    expected : frozenset of str
        Channels whose sensors are expected; each needs `config.share` valid. The response rate alone does not
        refuse a baseline (it starts a minute after the signal): it is then left out of the index.
    reference : Reference or None
        For rest: the one that would follow from it; for talk: the one in force, None without a rest.
    """
    valid = {c: 100.0 * baseline.share(c) for c in config.weights() if c in expected}
    least = config.rest if baseline.code == "baseline_rest" else config.talk
    seconds = _seconds(baseline, reference, config)
    faults = [
        f"{NAMES[c]} valid {valid.get(c, 0.0):.0f} %, needs {100 * config.share:.0f} %"
        for c in SENSORS
        if c in valid and valid[c] < 100.0 * config.share
    ]
    if reference is None and baseline.code == "baseline_talk":
        faults.append("no rest baseline before it")
    elif not faults and seconds < least:
        faults.append(f"{seconds:.0f} s of valid index, needs {least:.0f} s")
    shares = ", ".join(f"{NAMES[c]} {share:.0f} %" for c, share in valid.items())
    beside = f"; {baseline.doubt}" if baseline.doubt else ""
    text = (
        f"refused: {'; '.join(faults)}" if faults else f"accepted: {seconds:.0f} s; valid: {shares}{beside}"
    )
    return BaselineVerdict(
        entity=entity,
        code=baseline.code,
        time=time,
        start=baseline.start,
        stop=baseline.stop,
        accepted=not faults,
        valid=valid,
        seconds=seconds,
        text=text,
    )


def _seconds(baseline: Baseline, reference: Reference | None, config: ArousalConfig) -> float:
    """Return the valid seconds of the index in a baseline, with its best set of sensors."""
    if reference is None or not reference.scales:
        return 0.0
    channels = [c for c in SENSORS if c in reference.scales] or list(reference.scales)
    series = index_series(baseline.values, reference.scales, channels, config)
    return float(np.isfinite(series[round(config.skip) :]).sum())


def band_for(reference: Reference, bits: int) -> Band:
    """Return the band for a set of channels; one without edges where there is none."""
    return reference.bands.get(bits, NO_BAND)
