"""What the devices send of a block: from beats, responses and the truth to samples, by modality."""

from __future__ import annotations

import numpy as np

from acquisition.simulation import truth
from acquisition.simulation.body import BLOCK, Beats, Responses, begin_of
from acquisition.simulation.physiology import AFTER, BEFORE, ecg, scr
from acquisition.simulation.script import PAST, Fault, Script, stream_rng
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from acquisition.voice.rows import TURN_CHANNELS, is_turns

VOICE_CHANNELS = ("voice_activity", "f0_median", "f0_spread", "intensity", "alpha_ratio", "voiced_share")
"""Share 0-1, Hz, Hz (SD), dB, dB, share 0-1; nan where nothing was said."""
ECG_NOISE, EDA_NOISE, RESP_NOISE = 0.008, 0.002, 0.01
"""SD of white noise [mV, µS, of a breath]."""
MAINS = 50.0
"""[Hz]"""
LEAST_SPEECH = 0.1
"""Share of a second below which a voice row has no voice values."""


def samples(
    script: Script, info: StreamInfo, number: int, beats: Beats, responses: Responses
) -> tuple[FloatArray, FloatArray]:
    """Return times [s from the start of the live part] and samples of one stream in one block.

    Parameters
    ----------
    beats, responses : Beats, Responses
        Of this block and as far beyond as they reach into it.
    """
    if is_turns(info):
        return _turns(script, info.role, number)
    rng = stream_rng(script.seed, "noise", info.role, info.modality, number)
    if info.modality is Modality.VOICE:
        return _voice(script, info.role, number, rng)
    # Sample n lies at n / sfreq after the beginning of the past, whatever the rate.
    t = np.arange(_first(info, number), _first(info, number + 1), dtype=np.float64) / info.sfreq - PAST
    if info.modality is Modality.ECG:
        x = _ecg(script, info, number, t, beats, rng)
    elif info.modality is Modality.EDA:
        x = _eda(script, info.role, t, responses, rng)
    else:
        x = _resp(script, info.role, t, rng)
    present = np.ones(len(t), bool)
    for fault in _faults(script, "dropout", info):
        present &= (t < fault.start) | (t >= fault.stop)
    return t[present], x[present, None].astype(np.float32)


def _first(info: StreamInfo, number: int) -> int:
    """Return the first sample of a block."""
    return int(np.ceil(number * BLOCK * info.sfreq))


def _faults(script: Script, kind: str, info: StreamInfo) -> list[Fault]:
    return [f for f in script.faults(kind) if f.hits(info.role, info.modality)]


def _ecg(
    script: Script, info: StreamInfo, number: int, t: FloatArray, beats: Beats, rng: np.random.Generator
) -> FloatArray:
    me = truth.person(script, info.role)
    near = (beats.times > t[0] - AFTER) & (beats.times < t[-1] + BEFORE)
    r, rr = beats.times[near], beats.rr[near]
    # Breathing turns the heart's axis: R heights follow it, which is what ECG-derived respiration reads.
    gain = me.r_height * (1.0 + 0.07 * np.sin(2 * np.pi * truth.breath_phase(script, info.role, r) - 1.0))
    mains = np.sin(2 * np.pi * MAINS * t)
    x = ecg(_first(info, number), len(t), info.sfreq, -PAST, r, rr, gain)
    # Slow enough for ten points a second; a sum of sines at every sample would cost more than all the beats.
    grid = begin_of(number) + 0.1 * np.arange(101, dtype=np.float64)
    x += np.interp(t, grid, me.baseline(grid)) + 0.003 * mains + ECG_NOISE * rng.standard_normal(len(t))
    for fault in _faults(script, "electrode_off", info):
        off = (t >= fault.start) & (t < fault.stop)
        x = np.where(off, 0.2 * mains + 0.3 * rng.standard_normal(len(t)), x)
    # Like a converter of 1 µV: also hides the last bits in which machines differ.
    return np.round(x, 3)


def _eda(
    script: Script, role: Role, t: FloatArray, responses: Responses, rng: np.random.Generator
) -> FloatArray:
    x = np.exp(truth.ln_scl(script, role, t)) + scr(t, responses.onsets, responses.amplitudes)
    return np.round(x + EDA_NOISE * rng.standard_normal(len(t)), 4)


def _resp(script: Script, role: Role, t: FloatArray, rng: np.random.Generator) -> FloatArray:
    phase = 2 * np.pi * truth.breath_phase(script, role, t)
    depth = 1.0 - 0.3 * truth.speaking(script, role, t)
    return np.round(
        depth * (np.sin(phase) + 0.12 * np.sin(2 * phase)) + RESP_NOISE * rng.standard_normal(len(t)), 4
    )


def _voice(
    script: Script, role: Role, number: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return one row a second, stamped at its end."""
    begin, n = begin_of(number), int(BLOCK)
    t = begin + np.arange(n, dtype=np.float64)
    share = np.zeros(n)
    for turn in script.turns(begin - 1.0, begin + BLOCK):
        if turn.role is role:
            share += np.clip(np.minimum(turn.stop, t) - np.maximum(turn.start, t - 1.0), 0.0, 1.0)
    noise = rng.standard_normal((5, n))
    me = truth.person(script, role)
    push = truth.excited(script, role, t, "hr") / truth.FULL_HR
    f0 = me.f0 * 2.0 ** ((2.0 * push + 0.8 * noise[0]) / 12.0)
    columns = (
        f0,
        0.09 * f0 * np.exp(0.2 * noise[1]),
        -28.0 + 4.0 * push + 2.0 * noise[2],
        -14.0 + 3.0 * push + noise[3],
    )
    voiced = np.clip(share * (0.62 + 0.05 * noise[4]), 0.0, 1.0)
    said = share >= LEAST_SPEECH
    rows = np.stack(
        [share, *(np.where(said, c, np.nan) for c in columns), np.where(said, voiced, 0.0)], axis=1
    )
    return t, np.round(rows, 4).astype(np.float32)


def _turns(script: Script, role: Role, number: int) -> tuple[FloatArray, FloatArray]:
    """Return one row a turn, stamped at its end."""
    begin = begin_of(number)
    mine = [
        t
        for t in script.turns(begin - 1.0, begin + BLOCK)
        if t.role is role and begin <= t.stop < begin + BLOCK
    ]
    noise = stream_rng(script.seed, "spoken", role, number).standard_normal((4, len(mine)))
    me = truth.person(script, role)
    length = np.array([t.stop - t.start for t in mine])
    push = truth.excited(script, role, np.array([(t.start + t.stop) / 2 for t in mine]), "hr") / truth.FULL_HR
    pause = length * np.clip(0.08 + 0.04 * noise[0], 0.0, 0.3)
    columns = (
        length,
        length - pause,
        pause,
        np.round((length - pause) * 4.4 * np.exp(0.06 * noise[1])),
        me.f0 * 2.0 ** ((2.0 * push + 0.5 * noise[2]) / 12.0),
        -28.0 + 4.0 * push + noise[3],
    )
    assert len(columns) == len(TURN_CHANNELS)
    return np.array([t.stop for t in mine]), np.round(np.stack(columns, axis=1), 4).astype(np.float32)
