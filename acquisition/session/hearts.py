"""Hearts: which devices of a session tell of a heart, and whether all of them are on one person."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from acquisition.errors import ProfileError
from acquisition.session.profile import load_profile
from acquisition.session.session import Device
from acquisition.stream import PEOPLE, Modality, Role

CARDIAC = frozenset({Modality.ECG, Modality.RR, Modality.PPI})


def hearts(devices: Iterable[Device]) -> dict[Role, list[Device]]:
    """Return for each person the devices that tell of a heart; one named twice counts once."""
    found: dict[Role, list[Device]] = {role: [] for role in PEOPLE}
    for device in devices:
        told = {s.modality for s in device.definition.streams} if device.definition else set[Modality]()
        known = {(d.source_id, d.address, d.name) for d in found.get(device.role, [])}
        which = device.source_id, device.address, device.name
        if device.role in found and told & CARDIAC and (which not in known or not any(which)):
            found[device.role].append(device)
    return found


def lopsided(devices: Iterable[Device]) -> str:
    """Say that two hearts are on one person and none on the other; "" where that is not so."""
    found = hearts(devices)
    for role, other in (PEOPLE, PEOPLE[::-1]):
        if len(found[role]) > 1 and not found[other]:
            which = ", ".join(d.title.removeprefix(f"{role} ") for d in found[role])
            return f"{len(found[role])} hearts on the {role} ({which}), none on the {other}"
    return ""


def with_definitions(devices: Iterable[Device], base: Path) -> list[Device]:
    """Return devices with the profiles they name, as a session file in `base` would find them.

    One whose profile cannot be read stays without.
    """
    out = []
    for device in devices:
        if device.definition is None and device.profile:
            with suppress(ProfileError):
                device = replace(device, definition=load_profile(device.profile, base))
        out.append(device)
    return out
