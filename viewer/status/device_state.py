"""The state of a device in a word: ok, low contact, electrode off, stale, lost 12 s, paused. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from acquisition.recorder.health import IRREGULAR_STALE
from acquisition.stream import Modality, Role
from acquisition.timebase.account import ADDED, WORDS
from acquisition.timebase.manner import Manner
from acquisition.voice.rows import is_turns
from viewer.model.facts import StreamHealth
from viewer.model.model import SessionModel
from viewer.model.trace import Point

STALE = 2.0
LOST = 5.0
OLD = 30.0
"""Quality that was settled longer ago says nothing [s]."""
LOW = 0.5
"""Quality (0-1) under which contact is called low."""
NAMES = {
    Modality.ECG: "ECG",
    Modality.EDA: "EDA",
    Modality.RR: "RR",
    Modality.PPI: "PPI",
    Modality.ACC: "ACC",
    Modality.RESP: "Resp",
    Modality.VOICE: "Mic",
    Modality.AUDIO: "Audio",
    Modality.RATING: "Rating",
}
FAULTS = {
    "electrode": "electrode off",
    "lead": "electrode off",
    "unit": "wrong unit",
    "not in": "wrong unit",
    " Hz are needed": "too slow",
    "saturated": "saturated",
    "line noise": "line noise",
    "flat": "flat",
    "no data": "no values",
}
"""What a chip says for what stands in the reason of a quality."""
RANK = ("ok", "paused", "waiting", "low", "stale", "lost")
"""Levels from good to bad; a device has the worst of its streams."""


@dataclass(frozen=True, slots=True)
class DeviceState:
    """Say how a device does: name on the chip, level, word, text on hover, and which device it is."""

    name: str
    level: str
    word: str
    detail: str
    device: str = ""


def device_states(model: SessionModel, role: Role, now: float) -> list[DeviceState]:
    """Return the state of each device of a person, in the order of the session."""
    groups: dict[str, list[StreamHealth]] = {}
    for key, health in model.health.items():
        if health.info.role == role and health.info.modality in NAMES and key not in model.over:
            groups.setdefault(health.info.device or health.info.name, []).append(health)
    return [_device(device, streams, model, role, now) for device, streams in groups.items()]


def streams_up(model: SessionModel, now: float) -> tuple[int, int]:
    """Return how many of the expected streams speak, and how many are expected; markers do not count.

    While it is not known of now, none is expected.
    """
    regular = [h for k, h in model.health.items() if h.info.modality in NAMES and k not in model.over]
    if model.catching:
        return 0, 0
    up = sum(stream_state(h, model, now)[0] in ("ok", "low") for h in regular)
    return up, len(regular)


def _device(
    device: str, streams: Iterable[StreamHealth], model: SessionModel, role: Role, now: float
) -> DeviceState:
    listed = list(streams)
    states = [stream_state(h, model, now) for h in listed]
    worst = max(range(len(states)), key=lambda k: RANK.index(states[k][0]))
    level, word = states[worst]
    main = [h for h in listed if h.info.modality is not Modality.ACC] or listed
    name = "+".join(dict.fromkeys(NAMES[h.info.modality] for h in main))
    if level in ("low", "stale", "lost") and len(main) > 1:
        word = f"{NAMES[listed[worst].info.modality]} {word}"
    lines = [_line(h, s[1]) for h, s in zip(listed, states, strict=True)]
    detail = f"<b>{role.value} · {device}</b><br>" + "<br>".join(lines)
    return DeviceState(name, level, word, detail, device)


def _line(health: StreamHealth, word: str) -> str:
    rate = f", {health.info.sfreq:g} Hz" if health.info.sfreq > 0 else ""
    gaps = f", {health.gaps} gaps" if health.gaps else ""
    fault = f", {health.fault}" if health.fault else ""
    stamps = _stamps(health)
    return f"{health.info.name} ({NAMES[health.info.modality]}{rate}): {word}{gaps}{fault}{stamps}"


def _stamps(health: StreamHealth) -> str:
    """Say what the stamps are like and what that costs; "" where they are simply the times."""
    account = health.times.account if health.times is not None else None
    if account is None:
        return ""
    said = "".join(f", {remark.message}" for remark in account.remarks if remark.kind == "clock")
    if account.manner in (None, Manner.EXACT):
        return said
    return f", stamps {WORDS[account.manner]} (up to {ADDED[account.manner]:g} s later){said}"


def stream_state(health: StreamHealth, model: SessionModel, now: float) -> tuple[str, str]:
    """Return level and word of one stream at `now` [s, LSL clock]."""
    if model.lost:
        return "lost", "not recorded"
    if health.info.role in model.paused:
        return "paused", "paused"
    if model.catching:
        return "waiting", "catching up"
    if model.state != "growing":
        return _recorded(health, model, now)
    if math.isfinite(health.lost):
        return "lost", f"lost {_age(now - health.lost)}"
    if math.isnan(health.last):
        return "waiting", "no data"
    age = now - health.last
    limit = patience(health)
    if age > limit + LOST - STALE:
        return "lost", f"lost {_age(age)}"
    if age > limit:
        return "stale", f"stale {_age(age)}"
    return (
        _contact(model, health, model.elapsed)
        if model.sources.get(_key(health)) == health.info.key
        else ("ok", "ok")
    )


def patience(health: StreamHealth) -> float:
    """Return how long a stream may be silent before that is said [s]."""
    if is_turns(health.info):
        return math.inf  # a row a turn: who listens for a while is silent
    sparse = 0.0 if health.info.sfreq > 1.0 else IRREGULAR_STALE.get(health.info.modality, 4.0)
    if not health.info.sfreq > 0.0:
        sparse = health.cadence.patience(sparse)
    return max(STALE, health.info.lateness, sparse)


def _key(health: StreamHealth) -> tuple[Role, Modality]:
    return health.info.role, health.info.modality


def _contact(model: SessionModel, health: StreamHealth, moment: float) -> tuple[str, str]:
    modality = health.info.modality
    if modality not in (Modality.ECG, Modality.EDA):
        return "ok", "ok"
    quality = model.known(health.info.role.value, f"{modality.value}_quality", moment)
    if quality is None or moment - quality.available > OLD:
        return "ok", "ok"
    return contact_word(quality)


def _recorded(health: StreamHealth, model: SessionModel, now: float) -> tuple[str, str]:
    """Return how a stream of a recording that is over did at a moment [s, LSL clock]."""
    if model.is_paused(health.info.role, now - model.t0):
        return "paused", "paused"
    age = health.runs.age(now)
    if math.isnan(age):
        return "waiting", "no data" if health.n == 0 else "no data yet"
    limit = patience(health)
    if age > limit:
        return ("lost" if age > limit + LOST - STALE else "stale"), f"no data for {_age(age)}"
    if model.sources.get(_key(health)) != health.info.key:
        return "ok", "ok"
    return _contact(model, health, now - model.t0)


def contact_word(quality: Point) -> tuple[str, str]:
    """Return level and word for a quality index: the fault where one is named."""
    word = next((word for sign, word in FAULTS.items() if sign in quality.reason), "")
    if word and (word == "electrode off" or not quality.value >= LOW):
        return "low", word
    if not quality.value >= LOW:
        return "low", "low contact"
    return "ok", "ok"


def _age(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
