from __future__ import annotations

import numpy as np
import pytest

from acquisition.errors import UnitError
from acquisition.stream import Modality
from acquisition.units import convert, factor, known


@pytest.mark.parametrize(
    ("unit", "modality", "expected"),
    [
        ("mV", "ecg", 1.0),
        ("V", "ecg", 1e3),
        ("uV", "ecg", 1e-3),
        ("µV", "ecg", 1e-3),
        ("μV", "ecg", 1e-3),
        ("microvolts", "ecg", 1e-3),
        ("Millivolts", "ecg", 1.0),
        ("nV", "ecg", 1e-6),
        ("uS", "eda", 1.0),
        ("µS", "eda", 1.0),
        ("microsiemens", "eda", 1.0),
        ("nS", "eda", 1e-3),
        ("mS", "eda", 1e3),
        ("S", "eda", 1e6),
        ("ms", "rr", 1.0),
        ("s", "rr", 1e3),
        ("1/1024 s", "rr", 1000 / 1024),
        ("seconds", "ppi", 1e3),
        ("g", "acc", 1.0),
        ("mg", "acc", 1e-3),
        ("mG", "acc", 1e-3),
        ("m/s2", "acc", 1 / 9.80665),
        ("anything", "resp", 1.0),
        ("-1..1", "rating", 1.0),
        ("0 to 100", "rating", 0.02),
        ("unbounded", "rating", 1.0),
    ],
)
def test_a_unit_has_its_factor(unit: str, modality: str, expected: float) -> None:
    assert factor(unit, Modality(modality)) == pytest.approx(expected, rel=1e-15)
    assert known(unit, Modality(modality))


@pytest.mark.parametrize(
    ("unit", "ohms"), [("kOhm", 1e3), ("kΩ", 1e3), ("MOhm", 1e6), ("ohm", 1.0), ("Ω", 1.0)]
)
def test_a_resistance_becomes_its_conductance(unit: str, ohms: float) -> None:
    out = convert(np.array([[2.0], [0.0], [-1.0], [np.nan]]), unit, Modality.EDA)
    assert out[0, 0] == pytest.approx(1e6 / (2 * ohms))
    assert np.isnan(out[1:]).all()
    with pytest.raises(UnitError, match="resistance"):
        factor(unit, Modality.EDA)


def test_integers_become_canonical_floats() -> None:
    out = convert(np.array([[-1500]], np.int32), "uV", Modality.ECG)
    assert out.dtype == np.float64
    assert out[0, 0] == -1.5


@pytest.mark.parametrize(
    ("unit", "modality", "message"),
    [
        ("mV", "eda", "eda: 'mV' cannot be converted to µS (known: S, mS, µS, nS, ohm, kOhm, MOhm)"),
        ("parsec", "ecg", "ecg: unit 'parsec' is not known (known: V, mV, µV, nV)"),
        ("", "rr", "rr: no unit said (known: s, ms, µs, 1/1024 s)"),
        ("Mg", "acc", "acc: unit 'Mg' is not known (known: g, mg, m/s2)"),
    ],
)
def test_another_unit_is_refused_in_one_line_with_the_choices(unit: str, modality: str, message: str) -> None:
    for refuse in (factor, lambda u, m: convert(np.ones((1, 1)), u, m)):
        with pytest.raises(UnitError) as caught:
            refuse(unit, Modality(modality))
        assert str(caught.value) == message
    assert not known(unit, Modality(modality))


def test_a_rating_goes_from_minus_1_to_1_whatever_its_scale() -> None:
    ends = np.array([[1.0, 5.0, 3.0]])
    assert convert(ends, "1..5", Modality.RATING).tolist() == [[-1.0, 1.0, 0.0]]
    assert convert(ends, "unbounded", Modality.RATING).tolist() == ends.tolist()


@pytest.mark.parametrize("unit", ["", "points", "5..1", "3..3", "0..", "1..2..3"])
def test_a_rating_without_the_ends_of_its_scale_is_refused(unit: str) -> None:
    assert not known(unit, Modality.RATING)
    with pytest.raises(UnitError, match=r"LOW\.\.HIGH"):
        convert(np.zeros((1, 1)), unit, Modality.RATING)
