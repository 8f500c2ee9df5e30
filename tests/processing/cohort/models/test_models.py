"""Each model: what it says of a cohort whose truth is known, and when it says nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f as f_distribution
from scipy.stats import ttest_1samp

from processing.cohort.models import (
    coupling,
    dose,
    flexibility,
    growth,
    mixed,
    process,
    returning,
    robust,
    series,
    stable,
)
from processing.cohort.models.everything import MODELS, fit_all, old_in
from processing.cohort.models.pairs import pairs
from processing.cohort.models.series import Series, metric
from processing.cohort.simulated.cohort import simulated, typed
from processing.cohort.simulated.pairs import simulated_signals
from processing.cohort.simulated.truth import Truth
from processing.cohort.tables import TABLES

Tables = Mapping[str, pd.DataFrame]
WORD = "old baseline for 40 % of it: taken in another posture"


def one(fitted: pd.DataFrame, model: str, outcome: str, entity: str, term: str) -> pd.Series:
    found = fitted[
        (fitted["model"] == model)
        & (fitted["outcome"] == outcome)
        & (fitted["entity"] == entity)
        & (fitted["term"] == term)
    ]
    assert len(found) == 1
    return found.iloc[0]


def values(dyads: int, sessions: int, rng: np.random.Generator, person: float = 1.0) -> pd.DataFrame:
    """Return one value a session of each dyad."""
    dyad = np.repeat([f"D{k:02d}" for k in range(dyads)], sessions)
    value = person * np.repeat(rng.standard_normal(dyads), sessions) + rng.standard_normal(len(dyad))
    return pd.DataFrame(
        {
            "dyad": dyad, "session": np.tile(np.arange(1.0, sessions + 1), dyads), "person": dyad,
            "client": dyad, "therapist": "T01", "value": value, "se": math.nan,
        }
    )  # fmt: skip


def test_an_empty_store_has_a_row_with_a_reason_for_every_model() -> None:
    found = fit_all({name: typed(name, []) for name in TABLES})
    assert list(dict.fromkeys(found["model"])) == list(MODELS)
    assert (found["reason"] != "").all()
    assert found["estimate"].isna().all()
    assert list(found.columns) == [c.name for c in TABLES["models"].columns]


def test_estimates_that_rest_on_old_baselines_say_in_how_many_sessions(tables: Tables) -> None:
    long = tables["metrics_long"]
    mine = (long["metric"] == "time_in_pct") & (long["entity"] == "client") & long["value"].notna()
    few = long.index[mine][:3]
    given = dict(tables)
    given["metrics_long"] = long.assign(reason=long["reason"].where(~long.index.isin(few), WORD))
    assert old_in(tables) == {}
    said = f"old baseline in 3 of {int(mine.sum())} sessions"
    assert old_in(given) == {("client", "time_in_pct"): said}
    alone = {name: typed(name, []) for name in TABLES} | {"metrics_long": given["metrics_long"][mine]}
    fitted = fit_all(alone)
    there = fitted["estimate"].notna() & (fitted["outcome"] == "time_in_pct")
    assert there.any()
    assert fitted[there]["reason"].str.contains(said, regex=False).all()
    assert not fitted[~there]["reason"].str.contains("old baseline", regex=False).any()


def test_every_row_says_what_it_rests_on(fitted: pd.DataFrame) -> None:
    there = fitted[fitted["estimate"].notna()]
    assert (there[["n_persons", "n_dyads", "n_sessions"]] > 0).all().all()
    assert (there["formula"] != "").all()
    bare = there[there["ci_low"].isna() | there["ci_high"].isna()]
    assert (bare["reason"] != "").all()


def test_every_row_says_whose_values_it_is_of(fitted: pd.DataFrame) -> None:
    there = fitted[fitted["estimate"].notna()]
    assert set(there["role"]) <= {"client", "therapist", "dyad"}
    whole = there[there["entity"].isin(["client", "therapist", "dyad"])]
    assert (whole["role"] == whole["entity"]).all()
    assert not there.duplicated(["model", "outcome", "entity", "role", "term"]).any()


def test_a_single_dyad_has_a_row_of_each_person_that_says_whose_it_is(tables: Tables) -> None:
    long = tables["metrics_long"]
    mine = long[(long["metric"] == "time_in_pct") & (long["entity"] == "client")]
    theirs = mine.assign(entity="therapist", person=mine["therapist"], value=-mine["value"])
    alone = {name: tables[name].iloc[:0] for name in ("labels", "outcomes", "instruments")}
    given = {**tables, **alone, "metrics_long": pd.concat([mine, theirs])}
    own = [r for r in growth.growth(given) if (r.outcome, r.entity) == ("time_in_pct", "D01")]
    slope = {r.role: r.estimate for r in own}
    assert len(own) == len(slope) == 2
    assert slope["therapist"] == pytest.approx(-slope["client"])
    assert {r.n_persons for r in own} == {1}


def test_what_is_of_a_dyad_rests_on_both_people(fitted: pd.DataFrame) -> None:
    there = fitted[fitted["estimate"].notna()]
    single = there[there["entity"].str.match(r"D\d+$")]
    assert {"M3", "M4"} <= set(single["model"])
    assert (single["n_persons"] == np.where(single["role"] == "dyad", 2, 1)).all()
    over = there[(there["model"] == "M4") & (there["entity"] == "dyad")]
    assert set(over["n_persons"]) == {12 + 4}


def test_nothing_states_a_p_without_an_adjusted_one(fitted: pd.DataFrame) -> None:
    assert (fitted["p"].notna() == fitted["p_fdr"].notna()).all()
    assert (fitted["p_fdr"].dropna() >= fitted["p"].dropna() - 1e-12).all()


def test_icc_has_the_exact_interval_where_everybody_has_as_many_sessions() -> None:
    rows = values(10, 6, np.random.default_rng(2))
    icc = next(r for r in stable.partition(rows, "x", "client") if r.term == "icc_1")
    mean = rows.groupby("person")["value"].mean()
    between = 6 * mean.var(ddof=1)
    within = float(((rows["value"] - rows.groupby("person")["value"].transform("mean")) ** 2).sum()) / 50
    ends = [between / within / f_distribution.ppf(q, 9, 50) for q in (0.975, 0.025)]
    assert (icc.ci_low, icc.ci_high) == pytest.approx([(f - 1) / (f + 5) for f in ends], abs=0.02)


def test_shares_of_variance_sum_to_all(fitted: pd.DataFrame) -> None:
    mine = fitted[(fitted["model"] == "M1") & (fitted["outcome"] == "safety_now")]
    assert mine[mine["term"].str.startswith("share_")]["estimate"].sum() == pytest.approx(100.0)


def test_four_persons_are_too_few_to_part() -> None:
    (row,) = stable.partition(values(4, 6, np.random.default_rng(2)), "x", "client")
    assert "5 persons" in row.reason


def test_few_dyads_are_pooled_in_two_stages_and_eight_in_one_model() -> None:
    drawn = [values(k, 6, np.random.default_rng(3)) for k in (7, 8)]
    few, many = ([r for r in growth.growth_of(v, "x", "client") if r.entity == "client"] for v in drawn)
    assert [r.formula.endswith("HKSJ") for r in few] == [True]
    assert [r.term for r in many] == ["session", "session²"]
    assert all("(session || dyad)" in r.formula for r in many)


def test_a_dyad_of_two_sessions_has_no_slope() -> None:
    (row,) = growth.growth_of(values(9, 2, np.random.default_rng(3)), "x", "client")
    assert row.reason == "no dyad with 3 sessions"


def test_coupled_dyads_are_told_from_pseudo_dyads() -> None:
    truth = Truth(dyads=4, sessions=2)
    for weight, seen in ((0.0, False), (0.3, True)):
        tables = {"signals": simulated_signals(truth, np.random.default_rng(4), weight=weight, minutes=12.0)}
        test, own = coupling.against_pseudo(pairs(tables, ("hr",)), "hr")
        assert (test.ci_low > 0.0) == seen
        assert len(own) == 4


def test_hours_are_laid_beside_each_other_from_the_same_minute_on() -> None:
    tables = simulated_signals(Truth(dyads=3, sessions=1), np.random.default_rng(4), weight=0.0, minutes=12.0)
    later = tables.copy()
    later.loc[1, "begin"] += 60.0
    for side in ("client_values", "therapist_values"):
        later.at[1, side] = later.at[1, side][120:]
    found = [pairs({"signals": t}, ("hr",)) for t in (tables, later)]
    mine = [f[(f["dyad"] == "D01") & (f["partner_dyad"] == "D02")]["value"].item() for f in found]
    assert mine[0] == pytest.approx(mine[1], abs=0.02)


def test_a_client_is_no_pseudo_partner_of_a_dyad_it_is_in() -> None:
    tables = simulated_signals(Truth(dyads=3, sessions=1), np.random.default_rng(4), weight=0.0, minutes=5.0)
    tables.loc[1, "client"] = "C01"
    found = pairs({"signals": tables}, ("hr",))
    assert set(found[found["dyad"] == "D01"]["partner_dyad"]) == {"D01", "D03"}


def test_no_therapist_has_a_row_of_their_own(fitted: pd.DataFrame, tables: Tables) -> None:
    assert not set(fitted["entity"]) & set(tables["sessions"]["therapist"])


def test_an_own_page_holds_the_median_of_one_therapist(tables: Tables) -> None:
    shares, each, whole = returning.own_page(tables, "T02")
    assert whole.low < whole.median < whole.high
    assert [e.therapist for e in each] == ["D04", "D05", "D06"]
    assert shares[-1].metric == "answer_latency_median"


def test_sessions_without_any_mark_say_nothing_of_answers() -> None:
    tables = dict(simulated(Truth(dyads=3, sessions=2), np.random.default_rng(1), ["excursions"]))
    tables["interventions"] = tables["interventions"][:0]
    (row,) = [r for r in returning.responsiveness(tables) if r.outcome == "answer_latency"]
    assert "marked interventions" in row.reason


def test_whoever_answers_before_the_index_shows_it_has_a_time_below_zero() -> None:
    """Twelve excursions known 10 s after they began, of which nine were answered 4 s after they began."""
    keys = {"dyad": "D01", "session": 1, "client": "C01", "therapist": "T01", "person": "C01"}
    keys |= {"entity": "client", "scaling": "anchored"}
    begun = [500.0 * k for k in range(1, 13)]
    rows = [keys | {"crossed": True, "side": "above", "on": on, "off": on + 90.0} for on in begun]
    given = [keys | {"code": "int_support", "on": on + 4.0, "off": on + 9.0} for on in begun[:9]]
    made = {"excursions": typed("excursions", rows), "interventions": typed("interventions", given)}
    found = returning.answered(made)
    assert found["seconds"].tolist() == [-6.0] * 9 + [80.0] * 3
    assert found["status"].tolist() == [1] * 9 + [0] * 3
    _, _, whole = returning.own_page(made, "T01")
    assert (whole.median, whole.answered, whole.n) == (-6.0, 9, 12)
    assert whole.logarithm == 0.0


def test_an_index_that_shows_excursions_late_makes_no_answer_an_unanswered_excursion() -> None:
    """Therapists answer half of the excursions within 15 s of being known; the index is 0 to 16 s late."""
    truth = Truth(dyads=12, latency=15.0, latency_sd=0.0, shown_late=8.0, shown_late_sd=4.0, excursions=12)
    (median, _) = returning._answers(simulated(truth, np.random.default_rng(2), ["excursions"]))
    assert median.estimate == pytest.approx(15.0 - 8.0, abs=2.5)


def test_how_much_therapists_differ_has_no_interval_from_few_answers() -> None:
    for sessions, stated in ((3, False), (8, True)):
        drawn = simulated(Truth(dyads=5, sessions=sessions), np.random.default_rng(4), ["excursions"])
        median, spread = returning._answers(drawn)
        assert math.isfinite(median.ci_high) and math.isfinite(spread.estimate)
        assert math.isfinite(spread.ci_high) == stated == ("no interval" not in spread.reason)


def test_outcomes_of_few_clients_are_not_modelled(tables: Tables) -> None:
    few = {name: t[t["dyad"].isin(["D01", "D02"])] if "dyad" in t else t for name, t in tables.items()}
    found = process.process_and_outcome(few)
    assert {r.reason.partition(",")[0] for r in found} == {"2 clients with 3 steps to a next session"}


def test_a_gap_between_sessions_is_no_step() -> None:
    rows = values(8, 6, np.random.default_rng(1))
    rows = rows[rows["session"] != 3.0]
    steps = process._steps(Series("client", "x", rows), Series("client", "y", rows), None)
    assert sorted(steps.rows["session"].unique()) == [1.0, 4.0, 5.0]


def test_what_comes_later_changes_nothing_of_a_step() -> None:
    rng = np.random.default_rng(1)
    before, after = values(8, 6, rng), values(8, 6, rng)
    later = [t.assign(value=t["value"] + 5.0 * (t["session"] > 4.0)) for t in (before, after)]
    drawn = [
        process._steps(Series("client", "x", x), Series("client", "y", y), None)
        for x, y in ((before, after), later)
    ]
    known = [s.rows["session"] <= 3.0 for s in drawn]
    for name in ("value", "so_far", "start", "now", "first", "next"):
        mine, theirs = (s.rows[k][name].tolist() for s, k in zip(drawn, known, strict=True))
        assert mine == theirs
    assert drawn[0].rows["so_far"].tolist()[:3] == pytest.approx(
        [before["value"][:n].mean() for n in (1, 2, 3)]
    )


def test_a_process_that_goes_with_the_next_outcome_has_an_interval_and_its_level_none() -> None:
    tables = simulated(Truth(dyads=20, within=0.1), np.random.default_rng(3), ["course"])
    x = Series("dyad", "x", metric(tables, "dyad", "joint_time_in_pct"))
    outcome = next(series.reported(tables))
    within, level = process.step_model(x, outcome)
    assert within.ci_low > 0.0 and within.ci_low < 0.1 < within.ci_high
    assert math.isnan(level.ci_low) and math.isnan(level.p)
    assert "no effect between clients" in level.reason
    back, _ = process.step_model(outcome, x)
    assert back.ci_low < 0.0 < back.ci_high


def test_an_offset_of_the_day_has_shares_and_no_interval(fitted: pd.DataFrame) -> None:
    mine = fitted[(fitted["model"] == "M1") & (fitted["outcome"] == "day_offset_hr")]
    assert len(mine) and mine["ci_low"].isna().all()
    assert set(mine["reason"]) == {stable.OWN_CENTRE}


@pytest.mark.parametrize("out", [0.0, 0.01, 0.05, 0.95, 1.0])
def test_shares_have_ends_between_nothing_and_all_or_say_that_nothing_differs(out: float) -> None:
    for seed in range(4):
        truth = Truth(dyads=4, sessions=3, begun_out=out)
        found = dose._doses(simulated(truth, np.random.default_rng(seed), ["interventions"]))
        for row in (r for r in found if r.outcome.endswith("_timing")):
            if row.reason:
                assert "do not differ at all" in row.reason and math.isnan(row.ci_low)
            else:
                assert 0.0 < row.ci_low < row.estimate < row.ci_high < 100.0


def test_a_moderator_that_one_client_alone_has_gets_no_interval() -> None:
    rng = np.random.default_rng(4)
    x, y = (Series("client", n, values(9, 6, rng)) for n in "xy")
    alone = {f"D{k:02d}": float(k == 0) for k in range(9)}
    (row,) = process.step_model(x, y, moderator=("kind", alone))
    assert math.isfinite(row.estimate) and math.isnan(row.p)
    assert "too few clients" in row.reason


def _told(rows: pd.DataFrame) -> robust.Told:
    """Return what clusters tell of the slope of `values`, whose dyads have no therapist in common."""
    session = rows["session"].to_numpy(float)
    session = session - np.unique(session).mean()
    x, dyad = np.column_stack([np.ones(len(rows)), session]), rows["dyad"].to_numpy(str)
    effects = [mixed.Effect("dyad", dyad, x[:, 0]), mixed.Effect("slope", dyad, session)]
    y = rows["value"].to_numpy(float)
    found = mixed.fit(y, x, effects)
    assert found is not None
    told = robust.over_clusters(y, x, effects, found, -1)
    assert told is not None
    return told


def test_few_dyads_with_unequal_numbers_of_sessions_have_a_wider_interval_and_no_p() -> None:
    rows = values(9, 6, np.random.default_rng(3))
    short = rows[(rows["session"] <= 3.0) | (rows["dyad"] > "D02")]
    many = values(12, 6, np.random.default_rng(3))
    for drawn, told in (
        (rows, True),
        (short, False),
        (many[many["session"] <= 3.0 + 3.0 * (many["dyad"] > "D02")], True),
    ):
        row = next(r for r in growth.growth_of(drawn, "x", "client") if r.entity == "client")
        assert math.isfinite(row.p) == told and math.isfinite(row.ci_low)
        assert (growth.FEW_UNEQUAL in row.reason) != told
        width, usual = (row.ci_high - row.ci_low) / 2.0, _told(drawn).reach
        assert width == pytest.approx(usual) if told else 1.1 * usual < width < 2.0 * usual


def test_therapists_who_differ_in_slopes_widen_the_interval_of_growth() -> None:
    """Clusters are therapists where they stand in the model: the slopes of their dyads may go together."""
    rows = values(12, 6, np.random.default_rng(6))
    rows["therapist"] = [f"T{int(d[1:]) // 3}" for d in rows["dyad"]]
    shift = rows["therapist"].map({"T0": -2.0, "T1": -1.0, "T2": 1.0, "T3": 2.0})
    (row,) = [
        r for r in growth.growth_of(rows.assign(value=rows["value"] + shift * rows["session"]), "x", "client")
        if r.entity == "client" and r.term == "session"
    ]  # fmt: skip
    slopes = [
        np.polyfit(m["session"], m["value"], 1)[0]
        for _, m in rows.assign(value=rows["value"] + shift * rows["session"]).groupby("therapist")
    ]
    ends = ttest_1samp(slopes, 0.0).confidence_interval(0.95)
    assert (row.ci_low, row.ci_high) == pytest.approx((ends.low, ends.high), rel=1e-5)


def test_complexity_is_highest_where_values_jump_over_the_whole_scale() -> None:
    still = flexibility.dynamic_complexity(np.full(7, 5.0), 0.0, 10.0)
    wild = flexibility.dynamic_complexity(np.array([0.0, 10.0, 2.0, 8.0, 3.0, 7.0, 5.0]), 0.0, 10.0)
    assert still.tolist() == [0.0]
    assert 0.2 < wild.item() < 1.0
    assert flexibility.fluctuation(np.tile([0.0, 10.0], 4)[:7], 10.0) == pytest.approx(1.0)
    assert flexibility.distribution(np.linspace(0.0, 10.0, 7), 0.0, 10.0) == pytest.approx(1.0)


def test_estimates_lie_at_the_truth(fitted: pd.DataFrame) -> None:
    """Within four standard errors: how often intervals hold is for benchmarks.cohort_truth to say."""
    for key, truth in {
        ("M4", "sync_hr", "dyad", "real"): 0.01,
        ("M2", "tolerated_upper", "client", "movement"): 0.0,
        ("M3", "time_in_pct", "client", "session"): 0.0,
        ("M5", "answer_latency", "client", "median"): 30.0,
        ("M5", "return", "client", "steadiness"): 0.2,
        ("M6", "response_arousal_int_support", "client", "matched"): 0.0,
        ("M7", "wellbeing", "client", "joint_time_in_pct_within"): 0.05,
    }.items():
        row = one(fitted, *key)
        assert abs(row["estimate"] - truth) <= 4.0 * row["se"], key
        assert row["ci_low"] < row["estimate"] < row["ci_high"]


def test_labels_that_cannot_be_compared_are_said_to_be(tables: Tables) -> None:
    labels = tables["labels"].assign(scaling="person")
    (row,) = MODELS["M2"]({**tables, "labels": labels})
    assert "scaling person" in row.reason
    assert metric(tables, "client", "no_such").empty


def test_moderators_are_numbers_or_two_kinds_and_nothing_said_is_no_kind() -> None:
    clients = [f"C{k:02d}" for k in range(12)]
    people = pd.DataFrame({"person": clients, "role": "client", "dyads": "", "sessions": 8})
    people["level"] = ["1", "2", "3", "2"] * 3
    people["treated"] = ["yes", "no", "yes", ""] * 3
    people["known"] = ["yes", ""] * 6
    people["age"] = [*range(20, 30), math.nan, math.nan]
    found = process.moderators({"participants": people})
    assert set(found) == {"treated", "age"}
    assert list(found["treated"].values()) == [1.0, 0.0, 1.0] * 3 and "C03" not in found["treated"]
    assert len(found["age"]) == 10


def test_people_without_codes_are_those_of_their_dyads(tables: Tables) -> None:
    nameless = {name: table.copy() for name, table in tables.items()}
    for table in nameless.values():
        for column in {"client", "person"} & set(table.columns):
            table[column] = table[column].where(~table[column].astype(str).str.startswith("C"), "")
    for name in ("safety_now", "safety_body"):
        rows, bare = (series.ratings(t, "client", name) for t in (tables, nameless))
        if len(rows):
            found, blind = (stable.partition(r, name, "client") for r in (rows, bare))
            assert [r.estimate for r in blind] == pytest.approx([r.estimate for r in found])
            assert [r.n_persons for r in blind] == [r.n_persons for r in found]


def test_a_form_that_was_filled_in_twice_is_one_value(tables: Tables) -> None:
    keys = tables["sessions"].iloc[0][["dyad", "session", "recording", "client", "therapist"]].to_dict()
    form = {
        "entity": "client",
        "person": keys["client"],
        "instrument": "ors",
        "scale": "total",
        "when": "before",
    }
    rows = [keys | form | {"value": value} for value in (20.0, 24.0)]
    (one,) = series.reported({"outcomes": typed("outcomes", []), "instruments": typed("instruments", rows)})
    assert list(one.rows["value"]) == [22.0]
