"""One simulated dyad."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Dyad:
    """Hold what is true of one dyad alone; `processing.cohort.simulated.truth` says what each is."""

    code: str
    client: str
    therapist: str
    level: float
    edge: float
    edge_slope: float
    slope: float
    bend: float
    coupling: float
    lag: float
    latency: float
    steadiness: float
    response: float
    process: float
    outcome: float
    within: float
    begun_out: float

    def keys(self, session: int) -> dict[str, Any]:
        """Return the keys of a session."""
        return {
            "dyad": self.code,
            "session": session,
            "recording": f"{self.code}_S{session:02d}",
            "client": self.client,
            "therapist": self.therapist,
            "started": f"2026-01-{1 + (session - 1) % 28:02d}T10:00:00+01:00",
            "setting": "room",
        }

    def of(self, entity: str) -> dict[str, Any]:
        """Return whose a row is."""
        person = {"client": self.client, "therapist": self.therapist, "dyad": self.code}[entity]
        return {"entity": entity, "person": person}
