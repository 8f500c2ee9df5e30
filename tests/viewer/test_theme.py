"""Everything on screen can be read: WCAG contrast of texts and lines in both themes."""

from __future__ import annotations

import pytest

from viewer.theme import THEMES, Theme, blend, contrast

BOTH = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES.keys())


@BOTH
def test_text_has_a_contrast_of_4_5(theme: Theme) -> None:
    grounds = (theme.panel, theme.window, theme.raised, theme.paused)
    for colour in (theme.text, theme.dim):
        assert min(contrast(colour, ground) for ground in grounds) >= 4.5, colour
    for colour in (theme.client, theme.therapist, theme.dyad, theme.alert):
        assert min(contrast(colour, ground) for ground in (theme.panel, theme.window)) >= 4.5, colour


@BOTH
def test_lines_have_a_contrast_of_3(theme: Theme) -> None:
    for colour in (theme.client, theme.therapist, theme.dyad):
        assert contrast(colour, theme.panel) >= 3.0
        assert contrast(blend(colour, theme.panel, 0.55), theme.panel) >= 1.8, "reference lines stay visible"


@BOTH
def test_letters_on_a_persons_colour_can_be_read(theme: Theme) -> None:
    assert contrast(theme.client, theme.panel) >= 4.5
    assert contrast(theme.therapist, theme.panel) >= 4.5


@BOTH
def test_zones_are_told_apart_from_the_band_and_from_people(theme: Theme) -> None:
    above, below = (blend(c, theme.panel, 0.72) for c in (theme.above, theme.below))
    assert contrast(above, theme.panel) >= 2.0 and contrast(below, theme.panel) >= 2.0
    assert not {theme.above, theme.below} & {theme.client, theme.therapist}


def test_the_known_pairs_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert blend("#FFFFFF", "#000000", 0.5) == "#808080"
