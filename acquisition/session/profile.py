"""Device profiles: what a wearable or sender delivers, and which driver reads it. One TOML file each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from acquisition.drivers.table import names
from acquisition.errors import ProfileError
from acquisition.rates import too_slow
from acquisition.session import named_toml
from acquisition.session.toml_table import Scalar, TomlTable, parse, show
from acquisition.stream import FORMATS, LATENESS, Modality

FOLDER = "device_profiles"
MAX_SFREQ = 200_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileStream:
    """Describe one stream of a device.

    Parameters
    ----------
    modality : Modality
    name : str
        Name within the person's file; "" where the driver or the sender names it.
    sfreq : float
        Nominal rate [Hz]; 0 for irregular; nan where the sender says it.
    unit : str
        "" where the sender says it.
    channels : tuple of str
        () where the sender says it.
    format : str
        One of `FORMATS`.
    """

    modality: Modality
    name: str = ""
    sfreq: float = math.nan
    unit: str = ""
    channels: tuple[str, ...] = ()
    format: str = "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProfile:
    """Describe a device.

    Parameters
    ----------
    name : str
        File name without .toml.
    driver : str
        A name of `acquisition.drivers.table`.
    title : str
        What people call the device.
    latency : float
        How late a sample may arrive [s] and still count; `StreamInfo.lateness`.
    settings : dict
        What only the driver understands; it refuses what it does not.
    names : tuple of str
        How the names begin that such devices advertise.
    services : tuple of str
        UUIDs of the services by which one is known whose name says nothing.
    """

    name: str
    driver: str
    title: str
    streams: tuple[ProfileStream, ...]
    latency: float = LATENESS
    notes: str = ""
    settings: dict[str, Scalar] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


def shipped() -> list[str]:
    """Return the names of the profiles that come with the package."""
    return named_toml.shipped(FOLDER)


def load_profile(profile: str, base: Path | None = None) -> DeviceProfile:
    """Read a shipped profile by name, or one's own by its path.

    Parameters
    ----------
    profile : str
        A name of `shipped`, or a path that ends in .toml.
    base : Path, optional
        Where a relative path starts.

    Raises
    ------
    ProfileError
        If there is none, or on any fault in it; one line each.
    """
    text, file, fault = named_toml.find(FOLDER, profile, "device profile", base)
    if fault:
        raise ProfileError(fault)
    return parse_profile(text, file)


def parse_profile(text: str, place: str) -> DeviceProfile:
    """Return the profile that a TOML text describes; `place` names it in messages."""
    data, faults = parse(text)
    if faults:
        raise ProfileError("\n".join(f"{place}: {fault}" for fault in faults))
    top = TomlTable("", data, faults)
    driver = top.text("driver", required=True, what="the name of a driver")
    if driver and driver not in names():
        faults.append(f"no driver named {driver!r} (known: {', '.join(names())})")
    profile = DeviceProfile(
        name=place.removesuffix(".toml"),
        driver=driver,
        title=top.text("title", required=True, what="what people call the device"),
        latency=top.number("latency", LATENESS, low=0.05, high=60.0),
        notes=top.text("notes", longest=2000),
        settings=top.scalars("settings"),
        streams=tuple(_stream(t) for t in top.tables("stream")),
        **_advertised(top.table("advertised")),
    )
    top.finish()
    if not profile.streams:
        faults.append("[[stream]]: missing (at least one)")
    named = [s.name for s in profile.streams if s.name]
    faults += [
        f"[[stream]] name = {show(n)}: twice" for n in sorted({n for n in named if named.count(n) > 1})
    ]
    if faults:
        raise ProfileError("\n".join(f"{place}: {fault}" for fault in faults))
    return profile


def _advertised(table: TomlTable | None) -> dict[str, tuple[str, ...]]:
    """Return by what a device in range is known; nothing for what comes over the network."""
    if table is None:
        return {}
    names, services = table.texts("names"), table.texts("services")
    table.finish()
    return {"names": names, "services": tuple(uuid.casefold() for uuid in services)}


def _stream(table: TomlTable) -> ProfileStream:
    modality = table.text(
        "modality", required=True, choices=tuple(Modality), what=f"one of {', '.join(Modality)}"
    )
    stream = ProfileStream(
        modality=Modality(modality) if modality else Modality.MARKERS,
        name=table.text("name"),
        sfreq=table.number("sfreq", math.nan, low=0.0, high=MAX_SFREQ),
        unit=table.text("unit"),
        channels=table.texts("channels"),
        format=table.text("format", default="float32", choices=FORMATS),
    )
    if why := too_slow(stream.modality, stream.sfreq):
        table.fault("sfreq", why)
    table.finish()
    return stream
