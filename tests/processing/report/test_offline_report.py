"""The report: self-contained, quality first, in allowed words; and what it says when things lack."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from acquisition.commands.importing import import_command
from acquisition.events.vocabulary import load_vocabulary
from acquisition.stream import Modality, Role, StreamInfo
from processing.config import PipelineConfig
from processing.heart.hrv import rmssd
from processing.metrics.session_metrics import Hour
from processing.report.pages import Pages
from processing.report.pdf import pages, write_pdf
from processing.report.phase_table import phase_table
from processing.report.report import report_html
from processing.results.session_run import NOTICE, SessionRun, run_recording
from tests.processing.simulated_hour import BRIEF, brief, infos, marks, write_hour
from viewer.model.wording import forbidden

pytestmark = pytest.mark.slow


def run(path: Path, **how: object) -> tuple[SessionRun, Hour]:
    """Return a simulated session and what it held."""
    write_hour(path, **how)  # type: ignore[arg-type]
    done = run_recording(path, config=PipelineConfig())
    return done, done.hour()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[SessionRun, Hour]:
    """Return 14 minutes of two people, with marked moments."""
    return run(tmp_path_factory.mktemp("s") / "D01_S01", minutes=2.0, events=marks(1, 2.0))


@pytest.fixture(scope="module")
def html(session: tuple[SessionRun, Hour]) -> str:
    """Return its report."""
    return report_html(*session)


@pytest.fixture(scope="module")
def paper(session: tuple[SessionRun, Hour]) -> list[Figure]:
    """Return its pages on paper."""
    return pages(*session).figures


def words(html: str) -> str:
    """Return the text of the report that is computed: no markup, exempt notice or codes."""
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    for exempt in (NOTICE, *load_vocabulary().codes):
        text = text.replace(exempt, " ")
    return text


def test_the_report_is_one_file_that_needs_nothing_else(html: str) -> None:
    assert not re.search(r"""(src|href)\s*=\s*["'](?!#)""", html.replace("xlink:", ""))
    assert "<script" not in html
    assert "url(http" not in html
    assert html.count("<svg") >= 5


def test_quality_comes_first_and_the_notice_stands_at_both_ends(html: str) -> None:
    order = [
        "Quality of the recording",
        "The hour on a page",
        "Synchrony",
        "Around marked moments",
        "Methods",
    ]
    places = [html.index(f">{title}<") for title in order]
    assert places == sorted(places)
    assert html.count(NOTICE) == 2


def test_the_report_uses_no_word_for_a_state_of_mind(html: str) -> None:
    assert not forbidden(words(html))


def test_the_same_session_gives_the_same_report(session: tuple[SessionRun, Hour], html: str) -> None:
    assert report_html(*session) == html


def test_texts_of_people_cannot_become_markup(session: tuple[SessionRun, Hour]) -> None:
    done, hour = session
    html = report_html(replace(done, remarks=[*done.remarks, "<script>alert(1)</script>"]), hour)
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_pdf_has_pages(flat: tuple[SessionRun, Hour], paper: list[Figure], tmp_path: Path) -> None:
    write_pdf(*flat, tmp_path / "report.pdf")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    written = content.count(b"/Type /Page\n") + content.count(b"/Type /Page ")
    assert written == len(pages(*flat).figures)
    assert len(paper) > written > 1


def test_nothing_on_paper_lies_outside_the_page_or_over_other_text(paper: list[Figure]) -> None:
    for number, page in enumerate(paper, 1):
        renderer = FigureCanvasAgg(page).get_renderer()
        extents = [t.get_window_extent(renderer).extents for t in page.texts if t.get_text()]
        low, high = np.split(np.array(extents), 2, axis=1)
        assert ((low >= 0) & (low < high) & (high <= page.bbox.size)).all(), number
        low, high = low + 1.5, high - 1.5
        over = ((low[:, None] <= high) & (low <= high[:, None])).all(axis=2)
        np.testing.assert_array_equal(np.argwhere(np.triu(over, 1)), np.empty((0, 2)), err_msg=f"{number}")


def test_no_heading_and_no_caption_stands_at_the_end_of_a_page(paper: list[Figure]) -> None:
    for number, page in enumerate(paper, 1):
        texts = [t for t in page.texts if t.get_position()[1] > 0.65 / 11.69]
        lowest = min((t.get_position()[1] for t in texts), default=1.0)
        drawn = [part.bbox.y0 / page.bbox.height for part in page.subfigs]
        ends = [t.get_text() for t in texts if t.get_position()[1] == lowest and t.get_fontweight() == "bold"]
        assert not ends or min(drawn, default=1.0) < lowest, (number, ends)


def test_a_heading_moves_to_the_next_page_with_what_it_heads() -> None:
    out = Pages("footer")
    out.new()
    out.place(9.5)
    out.heading("Heading", keep=0.2)
    out.caption("Table 9. Something")
    out.table(("a",), [("x " * 900,)], (1.0,))
    first, second = ([t.get_text() for t in page.texts] for page in out.figures)
    assert first == ["footer", "1"]
    assert second[2:5] == ["Heading", "Table 9. Something", "a"]


def test_figures_and_tables_are_numbered_in_the_order_of_reading_on_paper_too(
    html: str, paper: list[Figure]
) -> None:
    printed = "\n".join(t.get_text() for page in paper for t in page.texts)
    for kind in ("Figure", "Table"):
        found = [int(n) for n in re.findall(rf"{kind} (\d+)\. ", html)]
        assert found == list(range(1, len(found) + 1))
        assert len(found) >= 4
        assert [int(n) for n in re.findall(rf"{kind} (\d+)\. ", printed)] == found
    assert html.index("Table 1. Heart, breathing and") > html.index("Quality of the recording")


def test_every_figure_has_an_alternative_text(html: str) -> None:
    assert html.count("<svg") == len(re.findall(r'<svg role="img" aria-label="[^"]{40,}"', html))


def test_the_report_begins_with_who_when_and_with_what(
    session: tuple[SessionRun, Hour], html: str, paper: list[Figure]
) -> None:
    done, _ = session
    head = html[: html.index("Quality of the recording")]
    printed = " ".join(t.get_text() for t in paper[0].texts)
    for text in ("C01", "T01", "EDA (4 Hz, µS)", "ECG (130 Hz, mV)", done.config.digest(), "14.0 min"):
        assert text in head
        assert text in printed


def test_rmssd_of_table_1_is_that_of_the_definition_over_the_rest_baseline(
    session: tuple[SessionRun, Hour],
) -> None:
    done, hour = session
    (rest,) = hour.line.marked("baseline_rest")
    rows = {s.time: s.value for s in done.samples if s.entity == "client" and s.index == "ibi"}
    inside = [v for t, v in sorted(rows.items()) if t < rest.stop and t - v / 1000.0 >= rest.start]
    table = phase_table(done, hour)
    cells = dict(zip(table.head, table.rows[0], strict=True))
    assert (cells["who"], cells["phase"]) == ("client", "rest baseline")
    assert float(cells["RMSSD [ms]"]) == pytest.approx(rmssd(inside), abs=0.06)
    assert float(cells["HR [bpm]"]) == pytest.approx(60000.0 / (sum(inside) / len(inside)), abs=0.06)


def nothing_of(role: Role) -> Sequence[StreamInfo]:
    """Return the streams of the other person."""
    return infos(roles=[r for r in (Role.CLIENT, Role.THERAPIST) if r is not role])


@pytest.mark.parametrize(
    ("streams", "says"),
    [
        (nothing_of(Role.THERAPIST), ["Nothing was recorded of the therapist.", "one person only"]),
        (
            infos(leave_out=[Modality.EDA]),
            ["No reference band: no EDA sensor", "time: client: no EDA sensor; therapist: no EDA"],
        ),
        (infos(leave_out=[Modality.ECG]), ["No reference band: no heart sensor"]),
        (infos(leave_out=[Modality.VOICE]), ["No voice was recorded"]),
    ],
    ids=["one person", "no EDA", "no ECG", "no voice"],
)
def test_what_is_not_there_is_said_with_its_reason(
    streams: Sequence[StreamInfo], says: list[str], tmp_path: Path
) -> None:
    both_have_bands = says == ["No voice was recorded"]
    short = {} if both_have_bands else {"past": BRIEF, "events": brief()}
    html = report_html(*run(tmp_path / "r", streams=streams, **short))
    for sentence in says:
        assert sentence in html
    if len({s.role for s in streams}) == 1:
        assert "own chance level, and who followed" not in html
    assert ("How long and how far it was outside" in html) == ("No reference band" not in html)
    assert not forbidden(words(html))


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> tuple[SessionRun, Hour]:
    """Return three minutes of sensors that tell nothing, without a mark."""
    tmp_path = tmp_path_factory.mktemp("flat")
    table = tmp_path / "flat.csv"
    table.write_text("e,g\n" + "0,0\n" * 18_000, "utf-8")
    streams = [
        f"{p}:{m}:100={c}" for p in ("client", "therapist") for m, c in (("ecg:mV", "e"), ("eda:uS", "g"))
    ]
    words_of_import = [
        str(table),
        *(w for s in streams for w in ("--stream", s)),
        "--out",
        str(tmp_path / "r"),
    ]
    done = CliRunner().invoke(import_command, words_of_import)
    assert done.exit_code == 0, done.output
    held = run_recording(tmp_path / "r", config=PipelineConfig())
    return held, held.hour()


def test_three_minutes_without_a_valid_value_or_a_mark_give_no_number(flat: tuple[SessionRun, Hour]) -> None:
    held, hour = flat
    html = report_html(held, hour)
    for sentence in (
        "no baseline was marked",
        "No valid value of heart rate, lnRMSSD, skin conductance",
        "Nothing was marked in the hour.",
        "Nothing: there is no band, no tested coupling",
        "No voice was recorded",
    ):
        assert sentence in html
    assert not re.search(r"\bnan\b", words(html))
    assert all(
        m.value != m.value and m.reason for m in hour.measures["client"] if m.metric != "valid_minutes"
    )


def test_a_figure_stays_with_its_note_and_a_table_with_what_is_said_under_it() -> None:
    out, note = Pages("footer"), "a note " * 60
    out.new()
    left = 11.69 - 0.6 - 0.65
    out.place(left - 4.0)
    out.caption("Figure 9. Something")
    out.place(3.7, note)
    out.paragraph(note, size=7.0)
    assert [t.get_text() for t in out.figures[1].texts][2] == "Figure 9. Something"
    assert len(out.figures) == 2
    head, rows, shares = ("a", "b"), [("x", "y " * 90)] * 7, (0.3, 0.7)
    high = out.height_of(head, rows, shares, size=6.0)
    out.new()
    begun = out._down
    out.table(head, rows, shares, size=6.0)
    assert len(out.figures) == 3
    assert out._down - begun == pytest.approx(high, abs=0.12)
