"""Write a recording in real time until killed: python -m tests.acquisition.recording_child DIR."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from acquisition.recorder.store import RecordingStore
from acquisition.stream import PEOPLE, Modality, StreamInfo
from acquisition.tick import PERIOD

INFOS = [
    StreamInfo(name=name, role=role, modality=modality, sfreq=rate, unit=unit, channels=(name,))
    for role in PEOPLE
    for name, modality, rate, unit in (("ecg", Modality.ECG, 130.0, "mV"), ("eda", Modality.EDA, 4.0, "uS"))
]


def main(path: Path) -> None:
    """Write samples that are stamped with `time.monotonic`, which other processes share."""
    store = RecordingStore(path, fsync=1.0)
    begin = due = time.monotonic()
    sent = dict.fromkeys((info.key for info in INFOS), 0)
    while True:
        now = time.monotonic()
        for info in INFOS:
            n = int((now - begin) * info.sfreq) - sent[info.key]
            times = begin + (sent[info.key] + np.arange(n)) / info.sfreq
            store.samples(info, times, np.sin(times)[:, None].astype("f4"))
            sent[info.key] += n
        store.tick(now, time.time())
        if store.number == 1:
            print("ready", flush=True)  # noqa: T201 - the parent waits for it
        due += PERIOD
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
