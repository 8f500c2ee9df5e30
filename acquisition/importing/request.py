"""What is to be imported: one ROLE:MODALITY:UNIT[:SFREQ]=[N#]COLUMN each."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from acquisition.errors import StreamError, UnitError
from acquisition.stream import Modality, Role
from acquisition.units import factor

FORM = "ROLE:MODALITY:UNIT[:SFREQ]=[N#]COLUMN"
MODALITIES = tuple(m for m in Modality if m is not Modality.DEVICE_TIME)
INTERVALS = frozenset((Modality.RR, Modality.PPI))
IRREGULAR = INTERVALS | {Modality.MARKERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Hold one `--stream`; a rate that was not said is None."""

    text: str
    role: Role
    modality: Modality
    unit: str
    sfreq: float | None
    file: int
    column: str


def parse_request(text: str, n_files: int) -> Request:
    """Read one ROLE:MODALITY:UNIT[:SFREQ]=[N#]COLUMN.

    Raises
    ------
    StreamError, UnitError
        Naming what is wrong, and the choices.
    """
    left, equals, right = text.partition("=")
    parts = left.split(":")
    if not equals or len(parts) not in (3, 4) or not right:
        raise StreamError(f"--stream {text!r}: must be {FORM}")
    if parts[0] not in list(Role):
        raise StreamError(f"--stream {text!r}: no role {parts[0]!r} (known: {', '.join(Role)})")
    if parts[1] not in MODALITIES:
        raise StreamError(f"--stream {text!r}: no modality {parts[1]!r} (known: {', '.join(MODALITIES)})")
    modality = Modality(parts[1])
    try:
        factor(parts[2], modality)
    except UnitError as error:
        if "resistance" not in str(error):
            raise UnitError(f"--stream {text!r}: {error}") from error
    number, column = _file_and_column(text, right, n_files)
    return Request(
        text=text,
        role=Role(parts[0]),
        modality=modality,
        unit=parts[2],
        sfreq=_rate(text, modality, parts[3]) if len(parts) == 4 and parts[3] else None,
        file=number,
        column=column,
    )


def _file_and_column(text: str, right: str, n_files: int) -> tuple[int, str]:
    numbered = re.fullmatch(r"(\d+)#(.+)", right, re.DOTALL)
    number, column = (int(numbered[1]), numbered[2]) if numbered else (1, right)
    if not 1 <= number <= n_files:
        raise StreamError(f"--stream {text!r}: no file {number} (there are {n_files}, counted from 1)")
    return number, column


def _rate(text: str, modality: Modality, number: str) -> float:
    if modality in IRREGULAR:
        raise StreamError(f"--stream {text!r}: {modality} is irregular and has no SFREQ")
    try:
        sfreq = float(number)
    except ValueError:
        sfreq = np.nan
    if not (sfreq > 0 and np.isfinite(sfreq)):
        raise StreamError(f"--stream {text!r}: SFREQ {number!r} is not a rate in Hz")
    return sfreq
