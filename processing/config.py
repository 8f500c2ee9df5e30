"""Parameters of the pipeline: one frozen dataclass per estimator, read from TOML, hashed into results.

A file has one table per estimator and need only name what differs from the defaults:

    lateness = 5.0            # seconds; leave out to use what each stream was recorded with
    [heart]
    rmssd_window = 60.0
    [arousal]
    k = 2.0
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from acquisition.errors import SessionError
from acquisition.session.toml_table import parse, read
from processing.arousal.band import ArousalConfig
from processing.coupling.config import SynchronyConfig
from processing.heart.config import HeartConfig, RespirationConfig
from processing.indices import INDICES
from processing.skin.config import SkinConfig
from processing.voice.baseline import VoiceConfig

T = TypeVar("T")
_MOST = 1e6
"""No parameter of any estimator is larger, whatever its unit."""
_FINITE = int(sys.float_info.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """Hold every parameter that can change a result."""

    lateness: float | None = None
    """Seconds a sample may be late; None: as recorded with each stream; inf: everything."""
    heart: HeartConfig = field(default_factory=HeartConfig)
    respiration: RespirationConfig = field(default_factory=RespirationConfig)
    skin: SkinConfig = field(default_factory=SkinConfig)
    voice: VoiceConfig = field(default_factory=VoiceConfig)
    arousal: ArousalConfig = field(default_factory=ArousalConfig)
    synchrony: SynchronyConfig = field(default_factory=SynchronyConfig)

    def __post_init__(self) -> None:
        """Refuse a delay of the arousal index before what it is made of is settled."""
        for name, wait in self._arousal_waits():
            if self.arousal.delay is not None and not self.arousal.delay >= wait:
                raise ValueError(
                    f"arousal.delay = {self.arousal.delay:g} s is too short: with these parameters {name} is "
                    f"settled {wait:g} s after its window; leave it out to wait as long as is needed"
                )

    @property
    def arousal_delay(self) -> float:
        """Return how long after a second its arousal index is settled [s]."""
        if self.arousal.delay is not None:
            return self.arousal.delay
        return max((wait for _, wait in self._arousal_waits()), default=0.0)

    def _arousal_waits(self) -> list[tuple[str, float]]:
        return [(index, INDICES[index].timing.wait(self)) for index in self.arousal.heard()]

    def parameters(self) -> dict[str, Any]:
        """Return all parameters as plain values."""
        return asdict(self)

    def digest(self) -> str:
        """Return the SHA-256 of all parameters, the first 16 hexadecimal digits."""
        text = json.dumps(self.parameters(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_config(path: Path | None) -> PipelineConfig:
    """Read a parameter file; unknown keys and wrong kinds of values are errors, all named at once.

    Raises
    ------
    SessionError
        If the file cannot be read or a key or value is not allowed.
    """
    if path is None:
        return PipelineConfig()
    text, faults = read(path)
    table, more = parse(text)
    if faults or more:
        raise SessionError(path, faults or more)
    config = _changed(PipelineConfig(), table, "", faults)
    faults = faults or list(_absurd(config))
    if faults:
        raise SessionError(path, faults)
    return config


def _absurd(config: object, prefix: str = "") -> Iterator[str]:
    """Yield what no parameter can be, whatever the estimators refuse; lateness alone has no end."""
    for one in fields(config):  # type: ignore[arg-type]
        name, value = f"{prefix}{one.name}", getattr(config, one.name)
        if is_dataclass(value):
            yield from _absurd(value, f"{name}.")
            continue
        for number in value if isinstance(value, tuple) else (value,):
            real = isinstance(number, int | float) and not isinstance(number, bool)
            if real and name != "lateness" and not 0.0 <= number <= _MOST:
                yield f"{name} = {number:g}: must be 0 or more, and at most {_MOST:g}"


def _changed(config: T, table: Mapping[str, Any], prefix: str, faults: list[str]) -> T:
    """Return `config` with the values of `table`; what does not fit is added to `faults`."""
    assert is_dataclass(config)
    assert not isinstance(config, type)
    known = {f.name: getattr(config, f.name) for f in fields(config)}
    changes: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{prefix}{key}"
        if key not in known:
            faults.append(f"unknown key '{name}' (known: {', '.join(known)})")
        elif is_dataclass(known[key]):
            if isinstance(value, dict):
                changes[key] = _changed(known[key], value, f"{name}.", faults)
            else:
                faults.append(f"{name} = {value!r}: must be a table")
        else:
            _take(name, key, value, known[key], changes, faults)
    try:
        return replace(config, **changes)
    except ValueError as error:
        faults.append(f"{prefix.rstrip('.') or 'parameters'}: {error}")
        return config


def _take(name: str, key: str, value: Any, now: Any, changes: dict[str, Any], faults: list[str]) -> None:
    """Take one value if it is of the kind that stands there now."""
    if isinstance(now, bool):
        fits, kind = isinstance(value, bool), "true or false"
    elif isinstance(now, int):
        fits, kind = isinstance(value, int) and not isinstance(value, bool), "a whole number"
        fits = fits and abs(value) <= _FINITE
    elif isinstance(now, float) or now is None:
        fits, kind = isinstance(value, int | float) and not isinstance(value, bool), "a number"
        fits = fits and (abs(value) <= _FINITE or value in (math.inf, -math.inf))
    elif isinstance(now, tuple):
        fits, kind = isinstance(value, list) and len(value) == len(now), f"a list of {len(now)} values"
    elif isinstance(now, str):
        fits, kind = isinstance(value, str), "a text"
    else:
        fits, kind = False, "left alone: it cannot be set here"
    if not fits:
        faults.append(f"{name} = {value!r}: must be {kind}")
        return
    changes[key] = (
        tuple(value) if isinstance(now, tuple) else float(value) if isinstance(now, float) else value
    )
