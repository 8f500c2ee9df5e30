"""The consent sheet: one page to sign, with what each person agreed to as the session file says it."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages

from acquisition.session.session import Session
from acquisition.stream import PEOPLE
from processing.report.pages import Pages
from processing.report.report import STYLE

ITEMS = {
    "ecg": "Heart: ECG or times between beats; breathing by the same device",
    "eda": "Skin conductance",
    "acc": "Movement of the sensor",
    "resp": "Breathing, measured by a belt of its own",
    "voice": "Voice as numbers: loudness, pitch, who speaks when; no words",
    "rating": "My own continuous rating: what I set on a dial or slider while the session runs",
    "raw_audio": "Sound of the session, with the words that are spoken",
    "view": "I may see my own values while the session runs",
}
STATEMENTS = (
    (
        "I can have the recording of my signals paused at any moment, without a reason; "
        "during a pause nothing of me is stored."
    ),
    "I can withdraw my consent later, without a reason and without disadvantage. I was told whom to tell.",
    "The recording names me by a code only. This sheet links me to the code: it is kept apart.",
    (
        "The recording is for research. It is no medical examination; nobody is watched over by it, "
        "and it raises no alarm about my health."
    ),
)
SIZE = 10.0
LINE = "_" * 38


def sheet(session: Session) -> Pages:
    """Return the consent sheet of a session; it is one page."""
    out = Pages(f"Consent to session {session.id}")
    out.new()
    out.heading("Consent to a recorded session", size=15.0)
    out.paragraph(f"session {session.id}", size=SIZE)
    said = (f"dyad {session.dyad}" * bool(session.dyad), f"number {session.number}" * bool(session.number))
    if any(said):
        out.paragraph(" · ".join(s for s in said if s), size=SIZE)
    for role in PEOPLE:
        person = session.participant(role)
        out.paragraph(
            f"{role}: {person.code} · version of the consent: {person.consent.version or 'none'}", size=SIZE
        )
    out.heading("What is recorded")
    rows = [
        [said, *("yes" if getattr(session.participant(role).consent, key) else "no" for role in PEOPLE)]
        for key, said in ITEMS.items()
    ]
    out.table(("what", *PEOPLE), rows, (0.72, 0.14, 0.14), size=9.0)
    out.heading("What I know")
    for line in STATEMENTS:
        out.paragraph(line, hang="– ", size=SIZE)
    out.paragraph(f"Whom to call in a crisis: {session.crisis_contact}", hang="– ", size=SIZE)
    for role in PEOPLE:
        out.heading(f"Signature of the {role} ({session.participant(role).code})")
        out.paragraph(" ", size=16.0)
        out.paragraph(f"Date {LINE[:20]}     Signature {LINE}", size=SIZE)
    return out


def write_sheet(session: Session, out: Path) -> None:
    """Write the consent sheet as PDF, all or nothing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.part")
    nothing = {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None}
    with mpl.rc_context(STYLE), PdfPages(fresh, metadata=nothing) as pdf:
        for figure in sheet(session).figures:
            pdf.savefig(figure)
    fresh.replace(out)
