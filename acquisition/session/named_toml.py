"""Find a TOML file by what a user calls it: the name of a shipped one, or a path of the user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from acquisition.session.toml_table import read


def shipped(folder: str) -> list[str]:
    """Return the names of the TOML files that a package holds, without .toml."""
    names = (file.name for file in files(folder).iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def find(folder: str, name: str, what: str, base: Path | None = None) -> tuple[str, str, str]:
    """Read a shipped file by its name, or another by its path.

    Parameters
    ----------
    folder : str
        The package of the shipped ones.
    name : str
        Its name there, or a path that ends in .toml.
    what : str
        What messages call such a file: "device profile".
    base : Path, optional
        Where a relative path starts.

    Returns
    -------
    tuple of str
        The text, the name of the file, and why there is none; the last is empty where there is one.
    """
    if name.endswith(".toml"):
        path = (base or Path()) / name
        text, faults = read(path)
        return text, path.name, f"{path}: {faults[0]}" if faults else ""
    if name not in shipped(folder):
        known = ", ".join(shipped(folder))
        return "", name, f"no {what} named {name!r} (known: {known}; or a path that ends in .toml)"
    return (files(folder) / f"{name}.toml").read_text("utf-8"), f"{name}.toml", ""
