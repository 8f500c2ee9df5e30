"""What is said of ratings as session metrics; how it is worked out: `processing.ratings`."""

from __future__ import annotations

from processing.hour.measure import Definition

_BLOCKS = "expanded percentiles of 500 sets of minutes drawn again"
ICC_K = Definition(
    name="rating_{axis}_icc",
    baselines="count",
    whose="person",
    unit="",
    text="ICC(2,k) of the raters of this person (of both: under dyad) on one axis, second by second, the "
    "lags between raters taken out; of a scale without ends of its gradient; n counts seconds",
    interval=_BLOCKS,
    source="Shrout & Fleiss (1979), doi:10.1037/0033-2909.86.2.420",
)
ICC_1 = Definition(
    name="rating_{axis}_icc_single",
    baselines="count",
    whose="person",
    unit="",
    text="ICC(2,1) likewise: of one rater",
    bare="that of rating_{axis}_icc says how sure it is",
)
AS_SAID = Definition(
    name="rating_{axis}_icc_as_said",
    baselines="count",
    whose="person",
    unit="",
    text="ICC(2,k) with the lags between raters left in",
    bare="that of rating_{axis}_icc says how sure it is",
)
SPREAD = Definition(
    name="rating_{axis}_lag_spread",
    baselines="count",
    whose="person",
    unit="s",
    text="how much later the last rater is than the first, from peaks of cross-correlations within 6 s; n "
    "counts raters",
    bare="each pair has one in ratings_agreement.parquet",
)
RETEST = Definition(
    name="rating_{axis}_retest",
    baselines="count",
    whose="person",
    unit="",
    text="correlation of the first and a later turn of the same rater at its best lag, mean over raters",
    bare="a mean of few raters",
)
DELAY = Definition(
    name="rating_{axis}_delay",
    baselines="count",
    whose="person",
    unit="s",
    text="reaction delay: how much later the ratings of this person are than the arousal index, 0 to 6 s, "
    "median over the raters for whom a relation is stated; n counts them",
    bare="each rater has one in ratings_relations.parquet",
)
DEFINITIONS = (ICC_K, ICC_1, AS_SAID, SPREAD, RETEST, DELAY)
