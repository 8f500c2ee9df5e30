"""The data dictionary: every session metric, made from the definitions the code computes with.

python -m processing.metrics.dictionary docs/session-metrics.md
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from processing.hour.measure import Definition
from processing.metrics import summary
from processing.metrics.session_metrics import definitions

BEGIN, END = "<!-- dictionary: generated, see processing/metrics/dictionary.py -->", "<!-- end -->"


def dictionary(defined: Sequence[Definition] | None = None) -> str:
    """Return a table of definitions in Markdown; of all session metrics, unless others are given."""
    defined = (*summary.DEFINITIONS, *definitions()) if defined is None else defined
    lines = [
        "| metric | of | unit | what was measured | baselines | 95 % interval |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_row, defined)])


def _row(d: Definition) -> str:
    text = d.text.replace("|", "\\|") + (f" ({d.source})" if d.source else "")
    text += "; exploratory" if d.exploratory else ""
    return (
        f"| `{d.name}` | {d.whose} | {d.unit} | {text} | {d.baselines} | {d.interval or f'none: {d.bare}'} |"
    )


def updated(document: str, defined: Sequence[Definition] | None = None) -> str:
    """Return a document with its dictionary as the code has it now.

    Raises
    ------
    ValueError
        If the document has no place for it.
    """
    before, _, rest = document.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{dictionary(defined)}\n\n{END}{after}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(updated(target.read_text("utf-8")), "utf-8")
