"""Twelve sessions of three dyads whose truth is known: the models find it, with intervals that hold it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from processing.cohort.models import coupling, edges, returning
from processing.cohort.models.row import ModelRow
from processing.cohort.simulated.cohort import simulated
from processing.cohort.simulated.truth import KNOWN, Truth
from processing.cohort.tables import TABLES


@pytest.fixture(scope="module")
def tables() -> Mapping[str, pd.DataFrame]:
    return simulated(KNOWN, np.random.default_rng(3))


def found(rows: list[ModelRow], entity: str, term: str) -> ModelRow:
    return next(r for r in rows if (r.entity, r.term) == (entity, term))


def test_edges_move_up_and_down_as_they_do(tables: Mapping[str, pd.DataFrame]) -> None:
    rows = [r for r in edges.edges(tables) if r.outcome == "tolerated_upper"]
    for who, true in zip(("C01", "C02", "C03"), KNOWN.edge_slopes, strict=True):
        row = found(rows, who, "movement")
        assert row.ci_low <= true <= row.ci_high
        assert row.reason == "described: 8 sessions state a movement"
        assert abs(row.estimate - true) < 0.35


def test_therapist_nobody_and_client_lead(tables: Mapping[str, pd.DataFrame]) -> None:
    lags, tallies = coupling._lags(tables, "hr"), coupling._tally(tables, "hr")
    for dyad, term, true in zip(
        ("D01", "D02", "D03"), ("therapist_first", "together", "client_first"), KNOWN.lags, strict=True
    ):
        assert found(tallies, dyad, term).estimate == 4.0
        lag = found(lags, dyad, "lag")
        assert lag.ci_low <= true <= lag.ci_high


def test_each_therapist_finds_their_own_latency(tables: Mapping[str, pd.DataFrame]) -> None:
    for therapist, true in zip(("T01", "T02", "T03"), KNOWN.latencies, strict=True):
        _, _, whole = returning.own_page(tables, therapist)
        assert whole.low <= true <= whole.high


def test_tables_have_the_columns_of_the_store_and_the_same_seed_draws_the_same(
    tables: Mapping[str, pd.DataFrame],
) -> None:
    again = simulated(KNOWN, np.random.default_rng(3))
    for name, table in tables.items():
        assert list(table.columns)[: len(TABLES[name].columns)] == [c.name for c in TABLES[name].columns]
        pd.testing.assert_frame_equal(table, again[name])


def test_dyads_leave_after_the_third_session_or_later() -> None:
    rows = simulated(Truth(dyads=20, sessions=10, dropped=0.3), np.random.default_rng(1), ["band"])[
        "sessions"
    ]
    last = rows.groupby("dyad")["session"].max()
    assert last.min() >= 3
    assert last.nunique() > 3
