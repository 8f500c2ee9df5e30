"""A parameter that moves a window moves everything that depends on it, or is refused by name."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest

from acquisition.errors import SessionError
from acquisition.stream import Modality
from processing.config import PipelineConfig, load_config
from processing.coupling.config import SynchronyConfig
from processing.hour.believed import rows_of
from processing.hour.timeline import timeline
from processing.index import IndexSample
from processing.indices import INDICES, SIGNALS, delay_of
from processing.metrics.vagal import vagal_measures
from processing.parts import signals_of, sources
from processing.surrogates.session_synchrony import coupling
from tests.processing.sessions import SECONDS, START, SimulatedSession, run, session, with_voice_quality

MOVED = {
    "heart": [
        {"heart": "hr_window = 30\nsdnn_window = 400", "skin": "rate_window = 120"},
        {"heart": "rmssd_window = 120\nhf_window = 100", "skin.scl": "window = 40", "arousal": "median = 20"},
        {"heart": "rmssd_window = 30\nrsa_window = 60", "skin.scl": "lookahead = 12", "arousal": "tau = 30"},
        {"heart": "speech_lag = 2\nsilence = 20", "skin.quality": "around = 9", "arousal": "delay = 9"},
        {"skin.quality": "around = 0", "synchrony": "window = 60"},
        {"skin.scr": "wait = 8", "synchrony": "slow_window = 90"},
    ],
    "respiration": [{"respiration": "hole = 3"}],
    "voice": [{"voice": "window = 15\nrange_window = 45"}],
}
"""What people wear → parameters that do not bear on each other, some at a time: a run takes seconds."""


def read(path: Path, tables: Mapping[str, str]) -> PipelineConfig:
    (path / "p.toml").write_text("".join(f"[{table}]\n{lines}\n" for table, lines in tables.items()))
    return load_config(path / "p.toml")


ALL = (Modality.ECG, Modality.EDA, Modality.RESP, Modality.VOICE)
WORN = {"heart": ALL[:2], "respiration": ALL[:3], "voice": ALL[3:]}
"""What people wear where parameters bear on no more."""


def worn(wear: str) -> SimulatedSession:
    return with_voice_quality(session()).without(*(m for m in ALL if m not in WORN[wear]))


@cache
def usually(wear: str) -> Counter[str]:
    return valid(run(worn(wear)))


def valid(rows: list[IndexSample]) -> Counter[str]:
    """Return how many values each index has."""
    return Counter(row.index for row in rows if math.isfinite(row.value))


@pytest.mark.parametrize(("wear", "tables"), [(wear, t) for wear, some in MOVED.items() for t in some])
def test_a_parameter_that_moves_a_window_leaves_nothing_without_a_value(
    tmp_path: Path, wear: str, tables: dict[str, str]
) -> None:
    config = read(tmp_path, tables)
    rows = run(worn(wear), config=config)
    found = valid(rows)
    # The chance band takes its windows from the whole session; where a lag is clear is a matter of the data.
    of_data = ("_chance_low", "_chance_high", "_lag")
    lost = {
        i: (n, found[i]) for i, n in usually(wear).items() if found[i] < n / 2 and not i.endswith(of_data)
    }
    assert not lost
    for row in rows:
        if math.isfinite(row.value):
            assert row.available - row.time <= INDICES[row.index].settled(config) + 1.2, row


@pytest.mark.parametrize(
    ("table", "line"),
    [("skin.quality", "around = 0"), ("skin.scr", "wait = 8"), ("skin.scl", "window = 200")],
)
def test_where_windows_and_delays_are_odd_any_cut_still_gives_the_same(
    tmp_path: Path, table: str, line: str
) -> None:
    config = read(tmp_path, {table: line})
    of = session().without(Modality.ECG, Modality.RESP, Modality.VOICE)
    whole, cut = (run(of, config=config, cuts=cuts) for cuts in ((6000,), (1, 7, 300, 50)))
    assert [repr(row) for row in cut] == [repr(row) for row in whole]


def test_the_windows_of_the_usual_parameters_give_the_known_delays() -> None:
    config = PipelineConfig()
    known = {"hr": 5.5, "scl": 11.0, "sclslope": 13.0, "lnrmssd": 35.0, "f0": 8.0, "intensity": 8.0}
    assert {signal: delay_of(signal, config) for signal in SIGNALS} == known
    assert config.arousal_delay == 5.0
    assert (config.heart.kept, config.skin.kept) == (540.0, 125.0)


@pytest.mark.parametrize(
    ("table", "line", "said"),
    [
        (
            "arousal",
            "delay = 2",
            "arousal.delay = 2 s is too short: with these parameters scl is settled 5 s",
        ),
        ("heart", "hf_window = 200", "heart: hf_window = 200: must be 64 to 128 s"),
        ("heart", "rmssd_window = 0", "heart: rmssd_window = 0: must be a number above 0"),
        ("heart", "rmssd_window = 1e300", "heart: rmssd_window = 1e+300: must be a number above 0, at most"),
        ("skin.falls", "lag = 1e300", "skin: falls.lag = 1e+300: must be a number above 0, at most 43200"),
        (
            "skin.scr.trial.swings.rhythm",
            "smaller = 0",
            "skin: scr.trial.swings.rhythm.smaller = 0: must be a number above 0",
        ),
        ("heart", "hr_window = -5", "heart: hr_window = -5: must be a number above 0"),
        ("heart", "cover = 1.5", "heart: cover = 1.5: must be a share from 0 to 1"),
        ("heart", "speech_lag = 0", "heart: speech_lag = 0: must be at least 1 s"),
        ("respiration", "hole = 4", "respiration: hole = 4: must be above 0 and at most 3 s"),
        ("skin.scl", "recovery = 0", "skin: scl.recovery = 0: must be a number above 0"),
        ("skin.scl", "quantile = 2", "skin: scl.quantile = 2: must be a share from 0 to 1"),
        ("skin.quality", "around = inf", "skin: quality.around = inf: must be 0 or more"),
        ("skin.scl", "recovery = 1000", "skin: scl.recovery = 1000: must be 1.5 to 45 s"),
        ("skin.scr.trial", "before = -1", "skin: scr.trial.before = -1: must be a number above 0"),
        ("voice", "window = 0", "voice: window = 0: must be 1 or more"),
        ("voice", "quality_step = 0", "voice: quality_step = 0: must be 1 or more"),
        ("arousal", "tau = 0", "arousal: tau = 0: must be a number above 0"),
        ("synchrony", "step = 0.25", "synchrony: step = 0.25: must be a whole number of seconds"),
        ("synchrony", "window = -1", "synchrony: window = -1: must be at least 4 s"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_name(tmp_path: Path, table: str, line: str, said: str) -> None:
    with pytest.raises(SessionError) as caught:
        read(tmp_path, {table: line})
    assert said in str(caught.value)


def numbers(config: object, table: str = "") -> Iterator[tuple[str, str]]:
    """Yield table and name of every number that a file of parameters may set."""
    assert is_dataclass(config)
    for one in fields(config):
        value = getattr(config, one.name)
        if is_dataclass(value):
            yield from numbers(value, f"{table}.{one.name}".lstrip("."))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield table, one.name


@pytest.mark.parametrize("value", ["-1", "-1e-9", "inf", "-inf", "nan", "1e300", f"1{'0' * 400}"])
def test_no_parameter_is_negative_or_without_end(tmp_path: Path, value: str) -> None:
    every = list(numbers(PipelineConfig()))
    assert len(every) > 150
    for table, name in every:
        with pytest.raises(SessionError, match=name):
            read(tmp_path, {table: f"{name} = {value}"})


def test_coupling_of_an_hour_has_a_value_of_every_signal_that_both_have() -> None:
    of = worn("heart")
    rows = rows_of(run(of))
    line = timeline("S01", rows, [], {}, begin=START, end=START + SECONDS, config=PipelineConfig().arousal)
    for config, width in ((SynchronyConfig(), "30 s"), (SynchronyConfig(window=20.0), "20 s")):
        found = {m.metric: m for m in coupling(line, rows, config).measures}
        for signal in signals_of(sources(of.infos)):
            z = found[f"sync_{signal}_z"]
            assert math.isfinite(z.value), z.reason
            assert f"segments of {width}" in z.method


def test_vagal_metrics_name_and_keep_the_window_of_the_parameters() -> None:
    rows = rows_of(run(worn("heart")))
    line = timeline(
        "S01", rows, [], {"client": None}, begin=START, end=START + SECONDS, config=PipelineConfig().arousal
    )
    for window in (60.0, 120.0):
        person = line.people["client"]
        found = {m.metric: m for m in vagal_measures(line, person, window)}
        assert f"of the {window:g} s windows" in found["lnrmssd_rest"].method
        assert f"over {window:g} s windows that do not overlap" in found["lnrmssd_rest"].method
