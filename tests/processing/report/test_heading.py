"""The head of the report: of whom, when and with what, true of imports too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acquisition.session.session import NOT_KNOWN, Recorded
from acquisition.stream import Modality, Role, StreamInfo
from processing.report.heading import OF_IMPORT, OF_OLD_IMPORT, UNKNOWN, began, devices


def stream(name: str, sfreq: float, unit: str = "", device: str = "") -> StreamInfo:
    """Return a stream of the client."""
    return StreamInfo(
        name=name,
        role=Role.CLIENT,
        modality=Modality.ECG,
        sfreq=sfreq,
        unit=unit,
        channels=("x",),
        device=device,
    )


@pytest.mark.parametrize(
    ("started", "says"),
    [
        ("2026-03-04T09:10:11.5+00:00", "2026-03-04 09:10 (UTC)"),
        ("2026-03-04T09:10:11Z", "2026-03-04 09:10 (UTC)"),
        ("2026-03-04T09:10:11+01:00", "2026-03-04 09:10 (UTC+01:00)"),
        ("2026-03-04T09:10:11-05:00", "2026-03-04 09:10 (UTC-05:00)"),
        ("2026-03-04T09:10:11", "2026-03-04 09:10 (zone not known)"),
        ("", UNKNOWN),
    ],
)
def test_the_start_is_said_with_its_zone_or_as_not_known(started: str, says: str) -> None:
    assert began(Recorded(started=started, streams=())) == says


def test_the_start_of_an_import_may_be_that_of_the_import_itself_and_says_so() -> None:
    found = Recorded(
        started="2026-03-04T09:10:11Z", streams=(), versions={"imported_from": "x.csv"}, clock="one"
    )
    assert found.imported
    assert began(found) == f"2026-03-04 09:10 (UTC), {OF_OLD_IMPORT}"
    later = replace(found, versions=found.versions | {"imported_at": "2026-11-29T08:00:00+00:00"})
    assert began(later) == f"2026-03-04 09:10 (UTC), {OF_IMPORT}"
    assert began(replace(later, started=NOT_KNOWN)) == UNKNOWN


def test_devices_are_named_with_the_rates_and_units_of_their_streams() -> None:
    found = [
        stream("ECG", 130.0, "mV", "polar_h10"),
        stream("EDA", 4.0, "uS"),
        stream("RR", 0.0, "ms", "polar_h10"),
    ]
    assert devices(found) == "polar_h10: ECG (130 Hz, mV), RR (at irregular times, ms); EDA (4 Hz, µS)"


def test_a_stream_that_never_came_is_said_to() -> None:
    assert devices([stream("ECG", float("nan"), "mV")]) == "ECG (never appeared)"
