"""Session files of demonstrations: two people, sent by the simulator itself or by emulated wearables."""

from __future__ import annotations

from acquisition.simulation.script import PAST

HEAD = """\
# {what}
[session]
id = "demo"
dyad = "D00"
number = 1
crisis_contact = "none: simulated people"

[client]
code = "C00"
consent = {consent}
[therapist]
code = "T00"
consent = {consent}

"""
CONSENT = (
    '{ version = "simulated", ecg = true, eda = true, acc = true, resp = true, voice = true, view = true }'
)
DEVICE = """\
[[device]]
role = "{role}"
profile = "{profile}"
{binding}
settings = {{ {settings} }}
"""
WEARABLES = (
    ("client", "polar_h10", "C7:4C:DA:51:37:51"),
    ("therapist", "polar_h10", "C7:4C:DA:51:37:52"),
    ("client", "bitalino", "20:16:07:18:17:01"),
    ("therapist", "bitalino", "20:16:07:18:17:02"),
)
"""Role, profile and address of the emulated ones."""


def simulated_session(*, seed: int, past: bool = True, age: float = PAST, hour: str = "") -> str:
    """Return the session file of two people whose streams the simulator sends.

    Parameters
    ----------
    past : bool
        Whether it is already going on when it is first seen; `age` then says since when [s].
    hour : str
        Name of another course than the shipped one (`acquisition.simulation.hard`).
    """
    said = f", {age / 60:g} minutes old when it starts" if past else ""
    what = f"Two simulated people with known truth (docs/simulation.md){said}."
    settings = f"seed = {seed}, past = {str(past).lower()}" + (
        f", age = {age:g}" if past and age != PAST else ""
    )
    settings += f', hour = "{hour}"' if hour else ""
    return HEAD.format(what=what, consent=CONSENT) + "".join(
        DEVICE.format(
            role=role,
            profile="simulated",
            binding=f'source_id = "attunement-{role}-simulated"',
            settings=settings,
        )
        for role in ("client", "therapist")
    )


def emulated_session(*, seed: int = 1, past: bool = True) -> str:
    """Return the session file of two people with emulated wearables."""
    what = "Two people with emulated wearables: H10 belts and BITalino boards, through the real drivers."
    settings = f"emulated = true, seed = {seed}, past = {str(past).lower()}"
    return HEAD.format(what=what, consent=CONSENT) + "".join(
        DEVICE.format(role=role, profile=profile, binding=f'address = "{address}"', settings=settings)
        for role, profile, address in WEARABLES
    )
