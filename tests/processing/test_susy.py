"""SUSY: equal to the R package where nothing is missing; masked where something is."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from processing.offline.segments import segment_table
from processing.offline.synchrony import lagged_correlation, susy
from tests.processing.dyads import coupled

COLUMNS = {
    "z": "Z",
    "z_pseudo": "Z-Pseudo",
    "es_susy": "ES",
    "z_signed": "Z(noAbs)",
    "z_pseudo_signed": "Z(Pseudo-noAbs)",
    "es_susy_signed": "ES(noAbs)",
    "z_therapist_leads": "Z(lead1)",
    "z_client_leads": "Z(lead2)",
    "n_segments": "n(Segmente)",
}


def dyad(folder: Path, case: str) -> tuple[np.ndarray, np.ndarray]:
    table = np.genfromtxt(folder / f"{case}.csv", delimiter=",", skip_header=1)
    return table[:, 0], table[:, 1]


def test_every_figure_of_the_r_package_is_reproduced(data_dir: Path) -> None:
    folder = data_dir / "sync"
    with (folder / "susy_summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5
    for row in rows:
        x, y = dyad(folder, row["case"])
        ours = susy(x, y, sfreq=float(row["Hz"]), segment=float(row["segment"]), max_lag=float(row["maxlag"]))
        for name, column in COLUMNS.items():
            assert getattr(ours, name) == pytest.approx(float(row[column]), abs=1e-10), (row["case"], name)


@pytest.mark.parametrize(("case", "sfreq"), [("syn_hr4_lead2s", 4.0), ("syn_eda1_clientlead3s", 1.0)])
def test_the_forward_lag_table_is_that_of_rmea(data_dir: Path, case: str, sfreq: float) -> None:
    folder = data_dir / "sync"
    expected = np.genfromtxt(
        folder / f"rmea_ccf_{case}_win30_inc10_lag5_signed.csv", delimiter=",", skip_header=1
    )
    ours = lagged_correlation(*dyad(folder, case), sfreq=sfreq, step=10.0, geometry="forward")
    assert ours.z.shape == expected.shape
    np.testing.assert_allclose(ours.z, expected, atol=1e-9)


def test_exchanging_the_people_exchanges_the_leads() -> None:
    x, y = coupled(np.random.default_rng(1), 4800, sfreq=4.0, lead=2.0, mix=0.6)
    there, back = susy(x, y, sfreq=4.0), susy(y, x, sfreq=4.0)
    assert there.z_therapist_leads == pytest.approx(back.z_client_leads, abs=1e-15)
    assert there.z_client_leads == pytest.approx(back.z_therapist_leads, abs=1e-15)
    assert there.z == pytest.approx(back.z, abs=1e-15)
    assert there.z_therapist_leads > there.z_client_leads


def test_the_tail_is_dropped() -> None:
    x, y = coupled(np.random.default_rng(2), 4900, sfreq=4.0, lead=0.0, mix=0.5)
    assert susy(x, y, sfreq=4.0) == susy(x[:4800], y[:4800], sfreq=4.0)


def test_a_hole_is_masked_and_what_lies_around_it_stays_where_it_is() -> None:
    x, y = coupled(np.random.default_rng(3), 4800, sfreq=4.0, lead=2.0, mix=0.6)
    holed = x.copy()
    holed[1201:1231] = np.nan
    whole, masked = susy(x, y, sfreq=4.0), susy(holed, y, sfreq=4.0)
    assert masked.n_segments == whole.n_segments - 1
    assert masked.z == pytest.approx(whole.z, abs=0.02)
    holed[:] = x
    holed[1201:1205] = np.nan
    assert susy(holed, y, sfreq=4.0).n_segments == whole.n_segments


def test_r_of_masked_segments_stays_within_1() -> None:
    x, y = coupled(np.random.default_rng(4), 480, sfreq=4.0, lead=0.0, mix=0.99)
    x[5:25] = np.nan
    table = segment_table(x, y, 120, 20)
    assert np.isfinite(table.z).all()
    assert np.abs(np.tanh(table.z)).max() < 1.0


def test_constant_missing_and_short_signals_say_why_they_have_no_value() -> None:
    noise = np.random.default_rng(5).standard_normal(4800)
    for x in (np.full(4800, 70.0), np.full(4800, np.nan), np.full(4800, np.inf)):
        result = susy(x, noise, sfreq=4.0)
        assert np.isnan(result.z)
        assert result.n_segments == 0
        assert result.reason
    assert susy(noise[:200], noise[:200], sfreq=4.0).reason.startswith("1 usable segments")
    assert np.isnan(susy(noise[:0], noise[:0], sfreq=4.0).es_susy)


def test_misuse_is_refused() -> None:
    noise = np.zeros(4800)
    with pytest.raises(ValueError, match="differ in length: therapist 4800, client 4799"):
        susy(noise, noise[:-1], sfreq=4.0)
    with pytest.raises(ValueError, match="sfreq"):
        susy(noise, noise, sfreq=0.0)
    with pytest.raises(ValueError, match="one dimension"):
        susy(noise.reshape(2, -1), noise, sfreq=4.0)
    with pytest.raises(ValueError, match="reach past"):
        susy(noise, noise, sfreq=4.0, segment=5.0, max_lag=5.0)
    with pytest.raises(ValueError, match="segment of"):
        susy(noise, noise, sfreq=4.0, segment=0.1)
