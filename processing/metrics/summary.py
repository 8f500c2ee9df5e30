"""Session metrics that need no more than the index samples: level, spread and validity of each index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from acquisition.stream import FloatArray
from processing.hour.believed import doubt, placed
from processing.hour.keyed import Keys, with_keys
from processing.hour.measure import Definition
from processing.index import IndexSample
from processing.indices import PERSON

LEVELS = {index.name: index.unit for index in PERSON if index.summary == "level"}
"""Indices whose median over the session is reported, with their units."""
COUNTS = tuple(index.name for index in PERSON if index.summary == "count")
"""Indices whose values are counted."""
WHOLE = "of the whole recording, baselines and breaks included"
MEDIAN, SPREAD = f"median of index samples {WHOLE}", f"P75 − P25 of index samples {WHOLE}"
COUNT = f"number of index samples with a value {WHOLE}"
VALUE = itemgetter(IndexSample._fields.index("value"))
DESCRIBES = "a description of the samples there are; neighbours share most of their window"
DEFINITIONS = (
    *(
        Definition(
            name=f"{index}_{kind}", whose="person", unit=unit, text=text, bare=DESCRIBES, baselines="count"
        )
        for index, unit in LEVELS.items()
        for kind, text in (("median", MEDIAN), ("iqr", SPREAD))
    ),
    *(
        Definition(
            name=f"{index}_count", whose="person", unit="", text=COUNT, bare="a count", baselines="count"
        )
        for index in COUNTS
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Hold one session metric.

    `valid_pct` is the share of index samples that had a value; the interval is nan where none is computed.
    A value that is nan carries its `reason`. `se` is the width of the interval / 3.92: the standard error of
    a normal distribution with that interval. `scaling`: what the arousal index of the entity is relative to.
    """

    entity: str
    metric: str
    value: float
    unit: str
    n: int
    valid_pct: float
    ci_low: float = np.nan
    ci_high: float = np.nan
    se: float = np.nan
    method: str
    version: str
    parameters: str
    reason: str = ""
    scaling: str = ""


def summarise(
    rows: Mapping[tuple[str, str], Sequence[IndexSample]],
    *,
    version: str,
    parameters: str,
    scalings: Mapping[str, str],
) -> list[Metric]:
    """Return median and interquartile range of each level index, and the number of beats and responses.

    Parameters
    ----------
    rows : dict
        (entity, index) → its samples, at least one.
    """
    out: list[Metric] = []
    for (entity, index), mine in sorted(rows.items()):
        every = np.fromiter(map(VALUE, mine), np.float64, len(mine))
        good = every[np.isfinite(every)]
        doubted = "" if len(good) else doubt(mine)
        out += [
            Metric(
                entity=entity,
                metric=name,
                value=np.nan if doubted else value,  # none that is believed is not none
                unit=unit,
                n=len(good),
                valid_pct=100.0 * len(good) / len(every),
                method=method,
                version=version,
                parameters=parameters,
                reason=placed(mine) if len(good) else doubted or "no value passed its gate",
                scaling=scalings.get(entity, ""),
            )
            for name, value, unit, method in _rows(index, good, mine[-1].unit)
        ]
    return out


def _rows(index: str, good: FloatArray, unit: str) -> list[tuple[str, float, str, str]]:
    """Return (metric, value, unit, method) for one index."""
    if index in LEVELS:
        low, middle, high = np.percentile(good, [25, 50, 75]).tolist() if len(good) else (np.nan,) * 3
        return [
            (f"{index}_median", middle, unit, MEDIAN),
            (f"{index}_iqr", high - low, unit, SPREAD),
        ]
    if index in COUNTS:
        return [(f"{index}_count", float(len(good)), "", COUNT)]
    return []


def write_metrics(
    path: Path, metrics: Sequence[Metric], corrected: str = "", keys: Keys | None = None
) -> None:
    """Write metrics.parquet, a long table; where beats or signals were corrected, a column says by whom.

    Parameters
    ----------
    keys : dict, optional
        What joins the session to others: columns and file metadata.
    """
    names = list(Metric.__dataclass_fields__)
    kinds = {"n": pa.int64(), "value": pa.float64(), "valid_pct": pa.float64()}
    kinds |= {"ci_low": pa.float64(), "ci_high": pa.float64(), "se": pa.float64()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    columns = {name: [getattr(m, name) for m in metrics] for name in names}
    table = pa.table(columns, schema=schema)
    if corrected:
        table = table.append_column("corrected", pa.array([corrected] * len(table), pa.string()))
    pq.write_table(with_keys(table, keys), path)
