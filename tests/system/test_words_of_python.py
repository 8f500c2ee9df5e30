"""A file that is none is named in words of the field, never in those of Python's own errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.processing.simulated_hour import write_hour
from viewer.cli import attune

BAD = {
    "text": b"no such thing",
    "open": b"[x",
    "list": b"[1, 2]",
    "object": b'{"v": 1}',
    "deep": b"[" * 100_000,
    "binary": b"\x80\x81\x00",
    "empty": b"",
    "wrong parts": b'{"v": 1, "people": {"C01": {"rest": 3}}, "observations": 1, "behaviors_conf": []}',
}
PYTHONS = ("Error", "codec", "Expecting", "object has no", "Traceback", "line 1 column", "not subscriptable")
COMMANDS = (
    ("x.toml", "process REC --out OUT --config FILE"),
    ("x.json", "process REC --out OUT --reference FILE"),
    ("x.boris", "events import FILE --recording REC --who R2"),
    ("x.eaf", "events import FILE --recording REC --who R2"),
    ("x.csv", "events import FILE --recording REC --who R2"),
    ("x.csv", "corrections import FILE --recording REC --role client --editor R2 --why x"),
    ("x.csv", "import FILE --stream client:eda:uS:4=eda --out OUT"),
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("h") / "D01_S01"
    write_hour(path, seed=3, past=1.0, minutes=0.2)
    return path


@pytest.mark.parametrize(("name", "words"), COMMANDS)
@pytest.mark.parametrize("bad", BAD)
def test_a_file_that_is_none_is_named_without_pythons_words(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str, bad: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(BAD[bad])
    told = {"REC": str(recording), "FILE": name, "OUT": "out"}
    result = CliRunner().invoke(attune, [told.get(word, word) for word in words.split()])
    if name == "x.toml" and bad == "empty" and "--config" in words:
        assert result.exit_code == 0  # no parameter is changed
        return
    assert result.exit_code == 1
    assert name in result.stderr
    assert not [said for said in PYTHONS if said in result.stderr], result.stderr


@pytest.mark.parametrize("pair", ["=", "=3", " =3", "number"])
def test_amend_without_a_key_is_wrong_usage(recording: Path, pair: str) -> None:
    result = CliRunner().invoke(attune, ["amend", str(recording), pair, "--why", "x"])
    assert result.exit_code == 2
    assert f"{pair!r}: must be KEY=VALUE" in result.stderr
