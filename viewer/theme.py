"""Themes: every colour on screen, dark and light, and how well two colours can be told apart.

People differ in hue and letter, never in hue alone; zones are vermilion above, nothing within, blue below,
which every common kind of colour vision tells apart. There is no red-and-green.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Name the colours by what they are for, as #RRGGBB."""

    name: str
    window: str
    """Behind everything."""
    panel: str
    """Behind lanes, gauges and buttons."""
    raised: str
    """Key caps, chips, hovered buttons."""
    border: str
    grid: str
    text: str
    dim: str
    """Secondary text."""
    client: str
    therapist: str
    dyad: str
    together: str
    """Two people moving the same way."""
    opposed: str
    """Two people moving opposite ways."""
    above: str
    below: str
    alert: str
    """Technical faults and the recording dot."""
    paused: str
    """Behind a lane of a paused person."""

    def person(self, entity: str) -> str:
        """Return the colour of a client, a therapist, or both together."""
        return {"client": self.client, "therapist": self.therapist}.get(entity, self.dyad)


DARK = Theme(
    name="dark",
    window="#0F1317",
    panel="#171C21",
    raised="#252C33",
    border="#2F3840",
    grid="#242B32",
    text="#E8ECF0",
    dim="#9BA6B0",
    client="#F0E442",
    therapist="#44AA99",
    dyad="#C9D1D9",
    together="#F0A050",
    opposed="#A78BFA",
    above="#D55E00",
    below="#0072B2",
    alert="#FF8A3D",
    paused="#2A2E33",
)
LIGHT = Theme(
    name="light",
    window="#EDEFF1",
    panel="#FFFFFF",
    raised="#E9ECEF",
    border="#CBD1D7",
    grid="#E4E8EB",
    text="#1B2126",
    dim="#56606A",
    client="#7A6500",
    therapist="#0F7264",
    dyad="#3C4650",
    together="#B35806",
    opposed="#542788",
    above="#D55E00",
    below="#0072B2",
    alert="#B04300",
    paused="#D9DCDF",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}


def _linear(channel: int) -> float:
    c = channel / 255
    return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2) of #RRGGBB, 0-1."""
    red, green, blue = (_linear(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio (WCAG 2.2) of two colours, 1-21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def blend(colour: str, ground: str, share: float) -> str:
    """Return a colour laid over another with an opacity of `share`, 0-1."""
    pairs = ((int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02X}" for a, b in pairs)
