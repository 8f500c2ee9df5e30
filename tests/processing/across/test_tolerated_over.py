"""The tolerated window over sessions: known edges, known movement, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from scipy.optimize import minimize
from scipy.stats import f as f_distribution

from acquisition.errors import ResultsError
from processing.across.everything import definitions, found_in
from processing.across.finding import Finding
from processing.across.joint_logit import firth_logit, joint_logit
from processing.across.reading import read_sittings
from processing.commands.across import across_command
from processing.metrics.dictionary import updated


def write_results(
    folder: Path,
    number: int | None,
    labels: list[tuple[str, float]],
    *,
    scaling: str = "anchored",
    started: str = "",
    codes: tuple[str, str, str] = ("D07", "C07", "T02"),
    corrected: str = "",
) -> Path:
    """Write what of a session's results is read here."""
    folder.mkdir()
    said: dict[str, object] = dict(zip(("dyad", "client", "therapist"), codes, strict=True))
    said |= {"number": number, "started": started}
    said |= {"corrections": {"by": corrected}} if corrected else {}
    (folder / "session.json").write_text(json.dumps(said), "utf-8")
    rows = [
        {"person": "client", "time": 60.0, "code": code, "source": "review", "arousal": a,
         "confidence": math.nan, "scaling": scaling}
        for code, a in labels
    ]  # fmt: skip
    kinds = {"time": pa.float64(), "arousal": pa.float64(), "confidence": pa.float64()}
    names = ("person", "time", "code", "source", "arousal", "confidence", "scaling")
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "labels.parquet")
    columns = ("person", "excursion", "since", "steadiness", "depth", "speaking", "returned")
    none = pa.table({c: pa.array([], pa.string()) for c in columns})
    pq.write_table(none, folder / "ways_back.parquet")
    return folder


def drawn(edge: float, rng: np.random.Generator, n: int = 24) -> list[tuple[str, float]]:
    """Draw labels of a person whose edge is steep and lies there."""
    a = rng.normal(1.0, 1.5, n)
    over = rng.random(n) < 1.0 / (1.0 + np.exp(-3.0 * (a - edge)))
    return [("felt_over" if o else "felt_ok", float(x)) for o, x in zip(over, a, strict=True)]


def by_name(found: list[Finding]) -> dict[str, Finding]:
    return {x.metric: x for x in found}


def test_an_edge_that_moves_by_a_third_of_an_sd_a_session_is_found_and_stated(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    paths = [write_results(tmp_path / f"s{k}", k, drawn(1.5 + 0.3 * (k - 5.5), rng)) for k in range(1, 11)]
    found = by_name(found_in(read_sittings(paths[::-1])))
    edge, trend = found["tolerated_upper_joint"], found["tolerated_upper_trend"]
    assert edge.who == "C07" and (edge.sessions, edge.scaling, edge.stated) == (10, "anchored", True)
    assert edge.ci_low < 1.5 < edge.ci_high and edge.value == pytest.approx(1.5, abs=0.3)
    assert trend.ci_low < 0.3 < trend.ci_high and trend.ci_low > 0.0
    assert trend.unit == "SD per session" and trend.se > 0.0
    assert "0 of them felt_under" in found["tolerated_lower_joint"].reason


def test_fewer_than_eight_sessions_describe(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    paths = [write_results(tmp_path / f"s{k}", k, drawn(1.5, rng)) for k in range(1, 6)]
    trend = by_name(found_in(read_sittings(paths)))["tolerated_upper_trend"]
    assert not trend.stated and "8 sessions" in trend.reason and math.isfinite(trend.value)
    two = by_name(found_in(read_sittings(paths[:2])))["tolerated_upper_trend"]
    assert math.isnan(two.value) and "48 labels of 2 sessions" in two.reason


def test_labels_that_part_without_overlap_have_a_finite_edge() -> None:
    a = np.tile([-1.0, 0.0, 0.5, 2.5, 3.0, 4.0], 6)
    far = (a > 1.0).astype(float)
    found = joint_logit(a, far, np.repeat(np.arange(1.0, 7.0), 6), 1.0)
    assert found.agrees and 0.5 < found.edge < 2.5
    assert found.edge_ends[0] < found.edge < found.edge_ends[1]
    assert found.trend == pytest.approx(0.0, abs=1e-6) and found.dispersion == 1.0


@pytest.mark.parametrize("seed", range(6))
def test_at_an_end_of_an_interval_the_profile_has_lost_the_cut(seed: int) -> None:
    """Written out and found by another optimiser, with steep and shallow curves, few labels and many."""
    rng = np.random.default_rng(seed)
    session = np.repeat(np.arange(1.0, 3.0 + seed), 8 + 2 * seed)
    a, at = rng.normal(1.0, 1.5, len(session)), session - np.unique(session).mean()
    far = (rng.random(len(a)) < 1.0 / (1.0 + np.exp(-(0.7 + seed) * (a - 1.2 - 0.1 * at)))).astype(float)
    found = joint_logit(a, far, session, 1.0)
    x = np.column_stack([np.ones(len(a)), a - a.mean(), at])

    def value(edge: float, trend: float, log_steep: float) -> float:
        eta = math.exp(log_steep) * (a - edge - trend * at)
        p = 1.0 / (1.0 + np.exp(-eta))
        information = x.T @ (x * (p * (1.0 - p))[:, None])
        return float(np.log(np.where(far > 0.0, p, 1.0 - p)).sum()) + 0.5 * math.log(
            np.linalg.det(information)
        )

    best = value(found.edge, found.trend, math.log(found.steepness))
    freedom = max(len(np.unique(session)) - 2, 1)
    cut = found.dispersion * f_distribution.ppf(0.95, 1, freedom) if found.dispersion > 1.0 else 3.8415
    for end in [e for e in found.trend_ends if math.isfinite(e)]:

        def lost(free: np.ndarray, held: float = end) -> float:
            return -value(float(free[0]), held, float(free[1]))

        least = minimize(lost, np.array([found.edge, math.log(found.steepness)]), method="Powell").fun
        assert 2.0 * (best + float(least)) == pytest.approx(cut, abs=2e-3)


def test_labels_on_the_wrong_side_have_no_edge() -> None:
    a = np.tile([-1.0, 0.0, 0.5, 2.5, 3.0, 4.0], 6)
    found = joint_logit(a, (a < 1.0).astype(float), np.repeat(np.arange(6.0), 6), 1.0)
    assert not found.agrees and math.isnan(found.edge)


def test_an_edge_that_wanders_widens_its_interval() -> None:
    rng = np.random.default_rng(6)
    session = np.repeat(np.arange(10.0), 30)
    a = rng.normal(1.0, 1.5, 300)
    away = np.repeat(rng.normal(0.0, 1.0, 10), 30)
    steady, wandering = (
        joint_logit(a, (rng.random(300) < 1 / (1 + np.exp(-3 * (a - 1.5 - w)))).astype(float), session, 1.0)
        for w in (0.0 * away, away)
    )
    assert wandering.dispersion > 3.0 > steady.dispersion

    def width(ends: tuple[float, float]) -> float:
        return ends[1] - ends[0]

    assert width(wandering.trend_ends) > 2.0 * width(steady.trend_ends)


def test_firths_penalty_gives_the_known_answer_of_a_two_by_two_table() -> None:
    # With a saturated 2 × 2 table Firth's estimate is that of counts + 1/2 (Haldane-Anscombe).
    x = np.column_stack([np.ones(20), np.repeat([0.0, 1.0], 10)])
    y = np.concatenate([np.repeat([0.0, 1.0], [10, 0]), np.repeat([0.0, 1.0], [3, 7])])
    low, high = math.log(0.5 / 10.5), math.log(7.5 / 3.5)
    assert firth_logit(x, y) == pytest.approx([low, high - low], abs=1e-5)


def test_sessions_of_nobody_known_are_not_taken_for_one_dyads(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    unsaid = ("", "", "")
    paths = [write_results(tmp_path / f"s{k}", k, drawn(1.5, rng), codes=unsaid) for k in (1, 2)]
    refused = CliRunner().invoke(across_command, [*map(str, paths)])
    assert refused.exit_code == 1
    for path in paths:
        assert f"{path}: whose session it is nobody said (attune amend" in refused.output
    assert len(read_sittings(paths[:1])) == 1, "one alone is nobody else's"


def test_labels_in_the_persons_scaling_and_mixed_ones_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    one = write_results(tmp_path / "a", 1, drawn(1.5, rng), scaling="person")
    two = write_results(tmp_path / "b", 2, drawn(1.5, rng), scaling="anchored")
    three = write_results(tmp_path / "c", 3, drawn(1.5, rng), scaling="session")
    wrong = CliRunner().invoke(across_command, [str(one), str(two)])
    assert wrong.exit_code == 1 and "edges are compared in anchored or session" in wrong.output
    assert str(one) in wrong.output
    mixed = CliRunner().invoke(across_command, [str(two), str(three)])
    assert mixed.exit_code == 1 and "in two scalings" in mixed.output


@pytest.mark.parametrize(
    ("numbers", "says"),
    [((1, 1), "number 1, as"), ((None, None), "start not known, as"), ((1, None), "start not known, as")],
)
def test_an_order_that_cannot_be_told_is_named(
    tmp_path: Path, numbers: tuple[int | None, int | None], says: str
) -> None:
    paths = [str(write_results(tmp_path / f"s{k}", n, [])) for k, n in enumerate(numbers)]
    result = CliRunner().invoke(across_command, paths)
    assert result.exit_code == 1 and says in result.output


@pytest.mark.parametrize(("text", "says"), [("", "no results"), ("[]", "older version")])
def test_what_holds_no_results_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "session.json").write_text(text, "utf-8")
    result = CliRunner().invoke(across_command, [str(tmp_path)])
    assert result.exit_code == 1 and says in result.output and "Traceback" not in result.output


def test_the_command_prints_and_writes_the_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    paths = [str(write_results(tmp_path / f"s{k}", k, drawn(1.5, rng))) for k in range(1, 4)]
    out = tmp_path / "across.parquet"
    result = CliRunner().invoke(across_command, [*paths, "--out", str(out)])
    assert result.exit_code == 0 and "tolerated_upper_joint" in result.output
    said = json.loads(CliRunner().invoke(across_command, [*paths, "--json"]).output)
    assert [x["metric"] for x in said] == pq.read_table(out)["metric"].to_pylist()
    assert all(any(d.matches(x["metric"]) for d in definitions()) for x in said)


def test_the_dictionary_in_the_docs_is_that_of_the_code() -> None:
    document = (Path(__file__).resolve().parents[3] / "docs" / "across.md").read_text("utf-8")
    assert updated(document, definitions()) == document


def test_labels_that_part_more_sharply_from_session_to_session_are_found() -> None:
    rng = np.random.default_rng(9)
    session = np.repeat(np.arange(12.0), 60)
    a = rng.normal(1.0, 1.5, len(session))

    def steepening(each: float) -> tuple[float, float]:
        b = 2.0 * (1.0 + each * (session - 5.5))
        far = (rng.random(len(a)) < 1.0 / (1.0 + np.exp(-b * (a - 1.5)))).astype(float)
        found = joint_logit(a, far, session, 1.0)
        return found.steepening, found.steepening_se

    value, error = steepening(0.12)
    assert value == pytest.approx(0.12, abs=3.0 * error) and value > 2.0 * error
    value, error = steepening(0.0)
    assert abs(value) < 3.0 * error


def test_corrected_and_uncorrected_results_are_never_mixed_unnoticed(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    by = {1: "R2", 2: "", 3: "R2"}
    paths = [write_results(tmp_path / str(n), n, drawn(1.0, rng), corrected=who) for n, who in by.items()]
    found = found_in(read_sittings(paths))
    assert found and {x.corrected for x in found} == {"R2: 2 of 3"}
    assert {x.corrected for x in found_in(read_sittings(paths[1:2]))} == {""}
    shown = CliRunner().invoke(across_command, [*map(str, paths), "--out", str(tmp_path / "o.parquet")])
    assert "corrected by hand: R2: 2 of 3" in shown.stdout
    assert set(pq.read_table(tmp_path / "o.parquet")["corrected"].to_pylist()) == {"R2: 2 of 3"}
    twice = write_results(tmp_path / "1__R2", 1, drawn(1.0, rng))
    with pytest.raises(ResultsError, match=r"1__R2: uncorrected results of the session of which .*by R2"):
        read_sittings([*paths, twice])
