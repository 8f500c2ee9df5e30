"""The report of a trial: a text that can be read, and sent."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from acquisition.devices.trial import PACKETS, Trial
from acquisition.drivers import Assumption
from acquisition.text import clean_text

SIGNS = {True: "holds", False: "DIFFERS", None: "see"}
"""Words for an assumption: it holds, it does not, or a person must say."""


def answer_lines(assumptions: Sequence[Assumption]) -> Iterator[str]:
    """Yield a line for each assumption."""
    for a in assumptions:
        found = clean_text(a.found, 400)
        yield f"{SIGNS[a.holds]:<8} {clean_text(a.what, 120)}: {found} (assumed: {a.assumed})"


def report_text(trial: Trial, when: str) -> str:
    """Return the report; `when` is the date and time in it."""
    out = [
        f"Trial of {trial.profile.name}: {trial.profile.title}",
        f"{when}, {trial.seconds:.0f} s of streaming; {_versions()}",
        "",
        "What was assumed, and what turned out",
        *answer_lines(trial.assumptions),
        "",
        "What the device says of itself",
        *(f"{key}: {clean_text(value, 200)}" for key, value in sorted(trial.facts.items())),
        "",
        "What happened",
        *(f"{n.time:.3f}  {n.kind}  {n.stream}: {clean_text(n.message, 400)}" for n in trial.notices),
        "",
        f"The first {PACKETS} packets, and as many after the connection was broken; seconds of what the",
        "sensor measured on whoever wore it are among them.",
        *trial.packets,
    ]
    return "\n".join(out) + "\n"


def as_fields(trial: Trial) -> dict[str, Any]:
    """Return what a trial found, for another program; without the packets."""
    return {
        "profile": trial.profile.name,
        "seconds": trial.seconds,
        "opened": trial.opened,
        "assumptions": [asdict(a) for a in trial.assumptions],
        "facts": trial.facts,
    }


def _versions() -> str:
    named = []
    for package in ("attunement", "bleak"):
        try:
            named.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            named.append(f"{package} ?")
    return f"{', '.join(named)}, Python {platform.python_version()}, {platform.system()} {platform.release()}"
