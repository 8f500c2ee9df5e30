"""A made-up session for tests and benchmarks of the window: batches and index samples with known values."""

from __future__ import annotations

import math
import pickle
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, fields
from functools import cache

import numpy as np

from acquisition.batch import Batch, StreamPart
from acquisition.event import Event, Notice, Phase
from acquisition.stream import PEOPLE, FloatArray, Modality, Role, StreamInfo
from processing.index import IndexSample
from viewer.model.facts import SessionFacts
from viewer.model.model import SessionModel

T0 = 1000.0
WALL = 1_790_000_000.0
FACTS = SessionFacts(id="D07_S03", client="C07", therapist="T02")


def streams(ecg: float = 130.0, eda: float = 4.0, *, voice: bool = False) -> list[StreamInfo]:
    """Return the streams of a dyad."""
    out = []
    for role in PEOPLE:
        out.append(
            StreamInfo(
                name="ECG",
                role=role,
                modality=Modality.ECG,
                sfreq=ecg,
                unit="mV",
                channels=("ECG",),
                device="polar_h10",
            )
        )
        out.append(
            StreamInfo(
                name="EDA",
                role=role,
                modality=Modality.EDA,
                sfreq=eda,
                unit="uS",
                channels=("EDA",),
                device="emotibit",
            )
        )
        if voice:
            out.append(
                StreamInfo(
                    name="voice",
                    role=role,
                    modality=Modality.VOICE,
                    sfreq=0.0,
                    unit="",
                    channels=("f0",),
                    device="mic",
                )
            )
    return out


def model(infos: list[StreamInfo] | None = None) -> SessionModel:
    """Return an empty model."""
    return SessionModel(facts=FACTS, streams=infos if infos is not None else streams())


def ecg(t: FloatArray, rate: float) -> FloatArray:
    """Return an ECG-like wave [mV]."""
    phase = (t * rate) % 1.0
    wave = 1.1 * np.exp(-(((phase - 0.3) / 0.012) ** 2)) + 0.18 * np.exp(-(((phase - 0.55) / 0.05) ** 2))
    wave -= 0.14 * np.exp(-(((phase - 0.335) / 0.01) ** 2)) - 0.08 * np.exp(-(((phase - 0.16) / 0.03) ** 2))
    return np.asarray(wave + 0.012 * np.sin(7919.0 * t), np.float64)


def eda(t: FloatArray, k: int) -> FloatArray:
    """Return an EDA-like wave [µS]."""
    return np.asarray(
        4
        + k
        + 0.5 * np.sin(t / 97 + k)
        + 0.35 * np.clip(np.sin(t / 9 + k), 0, 1) ** 4
        + 0.003 * np.sin(611.0 * t)
    )


@dataclass
class Session:
    """Make batches of a session, in any number of steps; silence is a stream that stops for a while."""

    infos: list[StreamInfo] = field(default_factory=streams)
    silent: dict[tuple[Role, Modality], tuple[float, float]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    done: int = 0
    step: float = 0.1
    """Seconds of a slice."""

    def batch(self, n_ticks: int) -> Batch:
        """Return the next slices."""
        numbers = np.arange(self.done, self.done + n_ticks)
        start, stop = self.done * self.step, (self.done + n_ticks) * self.step
        self.done += n_ticks
        ticks = np.asarray(T0 + (numbers + 1) * self.step, np.float64)
        walls = np.asarray(WALL + numbers * self.step, np.float64)
        parts = {i.key: p for i in self.infos if (p := self._part(i, start, stop, n_ticks)) is not None}
        return Batch(
            numbers=numbers,
            ticks=ticks,
            walls=walls,
            streams=parts,
            events=[(0, e) for e in self.events if start <= e.time - T0 < stop],
            notices=[(0, n) for n in self.notices if start <= n.time - T0 < stop],
        )

    def _part(self, info: StreamInfo, start: float, stop: float, n_ticks: int) -> StreamPart | None:
        rate = info.sfreq or 1.0
        index = np.arange(math.ceil(start * rate - 1e-9), math.ceil(stop * rate - 1e-9))
        t = index / rate
        quiet = self.silent.get((info.role, info.modality), (math.inf, math.inf))
        t = t[(t < quiet[0]) | (t >= quiet[1])]
        if len(t) == 0:
            return None
        k = PEOPLE.index(info.role)
        values = ecg(t, 1.35 - 0.2 * k) if info.modality is Modality.ECG else eda(t, k)
        slices = np.clip(((t - start) / self.step + 1e-6).astype(np.int64), 0, n_ticks - 1)
        return StreamPart(info=info, times=T0 + t, samples=values[:, None].astype(np.float32), slices=slices)


def index_samples(start: float, stop: float, *, reason: str = "") -> list[IndexSample]:
    """Return the indices of both people and the dyad for a stretch of the session [s since T0]."""
    return list(_index_samples(start, stop, reason))


@cache  # many tests ask for the same stretches
def _index_samples(start: float, stop: float, reason: str) -> list[IndexSample]:
    out: list[IndexSample] = []
    for k, role in enumerate(PEOPLE):
        entity = role.value
        for t in np.arange(math.ceil(start), math.ceil(stop)).tolist():
            a = 1.4 * math.sin(t / 60 + k) + 0.5 * math.sin(t / 17 + 2 * k)
            rows = [
                ("hr", 76 - 9 * k + 5 * math.sin(t / 13 + k) + 3 * math.sin(t / 130), "bpm"),
                ("lnrmssd", 3.4 + 0.3 * k + 0.25 * math.sin(t / 70 + k) + 0.04 * math.sin(t / 5), "ln ms"),
                ("rmssd_low", math.exp(3.25 + 0.3 * k + 0.25 * math.sin(t / 70 + k)), "ms"),
                ("rmssd_high", math.exp(3.6 + 0.3 * k + 0.25 * math.sin(t / 70 + k)), "ms"),
                ("scl", 4 + k + 0.5 * math.sin(t / 97 + k), "uS"),
                ("arousal", a, "SD"),
                ("arousal_low", -1.5 - 0.3 * k, "SD"),
                ("arousal_high", 1.6 + 0.2 * k, "SD"),
                ("arousal_state", float((a > 1.6 + 0.2 * k) - (a < -1.5 - 0.3 * k)), ""),
                ("arousal_channels", 7.0, ""),
                ("ecg_quality", 0.97, ""),
                ("eda_quality", 0.93, ""),
                ("speaking", float(math.sin(t / 7 + 3 * k) >= 0), ""),
                ("f0_shift", math.nan if math.sin(t / 7 + 3 * k) < 0 else 2 * math.sin(t / 3), "semitones"),
            ]
            if t % (11 + 6 * k) < 1.0:
                rows.append(("scr", 0.2, "uS"))
            for index, value, unit in rows:
                late = index in ("arousal", "arousal_low", "arousal_high", "arousal_state")
                why = reason if late else ("" if math.isfinite(value) else "not speaking")
                out.append(IndexSample(T0 + t, T0 + t + 1.0, entity, index, value, unit, 0.9, why))
    for t in np.arange(math.ceil(start), math.ceil(stop)).tolist():
        for signal in ("hr", "scl"):
            z = 0.35 + 0.3 * math.sin(t / 40)
            for end, value in (("", z), ("_chance_low", 0.18), ("_chance_high", 0.52)):
                out.append(
                    IndexSample(T0 + t, T0 + t + 1.0, "dyad", f"sync_{signal}{end}", value, "", 1.0, "")
                )
    return out


def fill(
    target: SessionModel, seconds: float, session: Session | None = None, *, reason: str = ""
) -> Session:
    """Feed a model a session of so many seconds, in steps of ten; one that was fed the same is copied."""
    session = session or Session(infos=list(target.streams))
    if target.revision or session.done:
        return _feed(target, seconds, session, reason)
    key = pickle.dumps((target, seconds, session, reason))
    if key not in _FED:
        if len(_FED) == KEPT:
            del _FED[next(iter(_FED))]
        fed = deepcopy(target)
        _FED[key] = fed, _feed(fed, seconds, deepcopy(session), reason).done
    fed, session.done = _FED[key]
    copied = deepcopy(fed)
    for f in fields(target):
        setattr(target, f.name, getattr(copied, f.name))
    return session


KEPT = 6
"""Models that are kept: each takes memory."""
_FED: dict[bytes, tuple[SessionModel, int]] = {}


def _feed(target: SessionModel, seconds: float, session: Session, reason: str) -> Session:
    for start in np.arange(0, seconds, 10.0).tolist():
        stop = min(start + 10.0, seconds)
        target.add_batch(session.batch(round((stop - start) * 10)))
        target.add_samples(index_samples(start, stop, reason=reason))
    return session


def marks(seconds: float) -> Iterator[Event]:
    """Yield the events of a typical session."""
    rows: tuple[tuple[str, str, Phase, float], ...] = (
        ("baseline_rest", "tech", "on", 5.0),
        ("baseline_rest", "tech", "off", 305.0),
        ("baseline_talk", "tech", "on", 310.0),
        ("baseline_talk", "tech", "off", 430.0),
        ("segment", "tech", "on", 440.0),
        ("now_moment", "dyad", "point", seconds - 41.0),
        ("client_slow", "client", "point", seconds - 38.5),
        ("mismatch", "dyad", "point", seconds - 37.0),
        ("int_support", "therapist", "on", seconds - 30.0),
        ("note", "dyad", "point", seconds - 22.0),
        ("int_support", "therapist", "off", seconds - 12.0),
        ("now_moment", "dyad", "point", seconds - 6.0),
    )
    for k, (code, actor, phase, t) in enumerate(rows):
        yield Event(
            time=T0 + t,
            code=code,
            actor=actor,
            phase=phase,
            id=f"e{k}",
            note="window opened" if code == "note" else "",
        )
