"""Assignment: which device is on whom, by what is near, the session file, and last time. No Qt."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from acquisition.devices.nearby import Found
from acquisition.errors import ProfileError
from acquisition.session.profile import load_profile, shipped
from acquisition.session.session import Device, Session
from acquisition.session.toml_table import Scalar
from acquisition.stream import PEOPLE, Role

NOBODY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A device that is near, or that the session file names, or both.

    Parameters
    ----------
    found : Found or None
        As it was found; None while it is not near.
    device : Device or None
        As the session file has it.
    role : str
        client or therapist; "" for nobody.
    profile : str
        Name of its profile; "" if none is known.
    remembered : bool
        Whether role and profile are those of last time, not of the session file.
    """

    found: Found | None
    device: Device | None
    role: str = NOBODY
    profile: str = ""
    remembered: bool = False

    @property
    def name(self) -> str:
        """Return what the device calls itself."""
        if self.found is not None and self.found.name:
            return self.found.name
        named = self.device.name or self.device.profile if self.device is not None else ""
        return named or "unnamed"

    @property
    def identity(self) -> str:
        """Return address, source id or name: what tells it from others."""
        if self.found is not None and self.found.identity:
            return self.found.identity
        return "" if self.device is None else self.device.source_id or self.device.address or self.device.name

    @property
    def fault(self) -> str:
        """Return why it cannot be recorded as it is, in words; "" if it can."""
        if self.found is not None and self.found.kind == "lsl" and not self.found.identity:
            return "says no source_id: cannot be told from another stream"
        if not self.profile:
            return "no profile fits: choose one"
        return ""

    @property
    def kind(self) -> str:
        """Return ble, lsl, or "" where the device is only in the session file."""
        return "" if self.found is None else self.found.kind


def found_of(text: str) -> list[Found]:
    """Read what `attune devices scan --json` printed."""
    return [Found(**row) for row in json.loads(text)]


def candidates(
    found: Iterable[Found], devices: Sequence[Device], remembered: Mapping[str, str]
) -> list[Candidate]:
    """Return the devices of a session and those that are near, each once.

    Parameters
    ----------
    devices : sequence of Device
        Those of the session file, in its order; they come first.
    remembered : mapping
        `memory_key` → "role profile" of last time.
    """
    near = list(found)
    out, used = [], set[int]()
    for device in devices:
        k = next((k for k, f in enumerate(near) if _is(device, f)), None)
        if k is not None:
            used.add(k)
        one = None if k is None else near[k]
        out.append(Candidate(found=one, device=device, role=_role(device.role), profile=device.profile))
    for k, one in enumerate(near):
        if k in used:
            continue
        role, _, profile = remembered.get(memory_key(one), "").partition(" ")
        known = role in PEOPLE
        out.append(
            Candidate(
                found=one,
                device=None,
                role=role if known else NOBODY,
                profile=profile if known and profile in shipped() else one.profile,
                remembered=known,
            )
        )
    return out


def carried(fresh: Iterable[Candidate], before: Sequence[Candidate]) -> list[Candidate]:
    """Return what is near now with the choices that were made before; what was chosen and is gone stays."""
    chosen = {c.identity: c for c in before}
    out = []
    for c in fresh:
        old = chosen.pop(c.identity, None)
        if old is not None:
            c = replace(c, role=old.role, profile=old.profile or c.profile, remembered=old.remembered)
        out.append(c)
    gone = [c for c in chosen.values() if c.role and not c.fault and c.device is None]
    return out + [replace(c, found=None, device=device_of(c)) for c in gone]


def _role(role: Role) -> str:
    return role.value if role in PEOPLE else NOBODY


def _is(device: Device, found: Found) -> bool:
    if found.kind == "lsl":
        return device.source_id == found.identity if device.source_id else device.name == found.name != ""
    if device.address:
        return device.address.casefold() == found.identity.casefold()
    return device.name == found.name != ""


def memory_key(found: Found) -> str:
    """Return under what a device is remembered."""
    return f"{found.kind} {found.identity or found.name}"


def device_of(candidate: Candidate, *, platform: str = sys.platform, emulated: bool = False) -> Device:
    """Return a candidate as a device of the session file; what else the file says of it stays.

    Bluetooth devices are bound by their address, on macOS, which shows none, by their name.
    """
    role, found = Role(candidate.role), candidate.found
    if candidate.device is not None:
        same = candidate.device.profile == candidate.profile
        definition = candidate.device.definition if same else None
        return replace(candidate.device, role=role, profile=candidate.profile, definition=definition)
    assert found is not None
    settings: dict[str, Scalar] = {"emulated": True} if emulated and found.kind == "ble" else {}
    if found.kind == "lsl":
        return Device(role=role, profile=candidate.profile, source_id=found.identity)
    if platform == "darwin" and found.name:
        return Device(role=role, profile=candidate.profile, name=found.name, settings=settings)
    return Device(role=role, profile=candidate.profile, address=found.identity, settings=settings)


def devices_of(
    chosen: Iterable[Candidate], session: Session, *, emulated: bool = False
) -> tuple[Device, ...]:
    """Return the devices that a session is to have: those on a person, and those of the room as they were."""
    room = [d for d in session.devices if d.role not in PEOPLE]
    worn = [device_of(c, emulated=emulated) for c in chosen if c.role and not c.fault]
    return (*worn, *room)


def senders(
    chosen: Sequence[Candidate], said: Mapping[str, Any], *, emulated: bool = False
) -> list[Candidate]:
    """Return which of them a stream comes from, by its `role`, `device` (profile) and `sender`.

    Where the sender tells nothing, all of that person with that profile.
    """
    profile = Path(str(said["device"])).stem
    alike = [c for c in chosen if c.role and (c.role, Path(c.profile).stem) == (str(said["role"]), profile)]
    sender = str(said["sender"]).casefold()
    named = [c for c in alike if not c.fault and any(n in sender for n in _names(c, emulated))]
    return named or alike


def _names(candidate: Candidate, emulated: bool) -> list[str]:
    device = device_of(candidate, emulated=emulated)
    return [n.casefold() for n in (device.source_id, device.address, device.name) if n]


def verdict_of(device: Device, findings: Iterable[Mapping[str, Any]]) -> tuple[bool, str] | None:
    """Return what a check found about a device and its streams; None if it did not look at it."""
    listed = list(findings)
    own = [f for f in listed if f["part"] == "device" and _means(f["what"], device)]
    names = _stream_names(device)
    streams = [f for f in listed if f["part"] == "stream" and f["what"] in names]
    closed = [f for f in listed if f["part"] == "plan" and _means(f["what"], device)]
    if not own and not streams:
        return (False, "; ".join(str(f["text"]) for f in closed)) if closed else None
    faults = [str(f["text"]).removeprefix(f"{f['what']}: ") for f in own if not f["ok"]]
    faults += [f"{names[f['what']]}: {f['text']}" for f in streams if not f["ok"]]
    if faults:
        return False, "; ".join(faults)
    facts = [part for f in own for part in str(f["text"]).split(", ") if part.startswith(FACTS)]
    notes = [str(f["text"]) for f in closed]
    return True, "; ".join([*facts, *(names[f["what"]] for f in streams), *notes]) or "streams"


FACTS = ("battery", "firmware")
"""What is told of a device that does well; the rest is in the list of the check."""


def _stream_names(device: Device) -> dict[str, str]:
    """Return how findings call the streams of a device, and how they are called in its row."""
    try:
        profile = device.definition or load_profile(device.profile)
    except ProfileError:
        return {}
    which = device.source_id or device.name
    named = [s.name or f"{profile.name} {s.modality}" for s in profile.streams]
    if profile.driver == "lsl" and which:  # called as the sender calls itself
        named += [which, *(f"{which} {s.modality}" for s in profile.streams)]
    return {f"{device.role} {name}": name for name in named}


def _means(what: str, device: Device) -> bool:
    """Tell whether a finding is about a device; a driver may add which entry of the file it is."""
    return what == device.title or what.startswith(f"{device.title}, ")


def memory(chosen: Iterable[Candidate], before: Mapping[str, str]) -> dict[str, str]:
    """Return what to remember for next time; a device that is near and on nobody is forgotten."""
    out = dict(before)
    for c in chosen:
        if c.found is None:
            continue
        if c.role:
            out[memory_key(c.found)] = f"{c.role} {c.profile}"
        else:
            out.pop(memory_key(c.found), None)
    return out


def strength(rssi: int | None) -> tuple[int, str]:
    """Return bars 0-4 and words for a signal strength [dBm]."""
    if rssi is None:
        return 0, ""
    bars = sum(rssi >= least for least in (-90, -80, -70, -60))
    word = ("very weak", "weak", "fair", "good", "strong")[bars]
    return bars, f"{word}, {rssi} dBm"
