"""What a key of the store is for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """Say what a key is for.

    Parameters
    ----------
    person : str
        Code of the person, or `dyad`.
    recording, role : str
        Id of the recording, and the person's role in it.
    created : str
        ISO 8601.
    """

    id: str
    person: str
    recording: str
    role: str
    created: str
