"""The words of a statement: one for lane and report, and never positive without the other cause."""

from __future__ import annotations

import math

import pytest

from processing.coupling.said import SHARED_CAUSE, SO_FAR, WHOLE_HOUR, in_short, said

NAN = math.nan
ABOVE = "coupling above chance, "
CAUSE = "a shared cause looks the same"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"stated": 1.0, "p": 0.00075, "lead": 1.0, "lag": 9.04, "when": SO_FAR},
            f"{ABOVE}so far (p < 0.001): the client following the therapist by 9.0 s; {CAUSE}",
        ),
        (
            {"stated": 1.0, "p": 0.012, "lead": -1.0},
            f"coupling above chance, whole hour (p = 0.012): the therapist following the client; {CAUSE}",
        ),
        (
            {"stated": 1.0, "p": 0.012, "lead": 0.0, "lag": 0.01},
            "coupling above chance, whole hour (p = 0.012): moved together; a shared cause looks the same",
        ),
        (
            {"stated": 1.0, "p": 0.012, "lag": 0.4},
            "coupling above chance, whole hour (p = 0.012): no clear leader; a shared cause looks the same",
        ),
        (
            {"stated": 1.0, "p": 0.012, "lead": 0.0, "used": 0.706},
            f"{ABOVE}whole hour (p = 0.012, from 71 % of it): moved together; {CAUSE}",
        ),
        (
            {"stated": 0.0, "p": 0.39, "used": 0.5},
            "no coupling above chance was found, whole hour (p = 0.390, from 50 % of it)",
        ),
        ({"stated": 0.0, "p": 0.39}, "no coupling above chance was found, whole hour (p = 0.390)"),
        (
            {"stated": NAN, "p": NAN, "reason": "too short to test"},
            "coupling was not tested: too short to test",
        ),
        ({"stated": NAN, "p": NAN}, "coupling was not tested: too few data"),
    ],
)
def test_what_is_said(given: dict[str, float | str], text: str) -> None:
    assert said(**{"when": WHOLE_HOUR, **given}) == text  # type: ignore[arg-type]


@pytest.mark.parametrize("lead", [1.0, -1.0, 0.0, NAN])
@pytest.mark.parametrize("when", [SO_FAR, WHOLE_HOUR])
def test_every_positive_statement_says_that_a_shared_cause_looks_the_same(lead: float, when: str) -> None:
    text = said(1.0, p=0.0005, lead=lead, when=when)
    assert text.endswith(SHARED_CAUSE)
    assert when in text


def test_in_short() -> None:
    assert [in_short(lead) for lead in (1.0, -1.0, 0.0, NAN)] == [
        "therapist leads",
        "client leads",
        "moved together",
        "coupled",
    ]
