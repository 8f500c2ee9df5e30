"""Electrodermal activity on whole arrays: the same computation as the live estimator, under one roof.

`detect_scrs` and `tonic_level` take an array and its sampling rate; `processing.skin.skin.Skin` takes chunks.
"""

from __future__ import annotations

from processing.skin.config import SkinConfig
from processing.skin.scl import SclConfig, tonic_level
from processing.skin.scr import Scr, ScrConfig, Scrs, detect_scrs
from processing.skin.skin import Skin

__all__ = ["SclConfig", "Scr", "ScrConfig", "Scrs", "Skin", "SkinConfig", "detect_scrs", "tonic_level"]
