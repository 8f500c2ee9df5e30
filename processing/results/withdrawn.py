"""Take a person out of results: their rows and the dyad's go; the other person's stay, value by value."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from acquisition.errors import KeyGoneError, KeyStoreError, RecordingError
from acquisition.protection.sealed_file import read_file, sealed_bytes
from acquisition.protection.store_files import put, put_instead, shred
from acquisition.protection.vault import TOGETHER, key_role, sealed_header
from acquisition.recording.contents import is_recorded
from acquisition.stream import PEOPLE, Role
from acquisition.text import how_many
from processing.results.belonging import ID, is_anothers

WHOSE = ("entity", "person", "role")
"""Columns that say whose a row is."""
GAVE = "by"
"""Column that says which of the two people gave a rating."""
OF_THE_OTHER = ("partner_z", "answer", "latency", "speaking", "steadiness", "course")
"""Columns of a person's rows that tell of the other person."""
OF_BOTH = "dyad"
"""Key that names both people; with the code of whoever withdrew it goes from what is left."""
SESSION = "session.json"


@dataclass(frozen=True, slots=True)
class Taken:
    """Say what became of a file of results: rows taken out of it, or the whole file (rows = -1)."""

    path: Path
    rows: int
    size: int

    def __str__(self) -> str:
        """Return it as a line for people."""
        if self.rows < 0:
            return f"delete file: {self.path} ({self.size} bytes)"
        return f"take out rows: {self.path} ({how_many(self.rows, 'row')})"


def plan_results(directory: Path, role: Role, *, without_keys: bool = False) -> list[Taken]:
    """Return what of a directory of results holds anything of a person, or of the dyad.

    Parameters
    ----------
    without_keys : bool
        What is sealed and cannot be opened now goes whole.

    Raises
    ------
    KeyStoreError
        If a file is sealed and its keys are not at hand, though they were not destroyed.
    """
    found = []
    there = (p for p in directory.rglob("*") if p.is_file() and not p.is_symlink())
    # Results were once written into a recording, and another may lie where there were some.
    for file in sorted(p for p in there if not is_recorded(p)):
        kept = _kept(file, role, without_keys=without_keys)
        if kept is None:
            found.append(Taken(file, -1, file.stat().st_size))
        elif kept[1] or kept[2] or file.name == SESSION or _of_both(file):
            found.append(Taken(file, kept[1], file.stat().st_size))
    return found


def take_out_results(directory: Path, role: Role, code: str, *, without_keys: bool = False) -> list[Taken]:
    """Do what `plan_results` says; session.json then names who withdrew, and little else."""
    done = plan_results(directory, role, without_keys=without_keys)
    for taken in done:
        kept = _kept(taken.path, role, without_keys=without_keys)
        if kept is None:
            shred(taken.path)
        elif taken.path.name != SESSION:
            _instead(taken.path, kept[0], role)
    if (directory / SESSION).exists():
        _instead(directory / SESSION, _session(directory / SESSION, role, code), role)
    return done


def _of_both(file: Path) -> bool:
    """Tell whether a file opens with both people's keys alone: it is sealed again for the one who stays."""
    header = sealed_header(file)
    return header is not None and TOGETHER in header.key


def _instead(file: Path, data: bytes, role: Role) -> None:
    """Put bytes in the place of a file; a sealed one is sealed again, with the other person's key alone."""
    header = sealed_header(file)
    if header is not None:
        keys = [key for key in header.key.split(TOGETHER) if key_role(key) not in ("", role)]
        data = sealed_bytes(data, file.name, keys, header.recording)
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    put(new, data)
    put_instead(new, file)


def _kept(file: Path, role: Role, *, without_keys: bool) -> tuple[bytes, int, bool] | None:
    """Return a table without a person and the dyad; None if the file goes whole.

    Beside it, how many rows went, and whether codes of the person or the dyad stood in what is left.
    """
    try:
        data = read_file(file)
    except KeyGoneError:
        return None  # nobody opens it any more
    except KeyStoreError:
        if not without_keys:
            raise
        return None
    except RecordingError:
        return None
    if file.name == SESSION:
        return data, 0, False
    try:
        if file.suffix == ".parquet":
            return _table(data, role)
        if file.name == "events.csv":
            return _events(data.decode(), role)
    except (pa.ArrowException, ValueError, csv.Error):
        return None  # half shredded, or damaged: whose it is cannot be told
    return (data, 0, False) if file.name == "indices.json" else None


def _table(data: bytes, role: Role) -> tuple[bytes, int, bool] | None:
    table = pq.read_table(pa.BufferReader(data))
    whose = next((name for name in WHOSE if name in table.column_names), None)
    if whose is None:
        return None
    names = pc.cast(table[whose], pa.string())
    gone = pc.or_(pc.equal(names, str(role)), pc.invert(pc.is_in(names, pa.array(list(map(str, PEOPLE))))))
    kept = table.filter(pc.invert(pc.fill_null(gone, True)))
    if GAVE in kept.column_names:
        kept = kept.filter(pc.invert(pc.fill_null(pc.equal(kept[GAVE], str(role)), True)))
    kept = _emptied(kept, OF_THE_OTHER)
    named = _is_named(kept, role)
    kept = _nameless(kept, role)
    sink = pa.BufferOutputStream()
    pq.write_table(_forgotten(kept), sink, compression="zstd")
    return sink.getvalue().to_pybytes(), table.num_rows - kept.num_rows, named


def _emptied(table: pa.Table, names: Iterable[str]) -> pa.Table:
    for name in set(names) & set(table.column_names):
        field = table.schema.field(name)
        table = table.set_column(table.column_names.index(name), field, pa.nulls(table.num_rows, field.type))
    return table


def _nameless(table: pa.Table, role: Role) -> pa.Table:
    """Return a table whose keys name neither a person nor the dyad they were in."""
    gone = (OF_BOTH, str(role))
    said = table.schema.metadata or {}
    left = {key: value for key, value in said.items() if key.decode() not in gone}
    return _emptied(table, gone).replace_schema_metadata(left)


def _is_named(table: pa.Table, role: Role) -> bool:
    """Tell whether a table still says the code of a person, or of the dyad."""
    gone = {OF_BOTH, str(role)}
    columns = gone & set(table.column_names)
    keys = {key.decode() for key in table.schema.metadata or {}}
    return bool(gone & keys) or any(table[name].null_count < table.num_rows for name in columns)


def _forgotten(table: pa.Table) -> pa.Table:
    """Return a table whose dictionaries hold no word of the rows that went."""
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            plain = table.column(i).cast(field.type.value_type).combine_chunks()
            table = table.set_column(i, field.name, plain.dictionary_encode())
    return table


def _events(text: str, role: Role) -> tuple[bytes, int, bool]:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    kept = rows[:1] + _without(rows[0], rows[1:], role) if rows else []
    named = [k for k, name in enumerate(rows[0] if rows else []) if name in (OF_BOTH, str(role))]
    said = any(row[k] for row in kept[1:] for k in named if k < len(row))
    kept = (
        [
            kept[0],
            *(["" if k in named else cell for k, cell in enumerate(row)] for row in kept[1:]),
        ]
        if kept
        else []
    )
    out = io.StringIO()
    csv.writer(out).writerows(kept)
    return out.getvalue().encode(), len(rows) - len(kept), said


def _without(head: list[str], rows: list[list[str]], role: Role) -> list[list[str]]:
    """Return rows of events without a person's, and without what refers to one of these.

    What it refers to may have been taken back before: then nobody knows whose that was, and the row goes.
    """
    said = [(dict(zip(head, row, strict=False)), row) for row in rows]
    left = [(event, row) for event, row in said if event.get("actor") != str(role)]
    while True:
        ids = {event.get("id", "") for event, _ in left} | {""}
        kept = [(event, row) for event, row in left if event.get("ref", "") in ids]
        if len(kept) == len(left):
            return [row for _, row in kept]
        left = kept


def _session(file: Path, role: Role, code: str) -> bytes:
    """Return a session.json that says whose results are left, and no more."""
    try:
        said: Any = json.loads(read_file(file))
    except (OSError, ValueError, RecordingError):
        said = {}
    kept = {k: said[k] for k in ("session", "id", ID, "version") if isinstance(said, dict) and k in said}
    return (json.dumps(kept | {"withdrawn": {str(role): code}}, indent=2, sort_keys=True) + "\n").encode()


def results_below(path: Path, places: Sequence[Path]) -> Iterator[Path]:
    """Yield directories of results of a recording: they are called after it, or say so where copied plain."""
    name = path.resolve().name
    for place in places:
        for file in sorted(place.rglob("session.json")):
            named = name in (file.parent.name.split("__")[0], _said_of(file))
            if named and not is_anothers(file, path):
                yield file.parent.resolve()


def _said_of(file: Path) -> str:
    """Return the recording that results say to be of; "" where that is sealed, or cannot be read."""
    try:
        said = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    return str(said.get("recording", "")) if isinstance(said, dict) else ""
