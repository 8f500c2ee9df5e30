"""The tables of keys in the documentation, made of the commands.

python -m viewer.key_tables docs/window.md docs/review.md     writes them anew
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from viewer.command import Face
from viewer.commands import allowed

BLOCK = re.compile(r"(<!-- keys of (\w+): ([\w, ]+) -->\n)(.*?)(<!-- end of keys -->)", re.DOTALL)
"""A table of keys in a page: which face, which groups."""


def as_table(face: Face, groups: Iterable[str]) -> str:
    """Return the commands of some groups as a table of Markdown, as it stands in docs."""
    wanted = list(groups)
    rows = [c for c in allowed(face) if c.group in wanted and c.text and c.shown_in(face)]
    return "\n".join(["| key | does |", "|---|---|", *(f"| {c.shown_in(face)} | {c.text} |" for c in rows)])


def with_tables(page: str) -> str:
    """Return a page of docs with its tables of keys made anew."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{as_table(cast(Face, m[2]), m[3].split(', '))}\n\n{m[5]}", page)


def main(paths: Iterable[str]) -> None:
    """Write the tables of keys into pages of docs."""
    for path in map(Path, paths):
        path.write_text(with_tables(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
