"""The errors of Attunement. Each names the place, the value and the choices, and carries them as data.

AttunementError
├── SessionError         session.toml: a key, a value, a missing consent   (also ValueError)
├── ProfileError         a device profile                                  (also ValueError)
├── UnitError            a unit that cannot be converted                   (also ValueError)
├── VocabularyError      a code that is not in the vocabulary, or its file    (also ValueError)
├── AnnotationError      a file of events that cannot be read                (also ValueError)
├── InstrumentError      a self-report instrument, or answers to it          (also ValueError)
├── PacketError          bytes of a device that break its protocol         (also ValueError)
├── StreamError          a stream that is missing, ambiguous or refused
├── DeviceError          a wearable that cannot be found, opened or used
├── RecordingError       a recording that cannot be read or written
│   ├── Reassigned           one that says anew whose devices are, while it is followed
│   └── KeyStoreError        a key store or key that is missing, locked or damaged
│       └── KeyGoneError         a key that was destroyed
├── VideoError           a video that cannot be read, here or at all
├── ResultsError         results that cannot be read, or not be compared
└── ControlError         no recorder to talk to, or it refused
"""

from __future__ import annotations

from pathlib import Path


class AttunementError(Exception):
    """Base of every error that a user of Attunement may see."""


class SessionError(AttunementError, ValueError):
    """Report every fault of a session file at once, one line each."""

    def __init__(self, place: str | Path, faults: list[str]) -> None:
        self.place = str(place)
        self.faults = faults
        super().__init__("\n".join(f"{self.place}: {fault}" for fault in faults))


class ProfileError(AttunementError, ValueError):
    """Report a device profile that is unknown or malformed."""


class UnitError(AttunementError, ValueError):
    """Report a unit that does not fit its modality."""


class VocabularyError(AttunementError, ValueError):
    """Report an event code that is not in the vocabulary, or a faulty vocabulary file."""


class AnnotationError(AttunementError, ValueError):
    """Report a file of events of another program that cannot be read, and the place in it."""


class InstrumentError(AttunementError, ValueError):
    """Report a self-report instrument that is faulty, unlicensed or refused, or answers that do not fit."""


class PacketError(AttunementError, ValueError):
    """Report bytes that break a device's protocol."""


class StreamError(AttunementError):
    """Report a stream that is missing, ambiguous or not allowed."""


class DeviceError(AttunementError):
    """Report a wearable that cannot be found, opened or used."""


class RecordingError(AttunementError):
    """Report a recording that cannot be read or written."""


class Reassigned(RecordingError):
    """Report a growing recording that says anew whose devices are: it is to be read from the beginning."""


class VideoError(AttunementError):
    """Report a video that cannot be read, or not at a moment of it."""


class ResultsError(AttunementError):
    """Report results of a session that cannot be read, or not be put beside others."""


class ControlError(AttunementError):
    """Report that no recorder answers, or that it refused a command."""


class KeyStoreError(RecordingError):
    """Report a key store, or a key of it, that is missing, locked or damaged."""


class KeyGoneError(KeyStoreError):
    """Report a key that was destroyed."""


class NoKeyStoreError(KeyStoreError):
    """Report that there is no key store where one was looked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path}: no key store is there (`attune keys init` makes one)")
