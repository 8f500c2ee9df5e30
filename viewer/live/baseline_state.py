"""How a baseline goes: not begun, seconds left, being judged, accepted or refused and why. No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import Modality, Role
from processing.arousal.band import BITS
from processing.arousal.baseline import NAMES, Code
from viewer.model.model import SessionModel
from viewer.model.reading import newest_span

LENGTHS: dict[Code, float] = {"baseline_rest": 300.0, "baseline_talk": 120.0}
"""How long each takes [s], as the event vocabulary says."""
CARDIAC = (Modality.ECG, Modality.RR, Modality.PPI)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineState:
    """Say how a baseline goes.

    Parameters
    ----------
    kind : str
        none, running, judging, accepted or refused.
    left : float
        Seconds of its length that are left while it runs; negative once it may end.
    ended : float
        When it ended [s since the first tick]; nan before.
    share : float
        How much of its length is over, 0-1.
    text : str
        For people.
    """

    kind: str
    left: float = math.nan
    ended: float = math.nan
    share: float = 0.0
    text: str = "not begun"


def baseline_state(model: SessionModel, code: Code, role: Role, moment: float) -> BaselineState:
    """Return how the newest baseline of a person goes at a moment [s since the first tick]."""
    span = newest_span(model, code, role, moment)
    if span is None:
        return BaselineState(kind="none")
    start, stop = span
    if math.isnan(stop):
        length, past = LENGTHS[code], moment - start
        text = _valid_text(model, role, start, moment)
        return BaselineState(
            kind="running", left=length - past, share=min(past / length, 1.0), text=text or "gathering …"
        )
    verdict = _verdict(model, code, role, stop)
    if verdict is None:
        return BaselineState(kind="judging", ended=stop, share=1.0, text="ended; it is being judged …")
    accepted, text = verdict
    kind = "accepted" if accepted else "refused"
    return BaselineState(kind=kind, ended=stop, share=1.0, text=text)


def _verdict(model: SessionModel, code: Code, role: Role, stop: float) -> tuple[bool, str] | None:
    for v in reversed(model.verdicts):
        if v.entity == role.value and v.code == code and abs(v.stop - model.t0 - stop) < 1.0:
            return v.accepted, v.text
    return None


def _valid_text(model: SessionModel, role: Role, start: float, moment: float) -> str:
    """Return how much of it each sensor gave so far, in words."""
    _, bits = model.trace(role.value, "arousal_channels").between(start, moment)
    if not len(bits):
        return ""
    held = np.where(np.isfinite(bits), bits, 0.0).astype(int)
    expected = [
        c for c, there in (("hr", model.has(role, *CARDIAC)), ("scl", model.has(role, Modality.EDA))) if there
    ]
    parts = [f"{NAMES[c]} {100.0 * float((held & BITS[c] > 0).mean()):.0f} %" for c in expected]
    return f"valid so far: {', '.join(parts)}" if parts else ""


def countdown(state: BaselineState) -> str:
    """Return the time left as m:ss, or that it may end."""
    if state.kind != "running":
        return ""
    if state.left <= 0:
        return "may end now"
    whole = math.ceil(state.left)
    return f"{whole // 60}:{whole % 60:02d} left"
