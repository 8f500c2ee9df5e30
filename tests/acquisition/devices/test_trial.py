"""A trial of every device with a twin: what holds, what differs, and the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from acquisition.devices.trial import Trial, trial_session, try_out
from acquisition.devices.trial_report import as_fields, report_text
from acquisition.drivers import Assumption
from acquisition.emulated.peripheral import Hardware
from acquisition.emulated.shimmer import EmulatedShimmer
from acquisition.errors import ProfileError
from tests.acquisition.ble_bench import Bench
from tests.acquisition.dropouts import ADDRESS, KINDS, Kind, kind_of


def tried(profile: str, make: Any, *, seconds: float = 30.0) -> Trial:
    """Try a twin out in virtual time."""
    bench = Bench()
    try:
        bench.put(make(bench.air))
        session = trial_session(profile, address=ADDRESS, name="", emulated=False)
        return try_out(
            session,
            seconds,
            drivers=[bench.driver(session)],
            clock=bench.runner.clock,
            sleep=bench.runner.run,
        )
    finally:
        bench.close()


def of(trial: Trial, what: str) -> Assumption:
    """Return an assumption by a part of its words."""
    (found,) = [a for a in trial.assumptions if what in a.what]
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.profile)
def test_a_trial_of_a_device_that_is_as_assumed_finds_no_difference(kind: Kind) -> None:
    trial = tried(kind.profile, kind.make)
    differs = [a.what for a in trial.assumptions if a.holds is False]
    # A board's emulated readings are those of no sensor that is worn.
    assert [d for d in differs if "values" not in d] == []
    assert trial.opened
    assert of(trial, "streams again").holds
    text = report_text(trial, "now")
    assert text.count("heard") > 20
    assert f"Trial of {kind.profile}" in text
    assert as_fields(trial)["assumptions"]


def test_what_the_broken_connection_cost_is_fetched_from_the_card() -> None:
    kind = kind_of("shimmer3r_gsr")
    memory = of(tried(kind.profile, kind.make, seconds=20.0), "its memory")
    assert memory.holds is True
    assert "fetched in" in memory.found


def test_what_is_not_as_assumed_is_told() -> None:
    def make(air: Any) -> EmulatedShimmer:
        hardware = Hardware(name="Shimmer3R", address=ADDRESS, skew=-0.03, interval=0.03)
        twin = EmulatedShimmer(air, hardware, eda=lambda t: np.asarray(3.0 + np.sin(3.0 * t)))
        twin.has_card, twin.deaf_pipe = False, True
        return twin

    trial = tried("shimmer3r_gsr", make)
    differs = {a.what for a in trial.assumptions if a.holds is False}
    assert {"commands", "writes to its card while it sends", "Shimmer EDA: its clock"} <= differs
    assert of(trial, "its clock over").found.startswith("begins anew")  # without a card it stopped


def test_a_device_that_is_not_there_is_told() -> None:
    bench = Bench()
    try:
        session = trial_session("heart_rate", address=ADDRESS, name="", emulated=False)
        trial = try_out(
            session, 10.0, drivers=[bench.driver(session)], clock=bench.runner.clock, sleep=bench.runner.run
        )
    finally:
        bench.close()
    assert not trial.opened
    (streams,) = [a for a in trial.assumptions if a.what == "it streams"]
    assert streams.holds is False
    assert "in range" in streams.found


def test_what_comes_over_lsl_is_not_tried() -> None:
    with pytest.raises(ProfileError, match="cannot be tried"):
        trial_session("lsl_eda", address=ADDRESS, name="", emulated=False)
