"""RR series and spectrum: power as the test pattern has it, and nothing across a gap."""

from __future__ import annotations

import math

import numpy as np

from processing.index import IndexSample
from processing.report.phases import Phase
from processing.report.rr_series import pieces, spectrum
from tests.recordings import ec57_tp2


def test_the_spectrum_holds_the_power_of_the_test_pattern() -> None:
    times, seconds = ec57_tp2(10.0)
    found = spectrum([(times, 1e3 * seconds)])
    band = (found.frequencies >= 0.15) & (found.frequencies <= 0.40)
    power = float(np.trapezoid(found.density[band], found.frequencies[band]))
    assert abs(power - 612.5) < 12.0
    assert found.n > 10


def test_pieces_under_a_segment_give_no_spectrum() -> None:
    times, seconds = ec57_tp2(1.0)
    found = spectrum([(times, 1e3 * seconds), (times[:2], seconds[:2])])
    assert found.n == 0 and np.isnan(found.density).all()


def test_a_gap_parts_the_series_and_a_phase_bounds_it() -> None:
    times = np.concatenate([np.arange(10.0, 40.0, 0.8), np.arange(50.0, 80.0, 0.8)])
    rows = [IndexSample(t, t, "client", "ibi", 800.0, "ms", 1.0, "") for t in times.tolist()]
    kinds = [row._replace(index="ibi_class", value=0.0) for row in rows]
    table = {("client", "ibi"): rows, ("client", "ibi_class"): kinds}
    found = pieces(table, "client", Phase("hour", ((20.0, 70.0),)))
    assert len(found) == 2
    assert all(t[0] >= 20.0 and t[-1] < 70.0 for t, _ in found)
    assert all(math.isclose(v, 800.0) for _, nn in found for v in nn.tolist())
    assert pieces(table, "therapist", Phase("hour", ((20.0, 70.0),))) == []
