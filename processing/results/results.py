"""Write what a recording gave: indices.parquet, events.csv, metrics.parquet, session.json; all or nothing.

A finished result directory is replaced as a whole, so that a reader never sees half of one, and carries the
hash of its input, version and parameters, so that the same work is not done twice.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from itertools import count
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from acquisition.errors import RecordingError, SessionError
from acquisition.event import Event
from acquisition.protection.sealed_file import made_apart, read_file, seal_tree
from acquisition.ratings.files import FOLDER as RATED
from acquisition.ratings.files import files_of
from acquisition.recording.noted import session_of
from acquisition.recording.refill import refill_files
from acquisition.session.study import study_of
from acquisition.session.toml import load_session
from acquisition.stream import FloatArray
from acquisition.text import as_cell
from processing.clocks import REASON
from processing.config import PipelineConfig
from processing.hour.keyed import COLUMNS as KEY_COLUMNS
from processing.hour.keyed import MADE_BY, Keys, noted
from processing.index import IndexSample
from processing.results.corrected import Corrected
from processing.results.litter import in_the_making, sweep
from processing.results.refilled import Refills

COLUMNS = ("time", "t", "available", "entity", "index", "value", "unit", "quality", "reason")
TEXT = ("entity", "index", "unit", "reason")
EVENT_COLUMNS = (
    "time", "t", "onset", "code", "phase", "actor", "source", "rater", "value", "ref", "t_shift", "t_unc",
    "note", "id",
)  # fmt: skip


def index_table(samples: Sequence[IndexSample], t0: float, refilled: Refills | None = None) -> pa.Table:
    """Return index samples as a long table, with a column `refilled` where something was refilled.

    Parameters
    ----------
    samples : sequence of IndexSample
        Sorted by (available, entity, index, time).
    t0 : float
        When the recording began [s, LSL clock].
    """
    times = _numbers(samples, "time")
    arrays: dict[str, pa.Array] = {"time": pa.array(times), "t": pa.array(times - t0)}
    for name in COLUMNS[2:]:
        if name in TEXT:
            arrays[name] = _texts(samples, name)
        else:
            arrays[name] = pa.array(_numbers(samples, name))
    if refilled is not None and refilled.spans:
        arrays["refilled"] = pa.array(refilled.of(samples))
    return pa.table(arrays)


def _numbers(samples: Sequence[IndexSample], name: str) -> FloatArray:
    """Return a field of each sample; one at a time, since twelve hours have millions."""
    k = IndexSample._fields.index(name)
    return np.fromiter(map(itemgetter(k), samples), np.float64, len(samples))


def _texts(samples: Sequence[IndexSample], name: str) -> pa.DictionaryArray:
    """Return a field of each sample as codes, and the texts in the order in which they first come."""
    k = IndexSample._fields.index(name)
    known: defaultdict[Any, int] = defaultdict(count().__next__)
    codes = np.fromiter(map(known.__getitem__, map(itemgetter(k), samples)), np.int32, len(samples))
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(known), pa.string()))


def input_digest(recording: Path) -> str:
    """Return the SHA-256 of everything a result depends on in a recording."""
    digest = hashlib.sha256()
    for path in sorted(
        [
            *recording.glob("*.xdf"),
            *recording.glob("session.toml"),
            *recording.glob("overlay.jsonl"),
            *recording.glob("amendments.jsonl"),
            *recording.glob("record.jsonl"),
            *recording.glob(f"{RATED}/*.xdf"),
            *recording.glob(f"{RATED}/*.jsonl"),
            *refill_files(recording).values(),
        ]
    ):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    for name in own_instruments(recording):
        path = recording / name
        digest.update(path.read_bytes() if path.is_file() else b"missing")
    return digest.hexdigest()


def own_instruments(recording: Path) -> list[str]:
    """Return the instrument files that a session names."""
    session = session_of(recording)
    names = (one.instrument for one in session.record.answers) if session is not None else ()
    return sorted({name for name in names if name.endswith(".toml")})


def provenance(
    recording: Path, config: PipelineConfig, reference: str = "", corrected: Corrected | None = None
) -> dict[str, str]:
    """Return what identifies a result: its input and version, the parameters, references, corrections."""
    return {
        "input": input_digest(recording),
        "version": version("attunement"),
        "parameters": config.digest(),
        **({"reference": reference} if reference else {}),
        **({} if corrected is None else {"corrections": f"{corrected.who} {corrected.digest}"}),
        **_clocks(recording),
        **_labels(recording),
    }


def _labels(recording: Path) -> dict[str, str]:
    """Return the rule by which ratings become labels, where there are ratings and a study that has one."""
    try:
        study = study_of(recording) if files_of(recording) else None
    except SessionError:  # told beside the results
        return {}
    rule = study.rating.labels if study is not None else None
    return {} if rule is None else {"labels": f"over {rule.over:g}, ok {rule.ok:g}, {rule.seconds:g} s"}


def _clocks(recording: Path) -> dict[str, str]:
    """Return that the two people's times are not compared, where older results did compare them."""
    session = recording / "session.toml"
    recorded = load_session(session).recorded if session.is_file() else None
    return {} if recorded is None or recorded.aligned else {"clocks": REASON}


def up_to_date(directory: Path, identity: dict[str, str], wanted: Sequence[str] = ()) -> bool:
    """Tell whether `directory` already holds the result of the same input, version and parameters.

    Parameters
    ----------
    wanted : sequence of str
        Files that are not always made and must be there too.
    """
    try:
        known = json.loads(read_file(directory / "session.json"))
    except (OSError, ValueError, RecordingError):
        return False
    there = all((directory / name).is_file() for name in wanted)
    return there and isinstance(known, dict) and known.get("provenance") == identity


@contextmanager
def replacing(directory: Path, keys: Sequence[str] = ()) -> Iterator[Path]:
    """Give a fresh directory that takes the place of `directory` when the block ends well.

    Parameters
    ----------
    keys : sequence of str
        With which its files are sealed; none to leave them plain.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with in_the_making(directory) as fresh:
        if keys:
            with made_apart(fresh) as plain:
                yield plain
                seal_tree(plain, fresh, keys)
        else:
            yield fresh
        if directory.exists():
            with in_the_making(directory) as old:
                os.replace(directory, old / directory.name)
                os.replace(fresh, directory)
        else:
            os.replace(fresh, directory)
    sweep(directory)


def write_indices(
    directory: Path,
    samples: Sequence[IndexSample],
    t0: float,
    corrected: Corrected | None = None,
    keys: Keys | None = None,
    refilled: Refills | None = None,
) -> None:
    """Write indices.parquet; its schema names whoever corrected beats or signals by hand, and the keys."""
    table = index_table(samples, t0, refilled)
    if corrected is not None:
        table = table.replace_schema_metadata({"corrected": corrected.said})
    pq.write_table(noted(table, keys), directory / "indices.parquet", compression="zstd")


def write_events(directory: Path, events: Sequence[Event], t0: float, keys: Keys | None = None) -> None:
    """Write events.csv: one row per event, times on the LSL clock and since the recording began.

    No cell is a formula to a spreadsheet, see `acquisition.text.as_cell`.
    """
    same = {} if keys is None else {name: keys.get(name) for name in (*KEY_COLUMNS, *MADE_BY)}
    with (directory / "events.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, [*EVENT_COLUMNS, *same])
        rows.writeheader()
        for event in events:
            fields = {name: getattr(event, name) for name in EVENT_COLUMNS if name != "t"}
            fields |= {"t": round(event.onset - t0, 6), **same}
            rows.writerow({name: as_cell(value) for name, value in fields.items()})


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file that reads the same on every machine."""
    path.write_text(
        json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n", "utf-8"
    )
