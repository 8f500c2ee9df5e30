"""Links beside a sealed recording: nothing of them is in clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.errors import KeyStoreError
from acquisition.linking.link import VideoLink
from acquisition.linking.linking import Wish, link_videos
from acquisition.linking.links_file import read_links, write_links
from acquisition.protection.keystore import KeyStore
from acquisition.protection.unlocked import lock
from acquisition.protection.vault import new_keys, sealed_header
from acquisition.recording.identity import new_id
from acquisition.recording.verify import verify
from acquisition.stream import Role
from acquisition.voice.models import SFREQ
from tests.acquisition.linking.hours import BEGIN, recording, voices, write_video
from tests.acquisition.refilling.synthetic import written


def test_a_sealed_recording_seals_its_links(store: KeyStore, tmp_path: Path) -> None:
    keys = new_keys(new_id(), {Role.CLIENT: "C01", Role.THERAPIST: "T01"})
    path = written(tmp_path / "sealed", keys=keys)
    link = VideoLink(
        path=Path("/videos/hour.mp4"), sha256="ab" * 32, size=9, duration=60.0, has_sound=True, offset=1010.0,
        drift=0.0, error=0.1, aligned=True,
    )  # fmt: skip
    write_links(path, [link])
    data = (path / "links.toml").read_bytes()
    assert sealed_header(path / "links.toml") is not None
    assert not any(word in data for word in (b"hour.mp4", b"abab", b"offset", b"1010"))
    assert read_links(path) == (link,)
    assert verify(path) == []
    lock(store)
    with pytest.raises(KeyStoreError):
        read_links(path)
    with pytest.raises(KeyStoreError):
        write_links(path, [link])
    assert verify(path) == []


def test_a_video_is_linked_to_a_sealed_recording_while_its_keys_are_at_hand(
    store: KeyStore, tmp_path: Path
) -> None:
    keys = new_keys(new_id(), {Role.CLIENT: "C01", Role.THERAPIST: "T01"})
    path = recording(tmp_path / "sealed", {r: x[: 40 * SFREQ] for r, x in voices().items()}, keys=keys)
    video = write_video(tmp_path / "hour.mp4", None, seconds=20.0)
    (link,) = link_videos(path, [video], Wish(start=3.0))
    assert (link.method, link.to_recording(1.0)) == ("start", BEGIN + 4.0)
    data = (path / "links.toml").read_bytes()
    assert not any(word in data for word in (b"hour.mp4", b"start", link.sha256.encode()))
    lock(store)
    before = sorted(path.iterdir())
    with pytest.raises(KeyStoreError):
        link_videos(path, [video], Wish(start=9.0))
    assert (path / "links.toml").read_bytes() == data
    assert sorted(path.iterdir()) == before
