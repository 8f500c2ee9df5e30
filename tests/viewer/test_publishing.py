"""The window's pipeline publishes what its session asks for, and stops when the window closes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pylsl
import pytest

from acquisition.lsl.network import configure
from acquisition.recorder.store import RecordingStore
from acquisition.session.session import Consent, LslSettings, Participant, Recorded, Session
from acquisition.session.toml import dump_session
from acquisition.stream import Modality, Role, StreamInfo
from tests.waiting import wait_for
from viewer.opening import feed, new_push

pytestmark = pytest.mark.realtime

EDA = StreamInfo(name="EDA", role=Role.CLIENT, modality=Modality.EDA, sfreq=4.0, unit="uS", channels=("EDA",))
CONSENT = Consent(version="1", eda=True)


def there(source_id: str) -> bool:
    return bool(pylsl.resolve_byprop("source_id", source_id, 1, 1.0))


@pytest.mark.parametrize("publish", [("indices",), ()])
def test_a_window_publishes_only_if_asked_and_until_it_closes(
    publish: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    configure()
    path = tmp_path / "recording"
    session = Session(
        id="D09_S77",
        crisis_contact="test desk",
        client=Participant("C09", CONSENT),
        therapist=Participant("T09"),
        lsl=LslSettings(publish=publish),
        recorded=Recorded(started="2026-11-22T00:00:00+00:00", streams=(EDA,)),
    )
    with RecordingStore(path, fsync=0.0) as store:
        (path / "session.toml").write_text(dump_session(session), "utf-8")
        store.samples(EDA, np.arange(4) / 4.0, np.ones((4, 1), np.float32))
        store.tick(1.0, 0.0)
        source = feed(path, follow=True)
        push = new_push(source)
        batch = source.poll()
        assert batch is not None
        push(batch)
        if publish:
            wait_for(lambda: there("attunement-D09_S77-client"), "the stream of the client")
            push.close()
            wait_for(lambda: not there("attunement-D09_S77-client"), "the stream to go")
        else:
            assert not there("attunement-D09_S77-client")
            push.close()
