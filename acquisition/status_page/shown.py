"""What the page shows, chosen from what a recorder says of itself: the only place where anything may pass.

Rates, counts and ages of samples are left out: of a belt that sends beats they are a heart rate. Names of
streams, of senders and of the session are left out: people choose them, and may put a code or name into them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from acquisition.stream import ROLES, Modality

WORDS = {
    Modality.ECG: "heart",
    Modality.RR: "heart",
    Modality.PPI: "heart",
    Modality.EDA: "skin",
    Modality.ACC: "movement",
    Modality.RESP: "breathing",
    Modality.VOICE: "voice",
    Modality.AUDIO: "voice",
    Modality.RATING: "rating",
}
"""What a device is called: by what it is for, never by its name."""
LEVELS = ("ok", "paused", "waiting", "low", "lost")
"""From good to bad; a device has the worst of its streams."""
STATES = {"ok": "ok", "paused": "paused", "waiting": "waiting", "stale": "lost", "lost": "lost"}
SAID = {
    "ok": "ok",
    "paused": "paused",
    "waiting": "nothing so far",
    "low": "battery low",
    "lost": "NOTHING ARRIVES",
}
LOW = 15.0
"""Battery below which it is said to be low [%]."""
RECORDING, OPENING, CLOSING = "recording", "opening", "closing"
ENDED, GONE, SILENT, NONE = "ended", "gone", "silent", "none"
ALARMS = (ENDED, GONE, SILENT)
HEADS = {
    RECORDING: "RECORDING",
    OPENING: "opening devices",
    CLOSING: "closing files",
    ENDED: "RECORDING ENDED",
    GONE: "RECORDER GONE",
    SILENT: "RECORDER DOES NOT ANSWER",
    NONE: "not recording",
}
Shown = dict[str, Any]
"""state, head, alarm, elapsed [s], devices, disk, marker [s since the start]; None where not known."""


def shown(status: Mapping[str, Any]) -> Shown:
    """Return what the page shows of a running recorder."""
    state = {"recording": RECORDING, "opening": OPENING}.get(str(status.get("state")), CLOSING)
    devices = _devices(status.get("streams", ()))
    lost = any(device["level"] == "lost" for device in devices)
    return {
        "state": state,
        "head": f"{HEADS[state]}, DEVICE LOST" if lost else HEADS[state],
        "alarm": lost,
        "elapsed": _whole(status.get("elapsed")),
        "devices": devices,
        "disk": _room(status.get("disk_free")),
        "marker": _whole(status.get("last_marker")),
    }


def over(state: str, last: Shown | None) -> Shown:
    """Return what the page shows where no recorder answers; `last` is what it showed while one did."""
    known = last or {"elapsed": None, "disk": None, "marker": None}
    kept = {key: known[key] for key in ("elapsed", "disk", "marker")}
    return {"state": state, "head": HEADS[state], "alarm": state in ALARMS, "devices": [], **kept}


def _devices(streams: Iterable[Mapping[str, Any]]) -> list[Shown]:
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for stream in streams:
        word = WORDS.get(stream.get("modality", ""))
        role = str(stream.get("role"))
        if word is not None and role in ROLES:
            groups.setdefault((role, word), []).append(stream)
    return [_device(role, word, of) for (role, word), of in groups.items()]


def _device(role: str, word: str, streams: list[Mapping[str, Any]]) -> Shown:
    levels = [STATES.get(str(stream.get("state")), "lost") for stream in streams]
    batteries = [b for stream in streams if (b := _whole(stream.get("battery"))) is not None]
    battery = min(batteries) if batteries else None
    if battery is not None and battery < LOW:
        levels.append("low")
    level = max(levels, key=LEVELS.index)
    who = "room" if role == "dyad" else role
    return {"who": who, "what": word, "level": level, "word": SAID[level], "battery": battery}


def _whole(value: object) -> int | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if known else None  # type: ignore[call-overload]


def _room(value: object) -> str | None:
    free = _whole(value)
    return None if free is None else f"{free / 1e9:.1f} GB free"
