"""What stands of several sessions: a value like that of one session, with how many it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from processing.hour.measure import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Hold one value over sessions.

    Parameters
    ----------
    who : str
        Code of the person or the dyad.
    sessions : int
        How many sessions it rests on.
    stated : bool
        Enough sessions to say it; else it describes.
    corrected : str
        In how many of the dyad's sessions beats and signals were corrected, by whom; "" where in none.
    """

    who: str
    metric: str
    value: float
    unit: str
    n: int
    sessions: int
    se: float
    ci_low: float
    ci_high: float
    scaling: str
    stated: bool
    method: str
    reason: str
    corrected: str = ""


def finding(m: Measure, *, who: str, sessions: int, scaling: str = "", stated: bool = True) -> Finding:
    """Return a measure as what stands over sessions."""
    return Finding(
        who=who,
        metric=m.metric,
        value=m.value,
        unit=m.unit,
        n=m.n,
        sessions=sessions,
        se=m.se,
        ci_low=m.ci_low,
        ci_high=m.ci_high,
        scaling=scaling,
        stated=stated,
        method=m.method,
        reason=m.reason,
    )


KINDS = {"str": pa.string(), "float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}


def write_findings(path: Path, found: Sequence[Finding]) -> None:
    """Write findings as a long table."""
    schema = pa.schema([(f.name, KINDS[str(f.type)]) for f in fields(Finding)])
    columns = {name: [getattr(x, name) for x in found] for name in schema.names}
    pq.write_table(pa.table(columns, schema=schema), path)
