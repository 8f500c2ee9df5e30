"""Stream headers: StreamInfo to XDF's XML and back, and the headers that each file of ours has."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from acquisition.stream import FORMATS, LATENESS, Modality, Role, StreamInfo
from acquisition.xdf.form import EVENTS_ID, NOTICES_ID, TICK_ID, Stream

TYPES = {
    Modality.ECG: "ECG",
    Modality.EDA: "EDA",
    Modality.RR: "RR",
    Modality.PPI: "PPI",
    Modality.ACC: "ACC",
    Modality.RESP: "RESP",
    Modality.VOICE: "VOICE",
    Modality.AUDIO: "Audio",
    Modality.RATING: "Rating",
    Modality.MARKERS: "Markers",
    Modality.DEVICE_TIME: "DeviceTime",
}
_MODALITIES = {name.lower(): modality for modality, name in TYPES.items()} | {"gsr": Modality.EDA}
MAX_CHANNELS = 4096
MAX_XML = 1 << 24
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNDECLARED = (b"<!DOCTYPE", b"<!ENTITY")


def header_xml(info: StreamInfo) -> bytes:
    """Return the header of a stream; an unknown rate is written as irregular."""
    root = Element("info")
    sfreq = info.sfreq if math.isfinite(info.sfreq) else 0.0
    _fill(root, name=info.name, type=TYPES[info.modality], channel_count=len(info.channels))
    _fill(root, nominal_srate=float(sfreq), channel_format=info.format, source_id=info.source_id)
    desc = SubElement(root, "desc")
    channels = SubElement(desc, "channels")
    for label in info.channels:
        _fill(
            SubElement(channels, "channel"), label=label, unit=info.unit_of(label), type=TYPES[info.modality]
        )
    own = SubElement(desc, "attunement")
    _fill(own, role=info.role, modality=info.modality, lateness=float(info.lateness), device=info.device)
    if info.exact:
        _fill(own, exact="true")
    _fill(own, **{_tag(key): value for key, value in info.metadata.items()})
    # Else pyxdf fits a line through the stamps, across gaps too.
    _fill(SubElement(desc, "synchronization"), can_drop_samples="true")
    return ElementTree.tostring(root, encoding="unicode").encode()


def _fill(parent: Element, **fields: object) -> None:
    for key, value in fields.items():
        SubElement(parent, key).text = _ILLEGAL.sub("\ufffd", str(value))


def _tag(key: str) -> str:
    tag = re.sub(r"[^A-Za-z0-9_.-]", "_", key)
    return tag if re.match(r"[A-Za-z_]", tag) and tag not in _OWN_FIELDS else f"_{tag}"


_OWN_FIELDS = ("role", "modality", "lateness", "device", "exact")


def parse_header(stream_id: int, xml: bytes) -> Stream:
    """Return a stream from its header.

    Raises
    ------
    ValueError
        If the XML is malformed, or says something that no stream can be.
    """
    try:
        root = ElementTree.fromstring(header_text(xml))
    except ElementTree.ParseError as error:
        raise ValueError(f"a malformed stream header ({error})") from error
    n_channels, sfreq = int(_text(root, "channel_count")), float(_text(root, "nominal_srate") or "0")
    form = _text(root, "channel_format")
    if form not in FORMATS:
        raise ValueError(f"a stream of format '{form}' (known: {', '.join(FORMATS)})")
    if not 0 <= n_channels <= MAX_CHANNELS:
        raise ValueError(f"a stream of {n_channels} channels")
    if not (math.isfinite(sfreq) and sfreq >= 0):
        sfreq = 0.0
    return Stream(stream_id, _text(root, "name"), _text(root, "type"), n_channels, sfreq, form, xml)


def header_text(xml: bytes) -> str:
    """Return a header as text; senders end it with NULs, and write their own alphabet as something else.

    Raises
    ------
    ValueError
        If it declares entities, or is longer than any header.
    """
    if len(xml) > MAX_XML:
        raise ValueError(f"a stream header of {len(xml)} bytes")
    if any(word in xml for word in _UNDECLARED):
        raise ValueError("a stream header that declares entities")
    data = xml.rstrip(b"\0 \r\n")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:  # as Windows writes a µ
        text = data.decode("cp1252", "replace")
    return _ILLEGAL.sub("\ufffd", text) or "<info/>"


def _text(root: Element, path: str) -> str:
    return (root.findtext(path) or "").strip()


def stream_info(stream: Stream, role: Role) -> StreamInfo | None:
    """Return what a header says of a stream; None if it is of no modality that we know.

    Headers of other software give a label as `name`, and have no more than type and unit.
    """
    root = ElementTree.fromstring(header_text(stream.xml))
    own = root.find("desc/attunement")
    own = Element("none") if own is None else own
    modality = _MODALITIES.get(_text(own, "modality") or stream.kind.lower()) or _modality(own)
    if modality is None:
        return None
    channels, units = _channels(root)
    labels = tuple(channels[: stream.n_channels])
    labels += tuple(str(i) for i in range(len(labels), stream.n_channels))
    return StreamInfo(
        name=stream.name,
        role=role,
        modality=modality,
        sfreq=stream.sfreq,
        unit=next((u for u in units if u), ""),
        channels=labels,
        format=stream.format,
        lateness=_lateness(_text(own, "lateness")),
        exact=_text(own, "exact") == "true",
        source_id=_text(root, "source_id"),
        device=_text(own, "device"),
        metadata={e.tag: e.text or "" for e in own if e.tag not in _OWN_FIELDS},
    )


def _modality(own: Element) -> Modality | None:
    name = _text(own, "modality")
    return Modality(name) if name in list(Modality) else None


def _lateness(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return LATENESS


def _channels(root: Element) -> tuple[list[str], list[str]]:
    found = root.findall("desc/channels/channel")
    labels = [_text(c, "label") or _text(c, "name") or str(i) for i, c in enumerate(found)]
    return labels, [_text(c, "unit") for c in found]


def _simple(name: str, kind: str, form: str, labels: tuple[str, ...]) -> bytes:
    root = Element("info")
    _fill(root, name=name, type=kind, channel_count=len(labels), nominal_srate=0.0, channel_format=form)
    _fill(root, source_id=f"attunement-{name}")
    channels = SubElement(SubElement(root, "desc"), "channels")
    for label in labels:
        _fill(SubElement(channels, "channel"), label=label)
    return ElementTree.tostring(root, encoding="unicode").encode()


TICK_XML = _simple("ticks", "Tick", "double64", ("number", "wall", "crc32", "clock_offset"))
NOTICES_XML = _simple("notices", "Notices", "string", ("notice",))
EVENTS_XML = _simple("events", "Markers", "string", ("event",))
OWN_HEADERS = {TICK_ID: TICK_XML, NOTICES_ID: NOTICES_XML, EVENTS_ID: EVENTS_XML}
"""Streams that a file of ours may have beside those of devices, by id."""
