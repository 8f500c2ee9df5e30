"""Where a signal is bad, as the quality indices of the pipeline have it: annotations for MNE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from processing.config import PipelineConfig
from processing.results.session_run import run_recording

OF = {"ecg_quality": "heart", "eda_quality": "skin"}
"""Index of quality → organ whose signal it judges; both have a row a second."""
LEAST = 0.5
"""A second of less quality is bad."""
NO_DATA = "no data"
"""A gap, which is annotated as one."""


@dataclass(frozen=True, slots=True)
class Bad:
    """Hold a stretch [s, recorder's clock] of one organ's signal of a person, and why it is bad."""

    role: str
    organ: str
    start: float
    stop: float
    why: str


def bad_stretches(
    recording: Path, progress: Callable[[float], None] | None = None, config: PipelineConfig | None = None
) -> tuple[Bad, ...]:
    """Run the pipeline over a recording and return its bad stretches in order.

    Raises
    ------
    RecordingError
        If the recording cannot be read.
    """
    run = run_recording(recording, config=config or PipelineConfig(), progress=progress)
    found: list[Bad] = []
    rows = [s for s in run.samples if s.index in OF and not s.value >= LEAST and s.reason != NO_DATA]
    for s in sorted(rows, key=lambda s: (s.entity, s.index, s.time)):
        why = s.reason or "low quality"
        last = found[-1] if found else None
        if (
            last is not None
            and (last.role, last.organ, last.why) == (s.entity, OF[s.index], why)
            and s.time - 0.5 <= last.stop + 0.01
        ):
            found[-1] = Bad(last.role, last.organ, last.start, s.time + 0.5, why)
        else:
            found.append(Bad(s.entity, OF[s.index], s.time - 0.5, s.time + 0.5, why))
    return tuple(sorted(found, key=lambda b: (b.start, b.role, b.organ)))
