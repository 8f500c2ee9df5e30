"""The table of segments, whole and in blocks."""

from __future__ import annotations

import numpy as np
import pytest

from processing.surrogates import segments
from processing.surrogates import susy as susy_module


@pytest.mark.parametrize("signed", [False, True])
def test_a_long_session_in_blocks_gives_what_the_whole_table_gives(
    monkeypatch: pytest.MonkeyPatch, signed: bool
) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((2, 4 * 30 * 90))
    x[1000:1400] = np.nan
    whole = segments.pair_means(x, y, 120, 20, signed=signed)
    found = susy_module.susy(x, y, sfreq=4.0)
    monkeypatch.setattr(segments, "WHOLE", 10)
    monkeypatch.setattr(susy_module, "WHOLE", 10)
    monkeypatch.setattr(segments, "BLOCK", 7)
    assert np.allclose(segments.pair_means(x, y, 120, 20, signed=signed), whole, rtol=0, atol=1e-12)
    again = susy_module.susy(x, y, sfreq=4.0)
    assert again.n_segments == found.n_segments == 86
    for name in (
        "z",
        "z_pseudo",
        "es_susy",
        "z_signed",
        "z_pseudo_signed",
        "z_therapist_leads",
        "z_client_leads",
    ):
        assert getattr(again, name) == pytest.approx(getattr(found, name), abs=1e-12)
