"""Figures of a cohort's report: courses of dyads, forests, and the map of quality.

Dyads stand in the order of their codes in every one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from processing.across.first_answers import AHEAD
from processing.cohort.models import series
from processing.cohort.models.kaplan_meier import curve
from processing.cohort.models.returning import BEFORE
from processing.cohort.report.words import of_whom, outcome_words
from processing.indices.heart import VAGAL
from processing.report.figures import COLOURS, DIM, STYLES, Place, own_figure, sheet_of

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

ACROSS = 4
"""Panels side by side."""
MOST_PANELS = 24
MOST_LINES = 40
WHOLE = ("client", "therapist", "dyad")
"""Whose a row over all dyads is."""
MOST_SESSIONS = 60
SHOWN = ("ibi", "hr", VAGAL, "scl", "scr_rate", "arousal", "speaking", "f0")
"""Signals of the map of quality, where they were recorded."""


def _panels(place: Place, dyads: Sequence[str], height: float = 1.35) -> tuple[FigureBase, list[Axes]]:
    """Return a panel for each dyad, side by side."""
    rows = -(-len(dyads) // ACROSS)
    figure, sheet = sheet_of(place, height * rows + 0.5, rows, ACROSS, sharex=True, sharey=True, left=0.5)
    figure.subplots_adjust(wspace=0.12, hspace=0.35)
    axes = sheet.ravel().tolist()
    for ax in axes[len(dyads) :]:
        ax.set_axis_off()
    for ax, dyad in zip(axes, dyads, strict=False):
        ax.set_title(dyad, fontsize=7, y=0.98)
        ax.tick_params(labelsize=6, labelbottom=True)
    for ax in axes[max(0, len(dyads) - ACROSS) : len(dyads)]:
        ax.set_xlabel("session", fontsize=7)
    return figure, axes[: len(dyads)]


def _shown(rows: pd.DataFrame) -> list[str]:
    return sorted(rows["dyad"].unique())[:MOST_PANELS]


def trajectories(tables: Tables, place: Place = own_figure) -> FigureBase | None:
    """Draw time within the band of both people over the sessions of each dyad."""
    both = {e: _with_ends(tables, e, "time_in_pct") for e in ("client", "therapist")}
    dyads = sorted({d for rows in both.values() for d in _shown(rows)})[:MOST_PANELS]
    if not dyads:
        return None
    figure, axes = _panels(place, dyads)
    for ax, dyad in zip(axes, dyads, strict=True):
        for shift, (entity, rows) in zip((-0.06, 0.06), both.items(), strict=True):
            mine = rows[rows["dyad"] == dyad]
            _course(ax, mine, COLOURS[entity], STYLES[entity], shift)
        ax.set_ylim(-3.0, 103.0)
    for ax in axes[::ACROSS]:
        ax.set_ylabel("within the band [%]", fontsize=6.5)
    return figure


def _with_ends(tables: Tables, entity: str, metric: str) -> pd.DataFrame:
    long = tables["metrics_long"]
    rows = long[(long["metric"] == metric) & (long["entity"] == entity) & long["value"].notna()]
    return rows.assign(session=rows["session"].astype(float)).sort_values(["dyad", "session"])


def _course(ax: Axes, rows: pd.DataFrame, colour: str, style: Any, shift: float) -> None:
    x, y = rows["session"].to_numpy(float) + shift, rows["value"].to_numpy(float)
    ends = [rows[c].to_numpy(float) for c in ("ci_low", "ci_high")]
    there = np.isfinite(ends[0]) & np.isfinite(ends[1])
    ax.plot(x, y, color=colour, ls=style, lw=0.9, marker="o", ms=2.2)
    ax.vlines(x[there], ends[0][there], ends[1][there], color=colour, lw=0.8, alpha=0.7)


def edges(tables: Tables, models: pd.DataFrame, place: Place = own_figure) -> FigureBase | None:
    """Draw the upper edge of each session, and the line through the labels of all."""
    lines = models[
        (models["model"] == "M2") & (models["outcome"] == "tolerated_upper") & models["estimate"].notna()
    ]
    lines = lines[~lines["entity"].isin(["client"])]
    points = _with_ends(tables, "client", "tolerated_upper")
    labels = tables["labels"]
    people = labels[labels["person"].isin(lines["entity"])][["dyad", "person"]].drop_duplicates()
    dyads = sorted(set(people["dyad"]) | set(points["dyad"]))[:MOST_PANELS]
    if not dyads:
        return None
    figure, axes = _panels(place, dyads)
    for ax, dyad in zip(axes, dyads, strict=True):
        _course(ax, points[points["dyad"] == dyad], COLOURS["client"], "none", 0.0)
        for who in people[people["dyad"] == dyad]["person"]:
            at = np.unique(
                labels[(labels["dyad"] == dyad) & (labels["person"] == who)]["session"].astype(float)
            )
            _edge_line(ax, lines[lines["entity"] == who].set_index("term"), at)
    for ax in axes[::ACROSS]:
        ax.set_ylabel("upper edge [SD]", fontsize=6.5)
    return figure


def _edge_line(ax: Axes, rows: pd.DataFrame, sessions: np.ndarray) -> None:
    if not {"edge", "movement"} <= set(rows.index) or not len(sessions):
        return
    edge, movement = (float(rows.loc[t, "estimate"]) for t in ("edge", "movement"))
    at = sessions - sessions.mean()
    ax.plot(sessions, edge + movement * at, color="#1B2126", lw=1.1)
    low, high = (rows.loc["movement", c] for c in ("ci_low", "ci_high"))
    if np.isfinite(low) and np.isfinite(high):
        around = [edge + float(m) * at for m in (low, high)]
        ax.fill_between(sessions, np.minimum(*around), np.maximum(*around), color="#1B2126", alpha=0.12, lw=0)


def shares(models: pd.DataFrame, place: Place = own_figure) -> FigureBase | None:
    """Draw ICC(1) of each outcome with its interval."""
    rows = models[(models["model"] == "M1") & (models["term"] == "icc_1") & models["estimate"].notna()]
    if not len(rows):
        return None
    figure, sheet = sheet_of(place, 0.24 * len(rows) + 0.6, 1, left=2.9)
    ax = sheet[0, 0]
    y = np.arange(len(rows))
    ax.barh(y, rows["estimate"], color="#B7C0C8", height=0.6)
    ax.hlines(y, rows["ci_low"], rows["ci_high"], color="#1B2126", lw=1.0)
    names = [f"{outcome_words(o)}, {e}" for o, e in zip(rows["outcome"], rows["entity"], strict=True)]
    ax.set_yticks(y, names, fontsize=7)
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("ICC(1)")
    return figure


def slopes(models: pd.DataFrame, outcome: str, entity: str, place: Place = own_figure) -> FigureBase | None:
    """Draw the slope of each dyad and, as a diamond, that over dyads."""
    rows = models[
        (models["model"] == "M3") & (models["outcome"] == outcome) & models["term"].str.startswith("session")
    ]
    mine = rows[rows["role"] == entity]
    there = mine[(mine["term"] == "session") & mine["estimate"].notna()]
    own = there[~there["entity"].isin(WHOLE)].sort_values("entity")[:MOST_LINES]
    over = there[there["entity"] == entity]
    if not len(own):
        return None
    figure, sheet = sheet_of(place, 0.15 * (len(own) + len(over)) + 0.7, 1, left=1.0)
    _forest(sheet[0, 0], own, over)
    sheet[0, 0].set_xlabel(f"{of_whom(outcome, entity)}: change per session")
    return figure


def _forest(ax: Axes, own: pd.DataFrame, over: pd.DataFrame) -> None:
    """Draw estimates with intervals line by line, those over dyads below as a diamond."""
    names = [*own["entity"], *["over dyads"] * len(over)]
    for k, row in enumerate([*own.itertuples(), *over.itertuples()]):
        whole = k >= len(own)
        ax.plot(row.estimate, k, "D" if whole else "o", color="#1B2126", ms=5 if whole else 3)
        if np.isfinite(row.ci_low) and np.isfinite(row.ci_high):
            ax.hlines(k, row.ci_low, row.ci_high, color="#1B2126", lw=1.6 if whole else 0.8)
    ax.axvline(0.0, color=DIM, lw=0.6, ls=":")
    ax.set_yticks(range(len(names)), names, fontsize=6.5)
    ax.set_ylim(len(names) - 0.4, -0.6)


def coupling(
    models: pd.DataFrame, compared: pd.DataFrame, signal: str, place: Place = own_figure
) -> FigureBase | None:
    """Draw real sessions among pseudo-dyads, and the lag of each dyad, of one signal."""
    there = compared[(compared["signal"] == signal) & compared["value"].notna()]
    lags = models[
        (models["model"] == "M4") & (models["outcome"] == f"sync_{signal}_lag") & models["estimate"].notna()
    ]
    own = lags[lags["entity"] != "dyad"].sort_values("entity")[:MOST_LINES]
    dyads = sorted(there["dyad"].unique())[:MOST_LINES]
    if not dyads and not len(own):
        return None
    figure, sheet = sheet_of(place, 0.19 * max(len(dyads), len(own) + 1, 4) + 0.7, 1, 2, left=0.8)
    figure.subplots_adjust(wspace=0.28)
    _violins(sheet[0, 0], there, dyads)
    if len(own):
        _forest(sheet[0, 1], own, lags[lags["entity"] == "dyad"])
    else:
        sheet[0, 1].text(
            0.5, 0.5, "no lag: too few stated", transform=sheet[0, 1].transAxes, ha="center", color=DIM
        )
        sheet[0, 1].set_yticks([])
    sheet[0, 1].set_xlabel("lag [s]; > 0: the client follows", fontsize=7)
    return figure


def _violins(ax: Axes, rows: pd.DataFrame, dyads: Sequence[str]) -> None:
    for k, dyad in enumerate(dyads):
        mine = rows[rows["dyad"] == dyad]
        real = (mine["dyad"] == mine["partner_dyad"]).to_numpy(bool)
        pseudo = mine["value"].to_numpy(float)[~real]
        if len(pseudo) > 2 and np.ptp(pseudo) > 0.0:
            drawn: Any = ax.violinplot(
                [pseudo], positions=[k], orientation="horizontal", showextrema=False, widths=0.8
            )
            for body in drawn["bodies"]:
                body.set(facecolor="#B7C0C8", edgecolor=DIM, alpha=1.0, linewidth=0.5)
        else:
            ax.plot(pseudo, np.full(len(pseudo), k), "|", color=DIM, ms=6)
        ax.plot(mine["value"].to_numpy(float)[real], np.full(int(real.sum()), k), "o", color="#1B2126", ms=3)
    ax.set_yticks(range(len(dyads)), dyads, fontsize=6.5)
    ax.set_ylim(len(dyads) - 0.4, -0.6)
    ax.set_xlabel("coupling, mean |atanh r|", fontsize=7)


def quality(tables: Tables, place: Place = own_figure) -> FigureBase | None:
    """Draw the share of valid values, session by signal, of client and therapist."""
    rows = tables["quality"]
    rows = rows[rows["signal"].isin(SHOWN)].assign(
        at=rows["dyad"].astype(str) + " " + rows["session"].astype(str),
        what=rows["signal"].astype(str) + ", " + rows["entity"].astype(str),
    )
    if not len(rows):
        return None
    wide = rows.pivot_table(index="at", columns="what", values="valid_pct", aggfunc="mean", sort=False)
    wide = wide[:MOST_SESSIONS].sort_index(axis=1)
    figure, sheet = sheet_of(place, 0.12 * len(wide) + 1.3, 1, left=0.9, bottom=0.95)
    ax = sheet[0, 0]
    shown = ax.pcolormesh(np.ma.masked_invalid(wide.to_numpy(float)), cmap="cividis", vmin=0.0, vmax=100.0)
    ax.set_xticks(np.arange(wide.shape[1]) + 0.5, list(wide.columns), rotation=60, ha="right", fontsize=6)
    ax.set_yticks(np.arange(len(wide)) + 0.5, list(wide.index), fontsize=5)
    ax.set_ylim(len(wide), 0)
    figure.colorbar(shown, ax=ax, pad=0.02, fraction=0.03).set_label("valid [%]", fontsize=7)
    return figure


def answers(seconds: np.ndarray, status: np.ndarray, place: Place = own_figure) -> FigureBase | None:
    """Draw the share answered over time of one therapist, with its interval: for that person alone.

    Parameters
    ----------
    seconds : ndarray, shape (n,)
        Since each excursion was known, until it was answered or ended.
    status : ndarray, shape (n,)
        1 where it was answered.
    """
    if len(seconds) < 2 or not status.any():
        return None
    found = curve(seconds, status, begin=-BEFORE)
    figure, sheet = sheet_of(place, 2.4, 1, left=0.8)
    ax = sheet[0, 0]
    ax.step(found.times, 100.0 * (1.0 - found.left), where="post", color="#1B2126", lw=1.2)
    low, high = 100.0 * (1.0 - found.high), 100.0 * (1.0 - found.low)
    ax.fill_between(found.times, low, high, step="post", color="#1B2126", alpha=0.12, lw=0)
    ax.axhline(50.0, color=DIM, lw=0.6, ls=":")
    ax.set_xlim(-AHEAD if (seconds < 0.0).any() else 0.0, min(float(found.times[-1]), 300.0))
    ax.set_ylim(0.0, 101.0)
    ax.set_xlabel("seconds since the excursion was known")
    ax.set_ylabel("answered [%]")
    return figure


def outcomes_with_slopes(models: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the outcomes that have a slope, with whose they are, in the order of the models."""
    rows = models[(models["model"] == "M3") & models["entity"].isin(WHOLE)]
    found = list(dict.fromkeys(zip(rows["outcome"], rows["entity"], strict=True)))
    named = {name for _, name in series.METRICS} | set(series.RATINGS)
    return sorted(found, key=lambda f: f[0] not in named)
