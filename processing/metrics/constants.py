"""A constant as a text that is the same in every process, for hashes of what results depend on."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass

CONSTANT = (int, float, str, tuple, dict, frozenset)
"""What counts as one."""


def as_text(value: object) -> str:
    """Return a constant as text.

    Members of sets, whose order a process draws anew, stand in the order of their texts; functions are named,
    not by their addresses.
    """
    if isinstance(value, AbstractSet):
        return f"{{{', '.join(sorted(map(as_text, value)))}}}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(sorted(f'{as_text(k)}: {as_text(v)}' for k, v in value.items()))}}}"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(as_text, value))})"
    if is_dataclass(value) and not isinstance(value, type):
        inside = (f"{f.name}={as_text(getattr(value, f.name))}" for f in fields(value))
        return f"{type(value).__name__}({', '.join(inside)})"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    return repr(value)
