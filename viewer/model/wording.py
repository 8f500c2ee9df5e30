"""Words that no computed text may hold: they claim what no signal here can show."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(
    r"\b(safe|unsafe|safely|safety|dissociat\w*|shut[ -]?down|ventral|dorsal|fight\w*|flight|freez\w*"
    r"|froze\w*|calm\w*|anxi\w*|resistan\w*|emotion\w*|anger|angry|fear\w*|sad|sadness|happy|happiness|joy|shame"
    r"|disgust|score\w*|risk\w*|diagnos\w*|hyper\w*|hypo\w*|intervene\w*|stress\w*|relaxed|panic\w*"
    r"|window of tolerance)\b",
    re.IGNORECASE,
)


def forbidden(text: str) -> list[str]:
    """Return the words of a text that the window may not show."""
    return [match.group(0) for match in _FORBIDDEN.finditer(text)]
