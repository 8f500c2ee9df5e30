"""What both people's sensors can have of one person, by signal: one heart, or one skin."""

from __future__ import annotations

from processing.coupling import one_heart, one_skin
from processing.coupling.shared import Kind

KINDS: tuple[Kind, ...] = (one_heart.KIND, one_skin.KIND)


def kind_of(signal: str) -> Kind | None:
    """Return what would leave a signal without anything to say about two people."""
    return next((kind for kind in KINDS if signal in kind.signals), None)
