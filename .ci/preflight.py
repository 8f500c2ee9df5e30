"""Say what this machine lacks, in one line, before anything fails less clearly. Runs on any Python 3."""

import sys

DEBIAN = (
    "libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 "
    "libfontconfig1 libdbus-1-3 libglib2.0-0"
)


def python():
    if sys.version_info < (3, 11):  # noqa: UP036 - this file must run on what it refuses
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(
            f"Attunement needs Python 3.11 or newer; {sys.executable} is {found}. Try: make PYTHON=python3.12"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit("Python lacks its venv module. On Debian or Ubuntu: sudo apt-get install python3-venv")


def qt():
    try:
        from PySide6 import QtWidgets  # noqa: F401
    except ImportError as error:
        sys.exit(
            f"Qt lacks a system library ({error}).\n"
            f"On Debian or Ubuntu: sudo apt-get install --no-install-recommends {DEBIAN}"
        )


if __name__ == "__main__":
    {"python": python, "qt": qt}[sys.argv[1]]()
