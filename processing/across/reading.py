"""Results of several sessions, in order, as `attune process` wrote them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acquisition.errors import KeyStoreError, RecordingError, ResultsError
from acquisition.protection.sealed_file import read_file

OLDER = "of an older version? attune process --force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Say whose session a result directory is of.

    Parameters
    ----------
    number : float
        Which session of the dyad it was; nan where nobody said.
    started : str
        Wall time (ISO 8601); "" where nobody said.
    corrected : str
        Code of whoever corrected beats and signals by hand; "" for results without corrections.
    """

    path: Path
    dyad: str
    client: str
    therapist: str
    number: float
    started: str
    corrected: str = ""

    def code(self, role: str) -> str:
        """Return the code of a role; the role itself where there is none."""
        return {"client": self.client, "therapist": self.therapist}.get(role, self.dyad) or role

    def rows(self, name: str, *needed: str) -> list[dict[str, Any]]:
        """Return the rows of one of its tables.

        Parameters
        ----------
        needed : str
            Columns without which it is of another version.

        Raises
        ------
        ResultsError
            If it is not there, cannot be read, or lacks a column.
        """
        path = self.path / name
        if not path.is_file():
            raise ResultsError(f"{self.path}: no {name} ({OLDER})")
        try:
            table = pq.read_table(pa.BufferReader(read_file(path)))
        except KeyStoreError:
            raise
        except (OSError, ValueError, RecordingError) as error:
            raise ResultsError(f"{path}: cannot be read ({str(error)[:120]})") from None
        if missing := [c for c in needed if c not in table.column_names]:
            raise ResultsError(f"{path}: no column {missing[0]} ({OLDER})")
        # What tells of a person who withdrew is null in the rows of the other.
        empty = {f.name: math.nan if pa.types.is_floating(f.type) else "" for f in table.schema}
        return [{k: empty[k] if v is None else v for k, v in row.items()} for row in table.to_pylist()]


def read_sittings(paths: Sequence[Path]) -> list[Sitting]:
    """Return sessions in order: by number where all have one, else by when they began.

    Raises
    ------
    ResultsError
        If a directory holds no results, if of several nobody said whose they are, or if the order of one
        dyad's sessions cannot be told; one line each.
    """
    found = [_sitting(path) for path in paths]
    faults = _unknown(found) or [fault for dyad in _by_dyad(found).values() for fault in _unordered(dyad)]
    if faults:
        raise ResultsError("\n".join(faults))
    return sorted(found, key=lambda s: (s.dyad, s.client, s.number, s.started))


def numbered(sittings: Sequence[Sitting]) -> list[float]:
    """Return the number of each of one dyad's sessions; their place where not all have one."""
    own = [s.number for s in sittings]
    return own if all(map(math.isfinite, own)) else [float(k) for k in range(1, len(sittings) + 1)]


def _by_dyad(found: Sequence[Sitting]) -> dict[tuple[str, str, str], list[Sitting]]:
    out: dict[tuple[str, str, str], list[Sitting]] = {}
    for s in found:
        out.setdefault((s.dyad, s.client, s.therapist), []).append(s)
    return out


def _unknown(found: Sequence[Sitting]) -> list[str]:
    """Name the sessions of nobody known: together they would pass for one dyad's."""
    nameless = [s for s in found if not (s.dyad or s.client or s.therapist)]
    if len(nameless) < 2:
        return []
    return [
        f"{s.path}: whose session it is nobody said (attune amend RECORDING dyad=D07 client=C07)"
        for s in nameless
    ]


def _unordered(dyad: Sequence[Sitting]) -> list[str]:
    """Say which sessions of a dyad cannot be told apart in time."""
    by_number = all(math.isfinite(s.number) for s in dyad)
    seen: dict[float | str, Sitting] = {}
    out = []
    for s in dyad:
        key: float | str = s.number if by_number else s.started
        if key in seen and s.corrected != seen[key].corrected:
            other = seen[key]
            out.append(
                f"{s.path}: {_results(s)} of the session of which {other.path} holds {_results(other)}: "
                "give one of the two"
            )
        elif key in seen and len(dyad) > 1:
            what = f"number {s.number:g}" if by_number else f"start {s.started or 'not known'}"
            out.append(
                f"{s.path}: {what}, as {seen[key].path}: which came first? (attune amend RECORDING number=N)"
            )
        seen[key] = s
    return out


def _results(s: Sitting) -> str:
    return f"results corrected by {s.corrected}" if s.corrected else "uncorrected results"


def by_hand(sittings: Sequence[Sitting]) -> str:
    """Say in how many of some sessions beats and signals were corrected by hand; "" where in none."""
    who = sorted({s.corrected for s in sittings if s.corrected})
    each = [f"{code}: {sum(s.corrected == code for s in sittings)} of {len(sittings)}" for code in who]
    return ", ".join(each)


def _sitting(path: Path) -> Sitting:
    file = path / "session.json"
    try:
        said = json.loads(read_file(file))
    except KeyStoreError:
        raise
    except (OSError, ValueError, RecordingError):
        raise ResultsError(f"{path}: no results of attune process (session.json)") from None
    if isinstance(said, dict) and said.get("withdrawn"):
        gone = ", ".join(map(str, said["withdrawn"]))
        raise ResultsError(
            f"{path}: {gone} withdrew, and what is left names nobody to put it beside others of"
        )
    if not isinstance(said, dict) or "client" not in said:
        raise ResultsError(f"{path}: results of an older version; attune process --force makes them anew")
    number = said.get("number")
    corrections = said.get("corrections")
    return Sitting(
        path=path,
        dyad=str(said.get("dyad") or ""),
        client=str(said.get("client") or ""),
        therapist=str(said.get("therapist") or ""),
        number=float(number) if isinstance(number, int | float) else math.nan,
        started=str(said.get("started") or ""),
        corrected=str(corrections.get("by") or "?") if isinstance(corrections, dict) else "",
    )
