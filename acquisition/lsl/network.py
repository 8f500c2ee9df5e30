"""The lab streaming layer: its settings, what is on the network, and what a stream says of itself.

Everything that touches LSL imports pylsl through here, so that `configure` comes before liblsl's first call.
LSL has no access control and no setting makes it private: the boundary is the session's allow list.
"""

from __future__ import annotations

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

import pylsl

from acquisition.errors import StreamError
from acquisition.text import clean_line

SESSION_VARIABLE = "ATTUNEMENT_LSL_SESSION"
"""Environment variable that overrides the SessionID, so that tests on one machine do not see each other."""
SCOPES = ("machine", "link", "site")
PORTS = 128
"""Ports from 16572 on at which outlets of this machine are asked, each of which takes two.

liblsl's own 32 hold 16 outlets; a 17th takes a random port, where nobody on the machine finds it.
"""
RESOLVE = 1.0
"""Seconds to collect answers: half of that was measured to find one of eight streams."""
MAX_XML = 1 << 20
MAX_CHANNELS = 512
MAX_FACT = 200
MANY, MAX_LABEL = 16, 40
"""Of a stream of more channels than this, labels are kept so long: they stand in session.toml."""
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile("&#([xX][0-9a-fA-F]{1,8}|[0-9]{1,8});")
FORMATS = {1: "float32", 2: "double64", 3: "string", 4: "int32", 5: "int16", 6: "int8", 7: "int64"}
QUICK = 0.3
"""Seconds to look for one stream that must be somewhere."""
NEVER = 1e9
"""Seconds of silence after which liblsl looks by itself for a sender whose connection stands.

A link that carries nothing for a while then brings all that was sent; a sender that is gone is missed by the
driver, which asks for the session.
"""
_configured: tuple[str, str] | None = None


def configure(*, scope: str = "machine", session_id: str = "default") -> None:
    """Set liblsl up, once per process and before any other use of it.

    Parameters
    ----------
    scope : str
        How far streams are looked for: machine, link or site.
    session_id : str
        liblsl's SessionID. Other programs' streams are only found under theirs, which is "default".

    Raises
    ------
    StreamError
        If the scope is unknown, or liblsl already runs with other settings, which it cannot change.
    """
    global _configured
    if scope not in SCOPES:
        raise StreamError(f"[lsl] scope = {scope!r}: no such scope (allowed: {', '.join(SCOPES)})")
    wanted = (scope, os.environ.get(SESSION_VARIABLE) or session_id)
    if any(c in wanted[1] for c in "\r\n\0"):
        raise StreamError(f"[lsl] session_id = {wanted[1]!r}: line breaks are not allowed")
    if _configured is None:
        pylsl.set_config_content(
            f"[multicast]\nResolveScope={scope}\n[ports]\nPortRange={PORTS}\n"
            f"[lab]\nSessionID={wanted[1]}\n"
            f"[tuning]\nWatchdogTimeThreshold={NEVER:.0f}\n[log]\nlevel=-3\n"
        )
        _configured = wanted
    elif _configured != wanted:
        raise StreamError(
            f"LSL already runs with (scope, session) {_configured}, which cannot become {wanted}"
        )


def configured_scope() -> str:
    """Return how far LSL looks, and publishes; "machine" until it was set up."""
    return _configured[0] if _configured else "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Identify a stream on the network; `found` is pylsl's own description, from which an inlet is made."""

    name: str
    type: str
    source_id: str
    host: str
    uid: str
    sfreq: float
    format: str
    n_channels: int
    found: pylsl.StreamInfo = field(repr=False, compare=False)

    def __str__(self) -> str:
        source = f"source_id {self.source_id!r}" if self.source_id else "no source_id"
        return f"{self.name!r} (type {self.type!r}, {source}, host {self.host})"

    @property
    def outlet(self) -> str:
        """Return what tells it from another outlet of the same stream, short enough to be read out."""
        return f"outlet {clean_line(self.uid)[:4]}"


def resolve(seconds: float = RESOLVE) -> list[Remote]:
    """Return every stream that answers within so many seconds, sorted by name."""
    found = [_remote(info) for info in pylsl.resolve_streams(seconds)]
    return sorted((r for r in found if r is not None), key=lambda r: (r.name, r.source_id, r.uid))


def find(source_id: str) -> list[Remote]:
    """Return the first streams of a source_id that answer, without waiting for more."""
    if "'" in source_id:  # liblsl's language of queries has no way to write it
        return []
    found = map(_remote, pylsl.resolve_byprop("source_id", source_id, 1, QUICK))
    return [r for r in found if r is not None and r.source_id == source_id]


def _remote(info: pylsl.StreamInfo) -> Remote | None:
    """Read what a stream says of itself.

    None if that is not text, since nobody can have meant it, or if it is of another session than was asked.
    """
    try:
        return _read(info) if _configured is None or info.session_id() == _configured[1] else None
    except (UnicodeDecodeError, ValueError):
        return None


def _read(info: pylsl.StreamInfo) -> Remote:
    return Remote(
        name=info.name(),
        type=clean_line(info.type()),
        source_id=info.source_id(),
        host=clean_line(info.hostname()),
        uid=info.uid(),
        sfreq=info.nominal_srate(),
        format=FORMATS.get(info.channel_format(), ""),
        n_channels=info.channel_count(),
        found=info,
    )


@dataclass(frozen=True, slots=True)
class Description:
    """Hold what the description of a stream says: label and unit per channel ("" unsaid), further facts."""

    labels: tuple[str, ...]
    units: tuple[str, ...]
    facts: dict[str, str]


def describe(xml: str, n_channels: int, *, first: int = 0, longest: int = MAX_XML) -> Description:
    """Read the description of a stream; some senders write `name` where `label` is meant.

    A channel without a label is called by its number, counted from `first`.

    Raises
    ------
    StreamError
        If it is larger than `longest`, declares entities, or is not XML.
    """
    if len(xml) > longest or n_channels > MAX_CHANNELS:
        raise StreamError(f"its description is too large ({len(xml)} characters, {n_channels} channels)")
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise StreamError("its description declares entities")
    try:
        root = ElementTree.fromstring(_legal(xml))
    except ElementTree.ParseError as error:
        raise StreamError(f"its description is not XML ({error})") from error
    channels = root.findall("desc/channels/channel")[:n_channels]
    channels += [ElementTree.Element("channel")] * (n_channels - len(channels))
    longest = MAX_FACT if n_channels <= MANY else MAX_LABEL
    labels = [
        (_text(c, "label") or _text(c, "name"))[:longest] or str(i) for i, c in enumerate(channels, first)
    ]
    return Description(tuple(labels), tuple(_text(c, "unit") for c in channels), _facts(root))


def _legal(xml: str) -> str:
    """Return XML without characters that no XML may hold; senders write them, also as references."""

    def referred(found: re.Match[str]) -> str:
        number = found[1]
        code = int(number[1:], 16) if number[0] in "xX" else int(number)
        legal = code <= sys.maxunicode and not _ILLEGAL.match(chr(code))
        return found[0] if legal else "\ufffd"

    return _REFERENCE.sub(referred, _ILLEGAL.sub("\ufffd", xml))


def _text(element: ElementTree.Element, tag: str) -> str:
    return clean_line(element.findtext(tag) or "", MAX_FACT)


def _facts(root: ElementTree.Element) -> dict[str, str]:
    facts = {f"lsl_{tag}": _text(root, tag) for tag in ("name", "type", "hostname", "uid")}
    desc = root.find("desc")
    if desc is not None:
        facts |= {tag: _text(desc, tag) for tag in ("manufacturer", "model", "serial_number", "firmware")}
        for tag in ("offset_mean", "can_drop_samples"):
            facts[f"synchronization_{tag}"] = _text(desc, f"synchronization/{tag}")
    return {key: value for key, value in facts.items() if value}


def channel_number(labels: tuple[str, ...], channel: str | int, *, first: int = 0) -> int:
    """Return the index of a channel that is given by its label, or by its number counted from `first`.

    Raises
    ------
    StreamError
        If there is no such channel, or the label fits several; it names the choices.
    """
    choices = ", ".join(f"{i} {label!r}" for i, label in enumerate(labels, first))
    for fold in (str, str.casefold):
        hits = [i for i, label in enumerate(labels) if fold(label) == fold(str(channel))]
        if isinstance(channel, str) and len(hits) > 1:
            raise StreamError(f"channel {channel!r} fits several channels: {choices}")
        if isinstance(channel, str) and hits:
            return hits[0]
    if str(channel).isdecimal() and 0 <= int(channel) - first < len(labels):
        return int(channel) - first
    raise StreamError(f"no channel {channel!r} (there are: {choices})")
