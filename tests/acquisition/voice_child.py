"""Record two voices from a .wav until killed: python -m tests.acquisition.voice_child DIR WAV [raw]."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from acquisition.recorder.begin import record
from tests.acquisition.voice.test_wav_file import session


def main(folder: Path, wav: Path, *, raw: bool) -> None:
    """Record with every log line there is; the parent keeps what is printed beside the recording."""
    logging.basicConfig(level=logging.DEBUG)
    record(session(wav, raw_audio=raw), folder, seconds=120.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), raw="raw" in sys.argv[3:])
