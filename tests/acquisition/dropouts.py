"""Drop-outs of one wearable of each driver, in virtual time: what was recorded against what was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from acquisition.drivers.table import TABLE
from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.peripheral import Hardware, Signal
from acquisition.session.profile import load_profile, shipped
from acquisition.session.toml import parse_session
from acquisition.stream import FloatArray, Modality
from tests.acquisition.ble_bench import Bench, session_of, session_text
from tests.acquisition.ble_bench import device as device_table

ADDRESS = "C7:4C:DA:51:37:51"
AWAY = (6.0, 12.0, 25.0)
"""Lengths of the drop-outs [s]."""
BEFORE, BETWEEN = 15.0, 40.0
"""Seconds in range before them, and between and after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Say how a driver's twin is made, and which stream of it is looked at."""

    profile: str
    stream: str
    make: Callable[[Air], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Hold what came of the drop-outs.

    Parameters
    ----------
    away : int
        Samples stamped while the device was away, from 3 s on (before that, what was on its way).
    notices : int
        Notices that tell of a drop-out: lost, gap or segment.
    back : float
        Longest time from the return to the next sample [s].
    error : float
        Largest error of a stamp from 30 s after a return on [s]; nan where the truth is not known.
    backwards : int
        Steps of the stamps that are not forward.
    """

    samples: int
    away: int
    notices: int
    back: float
    error: float
    backwards: int


class _Person:
    """Somebody whose signals say at each moment which moment it is; in place of a simulated person."""

    def signal(
        self, modality: Modality, sfreq: float, convert: Callable[[FloatArray], FloatArray], *, tap: float
    ) -> Signal:
        """Return a signal [mV, µS]."""
        return lambda t: convert(
            np.asarray(_USUAL.get(modality, 0.0) + np.sin(3.0 * t) + 0.3 * np.sin(0.7 * t))
        )

    def beats(self) -> Signal:
        """Return beats, 0.8 s apart and a little more or less."""
        n = np.arange(10_000)
        times = 0.31 + 0.8 * n + 0.05 * np.sin(n)
        return lambda span: times[(times >= span[0]) & (times < span[1])]

    def tapped(self, signal: Signal, tap: float) -> Signal:
        """Return a signal as it is."""
        return signal


_USUAL = {Modality.EDA: 3.0}
_ON_THE_AIR = {name: line for name, line in TABLE.items() if line.twin}


def kind_of(profile: str) -> Kind:
    """Return the wearable of a profile: its twin is that of its driver's line, on a person of ours."""
    definition = load_profile(profile)
    device = parse_session(session_text(device_table(profile, address=ADDRESS)), "session.toml").devices[0]

    def make(air: Air) -> Any:
        name = next(iter(definition.names), profile)
        hardware = Hardware(name=f"{name} 1", address=ADDRESS, skew=0.001, interval=0.03)
        twin = import_module(_ON_THE_AIR[definition.driver].twin).twin
        return twin(air, hardware, _Person(), device)

    return Kind(profile=profile, stream=definition.streams[0].name, make=make)


def _kinds() -> tuple[Kind, ...]:
    """Return one wearable of each driver that has a twin: the even one of its profiles that sends least."""
    first: dict[str, str] = {}
    for profile in sorted(shipped(), key=lambda name: (load_profile(name).streams[0].sfreq or np.inf, name)):
        first.setdefault(load_profile(profile).driver, profile)
    return tuple(kind_of(first[name]) for name in _ON_THE_AIR)


KINDS = _kinds()


def measured(kind: Kind) -> Figures:
    """Let a wearable of this kind go out of range three times, and say what was recorded."""
    bench = Bench()
    try:
        twin = kind.make(bench.air)
        bench.put(twin)
        driver = bench.driver(session_of(device_table(kind.profile, address=ADDRESS)))
        driver.start()
        spans = []
        bench.run(driver, BEFORE)
        for seconds in AWAY:
            began = bench.runner.clock()
            bench.do(twin.body.leave())
            bench.run(driver, seconds)
            bench.do(twin.body.come_back())
            spans.append((began, bench.runner.clock()))
            bench.run(driver, BETWEEN)
        bench.stop(driver)
        return _figures(kind, bench, twin, spans)
    finally:
        bench.close()


def _error(times: FloatArray, values: FloatArray, true: FloatArray, said: FloatArray) -> float:
    """Return the largest error of stamps; the values tell which samples they are of."""
    n, near = len(times), int(np.searchsorted(true, times[0]))
    shifts = [k for k in range(near - 25, near + 26) if k >= 0 and k + n <= len(true)]
    fits = [float(np.corrcoef(values, said[k : k + n])[0, 1]) for k in shifts]
    best = shifts[int(np.argmax(fits))]
    assert max(fits) > 0.9999
    return float(np.abs(true[best : best + n] - times).max())


def _figures(kind: Kind, bench: Bench, twin: Any, spans: list[tuple[float, float]]) -> Figures:
    times, values = bench.samples(kind.stream)
    told = [n for k in ("lost", "gap", "segment") for n in bench.notices(k, kind.stream)]
    inside = [(times > a + 3.0) & (times < b) for a, b in spans]
    sent = getattr(twin, "sent", [])
    true = np.array([t for t, _ in sent])
    said = np.array([v if isinstance(v, int | float) else v[0] for _, v in sent], np.float64)
    late = [(times > b + 30.0) & (times < b + BETWEEN - 2.0) for _, b in spans]
    errors = [_error(times[k], values[k, 0], true, said) for k in late] if len(true) else [float("nan")]
    return Figures(
        samples=len(times),
        away=int(sum(x.sum() for x in inside)),
        notices=len(told),
        back=max(float(times[times > b][0] - b) for _, b in spans),
        error=max(errors),
        backwards=int((np.diff(times) <= 0).sum()),
    )
