"""Who withdraws is told which videos to erase; none is deleted, and links go once they are named."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from acquisition.cli import main
from acquisition.errors import KeyStoreError, RecordingError
from acquisition.linking.link import VideoLink
from acquisition.linking.links_file import change_links, read_links, write_links
from acquisition.protection.keystore import KeyStore
from acquisition.protection.unlocked import lock
from acquisition.protection.unseal import unseal
from acquisition.protection.vault import new_keys
from acquisition.recording.identity import new_id
from acquisition.stream import Role
from processing.commands import withdrawing
from processing.commands.withdraw import withdraw_command
from tests.acquisition.refilling.synthetic import written

CODES = {Role.CLIENT: "C01", Role.THERAPIST: "T01"}
DATA = b"not a video, but what is linked does not care" * 100


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "films" / "hour3.mp4"
    path.parent.mkdir()
    path.write_bytes(DATA)
    return path


def linked(recording: Path, video: Path) -> VideoLink:
    link = VideoLink(
        path=video, sha256=hashlib.sha256(DATA).hexdigest(), size=len(DATA), duration=60.0, has_sound=True,
        offset=1010.0, drift=120.0, error=0.04, aligned=True,
    )  # fmt: skip
    write_links(recording, [link])
    return link


def withdraw(recording: Path, role: str, *more: str) -> Result:
    return CliRunner().invoke(withdraw_command, [str(recording), role, "--yes", *more])


def certificate(recording: Path) -> Any:
    (file,) = recording.glob("withdrawal-*.certificate.json")
    return json.loads(file.read_text("utf-8"))


@pytest.mark.parametrize("sealed", [False, True])
def test_a_certificate_names_the_videos_and_nothing_deletes_them(
    sealed: bool, tmp_path: Path, video: Path, request: pytest.FixtureRequest
) -> None:
    if sealed:
        request.getfixturevalue("store")
    keys = new_keys(new_id(), CODES) if sealed else None
    path = written(tmp_path / "rec", keys=keys)
    link = linked(path, video)
    moved = tmp_path / video.name
    os.replace(video, moved)  # beside the recording
    assert str(moved) in withdraw(path, "client", "--dry-run").output
    assert read_links(path) == (link,)
    result = withdraw(path, "client")
    assert result.exit_code == 0, result.output + repr(result.exception)
    assert f"erase by hand: {moved} ({len(DATA)} bytes" in result.output.splitlines()[-1]
    wanted = {"file": str(moved), "bytes": len(DATA), "sha256": link.sha256, "said": ""}
    assert certificate(path)["videos"] == [wanted]
    assert moved.read_bytes() == DATA
    assert not (path / "links.toml").exists()
    assert not any(str(moved).encode() in f.read_bytes() for f in path.glob("*.toml"))


@pytest.mark.usefixtures("bare")
def test_a_video_that_is_gone_is_named_all_the_same(tmp_path: Path, video: Path) -> None:
    path = written(tmp_path / "rec")
    linked(path, video)
    video.unlink()
    result = withdraw(path, "therapist", "--json")
    assert json.loads(result.stdout)["videos_to_erase"] == [str(video)]
    (said,) = certificate(path)["videos"]
    assert "is not there" in said["said"]


@pytest.mark.usefixtures("bare")
def test_what_is_cut_off_after_the_key_went_is_named_the_next_time(
    tmp_path: Path, video: Path, store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "rec", keys=new_keys(new_id(), CODES))
    linked(path, video)

    def cut(*_: object) -> None:
        raise OSError("the power failed")

    with monkeypatch.context() as patched:
        patched.setattr(withdrawing, "put", cut)
        assert withdraw(path, "client").exit_code != 0
    assert not (path / "client.xdf").exists()
    assert withdraw(path, "client").exit_code == 0
    assert str(video) in json.dumps(certificate(path)["videos"])


@pytest.mark.usefixtures("bare")
def test_without_the_keys_it_is_said_that_nobody_knows_which(
    tmp_path: Path, video: Path, store: KeyStore
) -> None:
    path = written(tmp_path / "rec", keys=new_keys(new_id(), CODES))
    linked(path, video)
    lock(store)
    refused = withdraw(path, "client")
    assert isinstance(refused.exception, KeyStoreError) or refused.exit_code == 1
    assert (path / "links.toml").exists() and (path / "client.xdf").exists()
    done = withdraw(path, "client", "--without-keys")
    assert "which videos were linked is not known" in done.output
    assert not (path / "links.toml").exists()


@pytest.mark.usefixtures("bare")
def test_a_video_that_is_linked_after_the_plan_stops_it_before_anything_goes(
    tmp_path: Path, video: Path
) -> None:
    path = written(tmp_path / "rec")
    link = linked(path, video)
    plan = withdrawing.planned(path, Role.CLIENT)
    late = replace(link, path=video.with_name("late.mp4"), sha256="b" * 64)
    change_links(path, lambda links: [*links, late])
    with pytest.raises(RecordingError, match=r"links\.toml: was changed meanwhile; nothing"):
        withdrawing.withdraw(plan, "")
    assert (path / "client.xdf").exists() and len(read_links(path)) == 2
    withdrawing.withdraw(withdrawing.planned(path, Role.CLIENT), "")
    assert [said["file"] for said in certificate(path)["videos"]] == [str(link.path), str(late.path)]


@pytest.mark.usefixtures("bare")
def test_where_no_directory_can_be_locked_it_is_erased_all_the_same(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "rec")
    linked(path, video)
    fcntl = pytest.importorskip("fcntl")
    plain, tried = fcntl.flock, list[int]()

    def of_files(fd: int, how: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            tried.append(fd)
            raise OSError(errno.EBADF, "Bad file descriptor")
        plain(fd, how)

    monkeypatch.setattr(fcntl, "flock", of_files)
    result = withdraw(path, "client")
    assert result.exit_code == 0, result.output
    assert tried and not (path / "client.xdf").exists()


@pytest.mark.usefixtures("bare")
def test_links_that_cannot_be_read_stop_it_before_anything_goes(tmp_path: Path, video: Path) -> None:
    path = written(tmp_path / "rec")
    linked(path, video)
    (path / "links.toml").write_text("[[video]]\npath = 3\n", "utf-8")
    result = withdraw(path, "client")
    assert result.exit_code == 1 and "links.toml" in result.output + str(result.exception)
    assert (path / "client.xdf").exists()


@pytest.mark.usefixtures("bare")
def test_verify_names_what_is_linked_and_a_plain_copy_has_it(
    tmp_path: Path, video: Path, store: KeyStore
) -> None:
    path = written(tmp_path / "rec", keys=new_keys(new_id(), CODES))
    link = linked(path, video)
    said = CliRunner().invoke(main, ["verify", str(path)])
    assert said.exit_code == 0, said.output
    assert f"noted: links.toml: {video}: aligned by voice, +120 ppm, ± 40 ms, there" in said.output
    unseal(path, tmp_path / "plain")
    assert b"hour3" in (tmp_path / "plain" / "links.toml").read_bytes()
    assert read_links(tmp_path / "plain") == (link,)
    lock(store)
    closed = CliRunner().invoke(main, ["verify", str(path)])
    assert closed.exit_code == 0 and "hour3" not in closed.output
