"""Ratings afterwards in a BIDS dataset: continuous recordings, as the standard calls what is sampled evenly.

A rating is a `_recording-rating…_physio.tsv.gz` in the folder of the person it is of, on the grid of the
session, n/a where nothing was rated; one of both lies in both folders. What one of the two people said of the
other, or of both, stays out: it is theirs, and would lie in the partner's folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from acquisition.ratings.files import Rated
from acquisition.stream import Role
from processing.export.bids_people import label
from processing.export.tracks import Track, Tracks


def rated_tracks(tracks: Tracks, role: Role) -> Iterator[tuple[str, Track, dict[str, Any]]]:
    """Yield name, samples and sidecar of each rating that belongs in a person's folder."""
    seen: dict[str, int] = {}
    for rated in tracks.rated:
        if not _belongs(rated, role):
            continue
        sitting = rated.sitting
        turn = f"turn{sitting.turn}" if sitting.turn > 1 else ""
        name = label(f"rating{sitting.rater}{turn}")
        seen[name] = seen.get(name, 0) + 1
        track = Track(info=sitting.info(), times=rated.times, samples=rated.values)
        yield (name if seen[name] == 1 else f"{name}x{seen[name]}"), track, _about(rated)


def staying_out(tracks: Tracks) -> list[str]:
    """Return a line for each rating that has no place in a dataset."""
    mine = [(r.name, r.sitting.whose) for r in tracks.rated if _others_word(r)]
    return [f"stays out: rating of {name}: what the {who.by} said of the {who.of}" for name, who in mine]


def _others_word(rated: Rated) -> bool:
    whose = rated.sitting.whose
    return whose.by is not None and whose.by is not whose.of


def _belongs(rated: Rated, role: Role) -> bool:
    return len(rated.times) > 0 and not _others_word(rated) and rated.sitting.whose.of in (role, Role.DYAD)


def _about(rated: Rated) -> dict[str, Any]:
    sitting = rated.sitting
    scale = "from -1 to 1" if sitting.bounded else "without ends: only its course says something"
    return {
        "Rater": sitting.rater,
        "RatedPerson": str(sitting.whose.of),
        "Turn": sitting.turn,
        "Input": sitting.input or "n/a",
        "Shown": sitting.shown or "n/a",
        "RatedAfterwards": True,
        "Axes": {axis.name: {"Description": f"{axis.less} to {axis.more}, {scale}"} for axis in sitting.axes},
    }
