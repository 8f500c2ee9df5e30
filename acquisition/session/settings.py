"""The tables of session.toml that say how: place, network, keys of events, protection."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from acquisition.events.vocabulary import PROFILES
from acquisition.session.session import (
    EventSettings,
    LslSettings,
    ProtectionSettings,
    RecordingSettings,
)
from acquisition.session.toml_table import TomlTable
from acquisition.stream import Modality
from acquisition.tick import PERIOD

SCOPES = ("machine", "link", "site")
PUBLISHED = (
    *(m for m in Modality if m not in (Modality.MARKERS, Modality.DEVICE_TIME)),
    "indices",
    "markers",
)


def recording_settings(top: TomlTable) -> RecordingSettings:
    table = top.table("recording")
    if table is None:
        return RecordingSettings()
    settings = RecordingSettings(
        directory=table.text("directory", default="recordings", longest=4000),
        cycle=table.number("cycle", PERIOD, low=0.04, high=PERIOD),
    )
    table.finish()
    return settings


def lsl_settings(top: TomlTable) -> LslSettings:
    table = top.table("lsl")
    if table is None:
        return LslSettings()
    settings = LslSettings(
        scope=table.text("scope", default="machine", choices=SCOPES),
        session_id=table.text("session_id", default="default"),
        publish=table.texts("publish", choices=PUBLISHED),
    )
    table.finish()
    return settings


def events_settings(top: TomlTable, base: Path | None) -> EventSettings:
    table = top.table("events")
    if table is None:
        return EventSettings()
    settings = EventSettings(
        profile=table.text("profile", default="technician", choices=tuple(PROFILES)),
        vocabulary=table.text("vocabulary", longest=4000),
    )
    table.finish()
    if settings.vocabulary and base is not None:
        return replace(settings, vocabulary=str(base / settings.vocabulary))
    return settings


def protection_settings(top: TomlTable) -> ProtectionSettings:
    table = top.table("protection")
    if table is None:
        return ProtectionSettings()
    settings = ProtectionSettings(sealed=table.flag("sealed"), keep_until=table.date("keep_until"))
    table.finish()
    return settings
