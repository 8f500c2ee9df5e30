"""The session: who (codes only), what they agreed to, which devices, and which streams were recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from acquisition.session.patterns import CodePatterns
from acquisition.session.profile import DeviceProfile
from acquisition.session.record import SessionRecord
from acquisition.session.toml_table import Scalar
from acquisition.stream import PEOPLE, Modality, Role, StreamInfo
from acquisition.tick import PERIOD

ALIGNED = 0.25
"""Seconds by which two people's clocks may be apart for anything that compares their times."""
CLOCKS = ("one", "aligned", "start times", "unknown")
SETTINGS = ("room", "remote")
RECORDING_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Say what a person agreed to; absent means no.

    `ecg` covers rr, ppi, and resp of the same device; `view` is seeing one's own values live.
    """

    version: str = ""
    ecg: bool = False
    eda: bool = False
    acc: bool = False
    resp: bool = False
    voice: bool = False
    rating: bool = False
    raw_audio: bool = False
    view: bool = False


@dataclass(frozen=True, slots=True)
class Participant:
    """Hold a person's pseudonymous code, consent, and the covariates that the study declares."""

    code: str
    consent: Consent = Consent()
    covariates: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Bind a device to a role, matched by source id, address or name, never by its type.

    Parameters
    ----------
    profile : str
        Name of the device profile, or its path.
    channel : str or int or None
        Label or number of the channel, where the stream has several.
    unit : str
        Only where the stream does not say.
    settings : dict
        For the driver, over those of the profile.
    definition : DeviceProfile, optional
        The profile as read; None in the session file of a recording, which must not depend on it.
    """

    role: Role
    profile: str
    address: str = ""
    name: str = ""
    source_id: str = ""
    channel: str | int | None = None
    unit: str = ""
    settings: dict[str, Scalar] = field(default_factory=dict)
    definition: DeviceProfile | None = field(default=None, compare=False)

    @property
    def title(self) -> str:
        """Return how messages call the device."""
        which = self.source_id or self.address or self.name
        return f"{self.role} {self.profile}" + (f" ({which})" if which else "")

    @property
    def effective(self) -> dict[str, Scalar]:
        """Return its settings over those of its profile."""
        return {**(self.definition.settings if self.definition else {}), **self.settings}

    @property
    def emulated(self) -> bool:
        """Tell whether a twin in this process stands for it, as in a demonstration."""
        return bool(self.effective.get("emulated"))


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """Say where recordings go and how long a cycle takes [s]."""

    directory: str = "recordings"
    cycle: float = PERIOD


@dataclass(frozen=True, slots=True)
class LslSettings:
    """Hold the settings of LSL: how far it looks, its session id, and what is published."""

    scope: str = "machine"
    session_id: str = "default"
    publish: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventSettings:
    """Name the profile of event keys, and the laboratory's own vocabulary file if it has one."""

    profile: str = "technician"
    vocabulary: str = ""


NOT_KNOWN = "unknown"
"""In place of the start of an import that nobody said."""
NOBODY = {Role.CLIENT: "C00", Role.THERAPIST: "T00"}
"""Codes of people whom an import was not told."""


@dataclass(frozen=True, slots=True)
class ProtectionSettings:
    """Say whether the recording is sealed, and until when it is kept (a date, ISO 8601; "" without end)."""

    sealed: bool = False
    keep_until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Hold what the recorder resolved at the start: the pipeline reads only this.

    Parameters
    ----------
    started : str
        Wall time (ISO 8601); `NOT_KNOWN` of an import that nobody told it.
    vocabulary : str
        Hash of the event vocabulary.
    id : str
        Id of the recording, a UUID that its files say too; "" in recordings of older versions.
    clock : str
        How the two people's clocks are related: one of `CLOCKS`; "" in recordings from before it was said.
    clock_error : float
        How far the two may be apart [s]; nan if nothing is known.
    damage, notes : tuple of str
        Of an import: what was lost of its files, and what was done to them.
    """

    started: str
    streams: tuple[StreamInfo, ...]
    versions: dict[str, str] = field(default_factory=dict)
    vocabulary: str = ""
    id: str = ""
    clock: str = ""
    clock_error: float = field(default=math.nan, compare=False)
    damage: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def imported(self) -> bool:
        """Tell whether the recording was made from files of other programs."""
        return "imported_from" in self.versions

    @property
    def began(self) -> str:
        """Return the wall time of the start (ISO 8601); "" if it is not known."""
        return "" if self.started == NOT_KNOWN else self.started

    @property
    def apart(self) -> float:
        """Return how far the two people's clocks may be apart [s]; nan if nothing is known."""
        if self.clock:
            return 0.0 if self.clock == "one" else self.clock_error
        return math.nan if self.imported else 0.0

    @property
    def aligned(self) -> bool:
        """Tell whether times of the two people may be compared."""
        return self.apart <= ALIGNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Hold a session file; `setting` is where the two people are: in one room, remote, or not said ("")."""

    id: str
    crisis_contact: str
    client: Participant
    therapist: Participant
    dyad: str = ""
    number: int = 0
    setting: str = ""
    devices: tuple[Device, ...] = ()
    recording: RecordingSettings = RecordingSettings()
    lsl: LslSettings = LslSettings()
    events: EventSettings = EventSettings()
    protection: ProtectionSettings = ProtectionSettings()
    recorded: Recorded | None = None
    record: SessionRecord = field(default_factory=SessionRecord)
    patterns: CodePatterns = field(default_factory=CodePatterns)
    covariates: Mapping[str, str | float] = field(default_factory=dict)
    """Of the session and the dyad; those of a person stand with the person."""

    def participant(self, role: Role) -> Participant:
        """Return the person of a role."""
        return {Role.CLIENT: self.client, Role.THERAPIST: self.therapist}[role]

    def code(self, role: Role) -> str:
        """Return the code of a person; "" where an import was told none."""
        code = self.participant(role).code
        imported = self.recorded is not None and self.recorded.imported
        return "" if imported and code == NOBODY[role] else code


CONSENT_KEYS = {
    Modality.ECG: "ecg",
    Modality.RR: "ecg",
    Modality.PPI: "ecg",
    Modality.EDA: "eda",
    Modality.ACC: "acc",
    Modality.RESP: "resp",
    Modality.VOICE: "voice",
    Modality.AUDIO: "raw_audio",
    Modality.RATING: "rating",
}
"""Which consent a stream of this modality needs; those that are not here need none of their own."""
_CARDIAC = frozenset((Modality.ECG, Modality.RR, Modality.PPI))


def missing_consent(
    session: Session, role: Role, modality: Modality, *, beside: Iterable[Modality] = ()
) -> list[str]:
    """Return the keys of consent that a stream still needs; none if it may be opened.

    Parameters
    ----------
    beside : iterable of Modality
        What else the same device delivers: consent to its ecg covers its respiration. Markers need none, and
        device stamps go with the stream they belong to. A stream of the room needs both people's consent.
    """
    key = CONSENT_KEYS.get(modality)
    if key is None:
        return []
    keys = [key, "ecg"] if modality is Modality.RESP and _CARDIAC.intersection(beside) else [key]
    people = PEOPLE if role is Role.DYAD else (role,)
    return [
        f"[{person}] consent.{key}"
        for person in people
        if not any(getattr(session.participant(person).consent, k) for k in keys)
    ]


def _same_device(a: Device, b: Device) -> bool:
    return a is b or (
        a.role is b.role and any(x and x == y for x, y in zip(_identity(a), _identity(b), strict=True))
    )


def _identity(device: Device) -> tuple[str, str, str]:
    return device.source_id, device.address, device.name


def permitted(session: Session) -> tuple[list[Device], list[str]]:
    """Return the devices with the streams that may be opened, and a line for each stream that may not."""
    devices, refusals = [], []
    for device in session.devices:
        if device.definition is None:
            continue
        family = [d.definition for d in session.devices if _same_device(d, device) and d.definition]
        beside = {s.modality for profile in family for s in profile.streams}
        kept = []
        for stream in device.definition.streams:
            missing = missing_consent(session, device.role, stream.modality, beside=beside)
            if missing:
                refusals.append(
                    f"{device.title}: stream {stream.name or stream.modality} is not opened: "
                    f"{' and '.join(missing)} must be true"
                )
            else:
                kept.append(stream)
        if kept:
            devices.append(replace(device, definition=replace(device.definition, streams=tuple(kept))))
    return devices, refusals
