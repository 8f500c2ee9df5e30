"""The page on indices: tables made of the records, with the numbers of a configuration.

python -m processing.index_page docs/indices.md
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from processing.config import PipelineConfig
from processing.indices import COUPLINGS, INDICES, ONE_HEART, ONE_SKIN, Index, of_part, spelled

MARK = re.compile(r"<!-- indices of (\w+) -->")
HEAD = ("index", "what it is", "window", "row", "unit", "settled after `time`")


def filled(page: str, config: PipelineConfig) -> str:
    """Return a page with a table in place of each `<!-- indices of heart -->`."""
    return MARK.sub(lambda mark: table(_of(mark.group(1)), config), page)


def _of(part: str) -> Sequence[Index]:
    """Return the indices of an estimator; of the two people once, for any signal."""
    if part != "dyad":
        return of_part(part)
    return (*next(iter(COUPLINGS.values())), INDICES[ONE_HEART], INDICES[ONE_SKIN])


def table(records: Sequence[Index], config: PipelineConfig) -> str:
    """Return the records as a table in Markdown."""
    lines = [HEAD, ("---",) * len(HEAD), *(_cells(record, config) for record in records)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def sidecar(names: Iterable[str], config: PipelineConfig) -> dict[str, dict[str, str | float]]:
    """Return what indices are, by name, in the keys that BIDS has for columns; times in seconds."""
    out: dict[str, dict[str, str | float]] = {}
    for name in sorted(names):
        record = INDICES[name]
        window, settled = record.timing.window(config), record.settled(config)
        out[name] = {
            "LongName": record.title or record.name,
            "Description": record.described(config),
            "Units": record.unit or "arbitrary",
            "Row": record.timing.each.format(c=config),
            **({"Window": window} if window else {}),
            **({"SettledAfter": settled} if math.isfinite(settled) else {}),
        }
    return out


def _cells(record: Index, config: PipelineConfig) -> tuple[str, ...]:
    window, settled = record.timing.window(config), record.settled(config)
    return (
        f"`{re.sub('^sync_[a-z0-9]+', 'sync_<signal>', record.name)}`",
        record.described(config).replace("|", "\\|"),
        f"{window:g} s" if window else "",
        record.timing.each.format(c=config),
        spelled(record.unit),
        f"{settled:g} s" if math.isfinite(settled) else "with its row",
    )


if __name__ == "__main__":
    sys.stdout.write(filled(Path(sys.argv[1]).read_text("utf-8"), PipelineConfig()))
