"""Settings that persist: theme, length of the page, hidden lanes, synchrony signal, place of the window."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from PySide6.QtCore import QByteArray, QSettings

from acquisition.events.vocabulary import PROFILES
from processing.indices import INDICES, VAGAL
from viewer.model.definitions import SYNC_SIGNALS
from viewer.model.page import WINDOWS
from viewer.theme import THEMES

VOLUMES = (0.1, 0.25, 0.5, 1.0)
"""How loud videos may be, of the loudest."""
SIDES = {"gauge": "Arousal gauges", "plane": f"EDA against {INDICES[VAGAL].title}"}
"""What stands beside the lanes."""
ORGANISATION = "Attunement"
APPLICATION = "viewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hold the set-up of the window; `profile` is "" where the session decides."""

    theme: str = "dark"
    seconds: float = 60.0
    sync_signal: str = "hr"
    profile: str = ""
    side: str = "gauge"
    hidden: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    sizes: tuple[tuple[str, float], ...] = ()
    """Lane → how many times its usual height."""
    scales: tuple[tuple[str, tuple[float, float]], ...] = ()
    """Lane → a scale that was chosen, in its unit."""
    geometry: bytes = b""
    glance: bytes = b""
    """Place and screen of the glance window."""
    video: bytes = b""
    """Those of the window of the video."""
    volume: float = 1.0
    muted: bool = False
    """Whether videos are not heard; `volume` is how loud they are then again."""

    def changed(self, **changes: object) -> Self:
        """Return the settings with some of them changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # dataclass checks the names


def store(path: Path | None = None) -> QSettings:
    """Return where settings are kept: the user's, or a file."""
    if path is None:
        return QSettings(ORGANISATION, APPLICATION)
    return QSettings(str(path), QSettings.Format.IniFormat)


def load(kept: QSettings) -> Settings:
    """Read the settings; what is missing or no longer known takes its default."""
    out = Settings()
    theme = str(kept.value("theme", out.theme))
    signal = str(kept.value("sync_signal", out.sync_signal))
    seconds = _number(kept.value("seconds", out.seconds))
    side = str(kept.value("side", out.side))
    volume = _number(kept.value("volume", out.volume))
    profile = str(kept.value("profile", ""))
    return Settings(
        theme=theme if theme in THEMES else out.theme,
        seconds=seconds if seconds in WINDOWS else out.seconds,
        sync_signal=signal if signal in SYNC_SIGNALS else out.sync_signal,
        profile=profile if profile in PROFILES else "",
        side=side if side in SIDES else out.side,
        hidden=tuple(name for name in str(kept.value("hidden", "")).split("|") if name),
        order=tuple(name for name in str(kept.value("order", "")).split("|") if name),
        sizes=_sizes(_table(kept, "sizes")),
        scales=_scales(_table(kept, "scales")),
        geometry=_bytes(kept, "geometry"),
        glance=_bytes(kept, "glance"),
        video=_bytes(kept, "video"),
        volume=volume if volume in VOLUMES else out.volume,
        muted=str(kept.value("muted", "")).casefold() == "true",
    )


def save(kept: QSettings, settings: Settings) -> None:
    """Write the settings."""
    kept.setValue("theme", settings.theme)
    kept.setValue("seconds", settings.seconds)
    kept.setValue("sync_signal", settings.sync_signal)
    kept.setValue("profile", settings.profile)
    kept.setValue("side", settings.side)
    kept.setValue("hidden", "|".join(settings.hidden))
    kept.setValue("order", "|".join(settings.order))
    kept.setValue("sizes", json.dumps(dict(settings.sizes)))
    kept.setValue("scales", json.dumps(dict(settings.scales)))
    kept.setValue("geometry", QByteArray(settings.geometry))
    kept.setValue("glance", QByteArray(settings.glance))
    kept.setValue("video", QByteArray(settings.video))
    kept.setValue("volume", settings.volume)
    kept.setValue("muted", str(settings.muted).lower())
    kept.sync()


def remembered(kept: QSettings) -> dict[str, str]:
    """Return which device was on whom last time."""
    return {k: str(v) for k, v in _table(kept, "devices").items()}


def _table(kept: QSettings, key: str) -> dict[str, object]:
    try:
        found = json.loads(str(kept.value(key, "{}")))
    except ValueError:
        return {}
    return {str(k): v for k, v in found.items()} if isinstance(found, dict) else {}


def _bytes(kept: QSettings, key: str) -> bytes:
    found = kept.value(key)
    return bytes(found.data()) if isinstance(found, QByteArray) else b""


def _sizes(table: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted((k, f) for k, v in table.items() if 0.2 <= (f := _number(v)) <= 5.0))


def _scales(table: Mapping[str, object]) -> tuple[tuple[str, tuple[float, float]], ...]:
    return tuple(sorted((k, pair) for k, v in table.items() if (pair := _pair(v)) is not None))


def _pair(value: object) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = _number(value[0]), _number(value[1])
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def remember(kept: QSettings, devices: Mapping[str, str]) -> None:
    """Keep which device is on whom."""
    kept.setValue("devices", json.dumps(dict(devices)))
    kept.sync()


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return math.nan
