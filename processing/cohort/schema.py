"""What a table of the store is: its columns, with type, unit and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["str", "float", "int", "bool", "floats"]
"""`floats` is a list of single-precision numbers in one cell: a signal."""


@dataclass(frozen=True, slots=True)
class Column:
    """Describe a column: its unit ("" without one) and what it holds."""

    name: str
    kind: Kind
    unit: str
    text: str


def text(name: str, text: str) -> Column:
    return Column(name, "str", "", text)


def number(name: str, unit: str, text: str) -> Column:
    return Column(name, "float", unit, text)


def count(name: str, text: str) -> Column:
    return Column(name, "int", "", text)


def flag(name: str, text: str) -> Column:
    return Column(name, "bool", "", text)


KEYS = (
    text("dyad", "code of the dyad"),
    count("session", "number of the session within the dyad"),
    text("recording", "name of the recording's directory"),
    text("client", "code of the client"),
    text("therapist", "code of the therapist"),
    text("started", "wall time of the start (ISO 8601, with its time zone where it is known)"),
    text("setting", "room or remote"),
    text("corrected", "code of whoever corrected beats or signals by hand; empty if nobody did"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """Describe a table.

    Parameters
    ----------
    text : str
        What one row is.
    own : tuple of Column
        The columns beside the keys.
    by_session : bool
        It begins with the keys and lies in the store session by session.
    open : bool
        It may have further columns, which the cohort's own files declare.
    """

    name: str
    text: str
    own: tuple[Column, ...]
    by_session: bool = True
    open: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return all columns in order."""
        return (*KEYS, *self.own) if self.by_session else self.own

    def schema(self, more: Mapping[str, Kind] | None = None) -> pa.Schema:
        """Return the Arrow schema; `more` are the further columns of an open table."""
        import pyarrow as pa

        kinds = {
            "str": pa.string(),
            "float": pa.float64(),
            "int": pa.int64(),
            "bool": pa.bool_(),
            "floats": pa.list_(pa.float32()),
        }
        named: list[tuple[str, Kind]] = [(c.name, c.kind) for c in self.columns]
        return pa.schema([(name, kinds[kind]) for name, kind in (*named, *(more or {}).items())])
