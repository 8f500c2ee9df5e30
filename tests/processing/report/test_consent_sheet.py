from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import matplotlib as mpl
import pytest

from acquisition.session.session import Consent, Participant, Session
from acquisition.session.toml import parse_session
from processing.report.consent_sheet import ITEMS, sheet, write_sheet
from processing.report.report import STYLE
from tests.acquisition.session.test_session import EXAMPLE

SESSION = parse_session(EXAMPLE, "x")
LONGEST = replace(
    SESSION,
    id="DYAD_07-" * 8,
    crisis_contact="Duty clinician, ext. 4400, " * 7,
    client=Participant("ABCD123456", Consent(version="Form 2026-10, second print, " * 7)),
    therapist=Participant("ABCE123456", Consent(version="2026 $ " * 28)),
)


def texts(session: Session) -> list[str]:
    return [t.get_text() for page in sheet(session).figures for t in page.texts]


def test_every_kind_of_consent_stands_on_the_sheet() -> None:
    assert set(ITEMS) == {f.name for f in fields(Consent)} - {"version"}


def test_the_sheet_says_what_the_session_file_says() -> None:
    said = "\n".join(texts(SESSION))
    for part in ("D07_S03", "C07", "T02", "2026-10", "duty clinician, ext. 4400"):
        assert part in said
    assert said.count("yes") == 3 + 4 and said.count("\nno") >= 1


@pytest.mark.parametrize("session", [SESSION, LONGEST], ids=["usual", "longest"])
def test_the_sheet_is_one_page_and_all_of_it_is_on_the_paper(session: Session) -> None:
    with mpl.rc_context(STYLE):
        (page,) = sheet(session).figures
        for text in page.texts:
            box = text.get_window_extent()
            assert box.x0 >= 0 and box.x1 <= page.bbox.x1 and box.y0 >= 0 and box.y1 <= page.bbox.y1


def test_the_same_session_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        write_sheet(SESSION, tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes().count(b"/Type /Page ") == 1


def test_no_text_of_the_table_runs_into_the_next_column() -> None:
    with mpl.rc_context(STYLE):
        (page,) = sheet(SESSION).figures
        boxes = [t.get_window_extent() for t in page.texts if t.get_text().strip()]
    apart = [a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i] if abs(a.y0 - b.y0) < 2.0]
    assert apart and not any(apart)
