"""SUSY: equal to the R package where nothing is missing; masked where something is."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from processing.surrogates.segments import segment_table
from processing.surrogates.synchrony import lagged_correlation, susy
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


def ccf_of_r(a: np.ndarray, b: np.ndarray, lag: int) -> np.ndarray:
    """Return R's ccf at its lags −lag … lag: one mean, SD and divisor n for all."""
    a, b = a - a.mean(), b - b.mean()
    size, n = np.sqrt((a * a).sum() * (b * b).sum()), len(a)
    sums = [a[max(k, 0) : n + min(k, 0)] @ b[max(-k, 0) : n - max(k, 0)] for k in range(-lag, lag + 1)]
    r: np.ndarray = np.array(sums) / size
    return r


@pytest.mark.parametrize(
    ("n", "sfreq", "segment", "max_lag"),
    [(1333, 4.0, 30.0, 5.0), (1001, 3.0, 17.0, 8.0), (601, 1.0, 60.0, 2.0)],
)
def test_other_lengths_and_lags_follow_the_published_definition(
    n: int, sfreq: float, segment: float, max_lag: float
) -> None:
    x, y = coupled(np.random.default_rng(n), n, sfreq=sfreq, lead=2.0, mix=0.6)
    size, lag = round(segment * sfreq), round(max_lag * sfreq)
    segments = range(n // size)
    z = np.array(
        [
            [np.arctanh(ccf_of_r(x[i * size :][:size], y[j * size :][:size], lag)) for j in segments]
            for i in segments
        ]
    )
    own = np.eye(len(z), dtype=bool)
    matched, pseudo = np.abs(z[own]).mean(axis=0), np.abs(z[~own]).mean(axis=0)
    ours = susy(x, y, sfreq=sfreq, segment=segment, max_lag=max_lag)
    assert ours.n_segments == len(z)
    assert ours.z == pytest.approx(matched.mean(), abs=1e-12)
    assert ours.z_pseudo == pytest.approx(pseudo.mean(), abs=1e-12)
    assert ours.es_susy == pytest.approx((matched.mean() - pseudo.mean()) / pseudo.std(ddof=1), abs=1e-9)
    # The lags at which R's ccf has the second signal later come first.
    assert ours.z_therapist_leads == pytest.approx(matched[:lag].mean(), abs=1e-12)
    assert ours.z_client_leads == pytest.approx(matched[lag + 1 :].mean(), abs=1e-12)


def test_a_segment_without_variation_takes_no_part() -> None:
    x, y = coupled(np.random.default_rng(6), 4800, sfreq=4.0, lead=2.0, mix=0.6)
    flat = x.copy()
    flat[1200:1320] = flat[1200]
    others = np.r_[0:1200, 1320:4800]
    assert susy(flat, y, sfreq=4.0).z == pytest.approx(susy(x[others], y[others], sfreq=4.0).z, abs=1e-12)


@pytest.mark.parametrize(
    ("window", "step", "max_lag", "sfreq"), [(17.0, 3.0, 2.0, 4.0), (11.0, 7.0, 10.0, 3.0)]
)
def test_the_forward_table_holds_where_r_is_next_to_1(
    window: float, step: float, max_lag: float, sfreq: float
) -> None:
    rng, n = np.random.default_rng(7), 433
    x = 70.0 + 0.3 * np.cumsum(rng.standard_normal(n))
    y = 40.0 + 1.7 * np.roll(x, 3) + 1e-4 * rng.standard_normal(n)
    ours = lagged_correlation(
        x, y, sfreq=sfreq, window=window, step=step, max_lag=max_lag, geometry="forward"
    )
    size, lag, increment = (round(s * sfreq) for s in (window, max_lag, step))
    assert ours.z.shape == (-(-(n - size - lag + 1) // increment), 2 * lag + 1)
    assert ours.z.max() > 6.0
    for i, k in np.ndindex(*ours.z.shape):
        first, behind = i * increment, k - lag
        a = x[first + max(-behind, 0) :][:size].astype(np.longdouble)
        b = y[first + max(behind, 0) :][:size].astype(np.longdouble)
        a, b = a - a.mean(), b - b.mean()
        r = float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))
        assert ours.z[i, k] == pytest.approx(min(np.arctanh(r), 10.0), abs=1e-9)


def test_detrending_takes_a_line_out_of_each_segment() -> None:
    x, y = coupled(np.random.default_rng(8), 2400, sfreq=4.0, lead=0.0, mix=0.5)
    rising = np.tile(np.arange(120.0), 20)
    plain = segment_table(x, y, 120, 8, detrend=True).z
    np.testing.assert_allclose(
        segment_table(x + 3.0 * rising, y - rising, 120, 8, detrend=True).z, plain, atol=1e-9
    )
    assert not segment_table(rising, y, 120, 8, detrend=True).both.any()
