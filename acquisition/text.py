"""Text from outside, made fit to be written: what is kept can be read again, in every file of a recording."""

from __future__ import annotations

import re

LINE = 200
"""Longest label, name, unit or id that is kept [characters]."""
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters of C0 and C1 but tab and line feed, lone surrogates, and what XML cannot hold."""
_REPLACED = "\ufffd"


def clean_text(text: str, longest: int) -> str:
    """Return a text of one or more lines without what no file of ours, or no terminal, should be given.

    Each unfit character becomes U+FFFD, so that nothing joins that was apart; a carriage return goes with its
    line feed.
    """
    return _UNFIT.sub(_REPLACED, text[:longest].replace("\r\n", "\n"))


def clean_line(text: str, longest: int = LINE) -> str:
    """Return a label, name, unit or id: one line of printable characters, without blanks around it."""
    text = text[:longest]
    if text.isprintable():
        return text.strip()
    return "".join(c if c.isprintable() else " " if c.isspace() else _REPLACED for c in text).strip()
