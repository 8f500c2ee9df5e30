"""Fixed texts of the report: how to read it, what may be concluded, and references."""

from __future__ import annotations

from processing.indices import VAGAL

MAY_OF_BAND = (
    "Whether the arousal index was above, within or below this person's own reference band of the day.",
    "How long and how far it was outside, and how soon it came half way back.",
)
MAY_OF_BOTH = (
    "Whether the two people's signals went together more than their own chance level, and who "
    "followed; a shared cause looks the same."
)
MAY_OF_MARKS = (
    "Whether the indices went another way after marked moments than after comparable ones that were "
    "not marked."
)
MAY_NOTHING = "Nothing: there is no band, no tested coupling, and no tested response in this recording."
MAY_NOT = (
    "What a person felt or meant: the same values come with very different experiences.",
    "Anything about the quality of the work, of the therapist or of the relationship.",
    (
        "Comparison with other people; with other sessions, levels only if the scaling is “person”, edges "
        "and widths only if it is “anchored” or “session”."
    ),
    "A cause: what comes after a marked moment need not come from it.",
)
HOW_TO_READ = (
    "The arousal index joins heart rate and skin conductance, in units of the person's own spread at "
    "rest today. Grey with dashed edges: the reference band. Hatched: excursions from it (/ above, \\ "
    "below). Dotted: one kind of sensor only. Nothing drawn: no valid value. Below: what was marked."
)
IN_BRACKETS = "In brackets: how many values of that index were lost for this reason."
OF_METRICS = (
    "n: how many things a value rests on (seconds, excursions, events, turns, segments), as the data "
    "dictionary defines it for each metric. Valid: share of the time that counted with a valid index."
)
NOTED = (
    "By people, before or after the hour; no sensor measured any of it. “Not validated” stands where "
    "nobody has shown what an instrument measures."
)
SIGNALS = {"hr": "heart rate", VAGAL: "vagally mediated HRV", "scl": "skin conductance level"}
"""Index → what the figure of the signals calls it."""
LINES = "Client solid, therapist dashed."
NO_SIGNALS = "No heart rate, HRV or skin conductance was recorded."
TWO_AXES = (
    "Second view: skin conductance level against vagally mediated HRV, which is no part of the arousal "
    "index. Speech and breathing alter {vagal}."
)
SYNCHRONY = (
    "Largest |z| over lags in moving windows, with the chance band of this pair. Single windows leave "
    "the band by chance; only the tests in the table below carry a statement. A shared slow drift looks "
    "like coupling. More is not better: studies find both signs."
)
NO_SYNCHRONY = "No signal was recorded of both people, so nothing is said about synchrony."
AROUND = (
    "Relative to −60 … −10 s before the onset. With 5 or more usable events: mean and 95 % interval; with "
    "fewer: single traces, no mean. Client solid, therapist dashed. The curves alone say nothing of the "
    "marks: what is high comes down by itself. So the sentences below them compare marked moments with "
    "comparable ones of the same hour (same talk state, level and change just before), and p is adjusted "
    "over all tests of the hour. Where nearly every rise was answered there is nothing to compare with, "
    "and nothing is stated."
)
CONFOUNDED = "What was seen in the room and the index does not hold may have decided when was marked."
"""Said beside every effect."""
REFERENCES = (
    "Task Force of ESC and NASPE (1996). Heart rate variability. doi:10.1161/01.CIR.93.5.1043",
    "Lipponen & Tarvainen (2019). Beat correction. doi:10.1080/03091902.2019.1640306",
    "Laborde, Mosley & Thayer (2017). Vagal tone in psychophysiology. doi:10.3389/fpsyg.2017.00213",
    "Boucsein (2012). Electrodermal Activity. doi:10.1007/978-1-4614-1126-0",
    "Kleckner et al. (2018). EDA quality. doi:10.1109/TBME.2017.2758643",
    "Boker et al. (2002). Windowed cross-correlation. doi:10.1037/1082-989X.7.3.338",
    "Tschacher & Meier (2020). SUSY. doi:10.1080/10503307.2019.1612114",
    "Kaplan & Meier (1958). doi:10.1080/01621459.1958.10501452",
    "Rubin (1973). Matching with regression adjustment. doi:10.2307/2529684",
    "Benjamini & Hochberg (1995). False discovery rate. doi:10.1111/j.2517-6161.1995.tb02031.x",
)
