"""Facts: which session it is, and how each of its streams did. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from acquisition.recorder.cadence import Cadence
from acquisition.stream import Role, StreamInfo
from processing.admission import Admission
from processing.beat_times import BeatTimes
from processing.sample_times import SampleTimes
from viewer.model.runs import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """Say which session it is: id, codes of the people, profile of the event keys."""

    id: str
    client: str = ""
    therapist: str = ""
    profile: str = "technician"
    vocabulary: str = ""
    glance: bool = False
    """Whether the therapist agreed to see their own values live."""
    views: frozenset[str] = frozenset()
    """People who agreed to see their own values."""
    consent: tuple[str, ...] = ()
    """What each person agreed to, in words."""
    referenced: frozenset[str] = frozenset()
    """People whose index is relative to earlier sessions, in place of today's baselines."""

    def code(self, role: Role) -> str:
        """Return the pseudonymous code of a person."""
        return {Role.CLIENT: self.client, Role.THERAPIST: self.therapist}.get(role, "")


@dataclass(slots=True)
class StreamHealth:
    """Hold when a stream last spoke and what was reported about it; times are on the LSL clock [s]."""

    info: StreamInfo
    gate: Admission
    times: SampleTimes | BeatTimes | None = None
    """What finds its sample times, where nobody vouches for its stamps."""
    last: float = math.nan
    n: int = 0
    gaps: int = 0
    lost: float = math.nan
    """Since when it is reported lost; nan while it is not."""
    fault: str = ""
    runs: Runs = field(default_factory=Runs)
    """When it spoke."""
    cadence: Cadence = field(default_factory=Cadence)
    """How far apart its deliveries come."""
