"""What listening costs: python -m benchmarks.voice [SECONDS]. Needs espeak-ng and the voice parts.

CPU of two people in conversation with cross-talk, as one process spends it; the start of the models; from a
sample to what became of it, in sound time and in computing time.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping

import numpy as np

from acquisition.errors import DeviceError
from acquisition.stream import Role
from acquisition.voice.channel import AHEAD, GROUP
from acquisition.voice.models import BLOCK, HOP, SFREQ, Models, Samples, load_models
from acquisition.voice.prosody import Prosody
from acquisition.voice.quality import Measure, load_measure
from tests.acquisition.speech import alternating, dialogue

PUSH = 512


def main(seconds: float) -> None:
    """Print the figures."""
    began, cpu = time.perf_counter(), time.process_time()
    models = load_models()
    print(f"models loaded in {time.perf_counter() - began:.2f} s ({time.process_time() - cpu:.2f} s CPU)")
    starts, length = alternating(8)
    mics, _ = dialogue(starts, length)
    sound = {role: np.resize(x, round(seconds * SFREQ)) for role, x in mics.items()}
    conversation(sound, models, {})
    try:
        measures = {role: load_measure() for role in sound}
    except DeviceError as error:
        print(error)
    else:
        print("with voice quality:")
        conversation(sound, models, measures)
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def conversation(sound: Mapping[Role, Samples], models: Models, measures: Mapping[Role, Measure]) -> None:
    """Print what it costs to listen to two people."""
    n = min(map(len, sound.values()))
    seconds, times = n / SFREQ, np.arange(n) / SFREQ
    prosody = Prosody([Role.CLIENT, Role.THERAPIST], models, gains={}, measures=measures)
    steps = []
    cpu = time.process_time()
    for a in range(0, n, PUSH):
        step = time.perf_counter()
        for role, x in sound.items():
            prosody.push(role, times[a : a + PUSH], x[a : a + PUSH])
        prosody.advance(times[min(a + PUSH, n) - 1])
        steps.append(time.perf_counter() - step)
    cpu = time.process_time() - cpu
    print(f"{seconds:g} s of two people: {cpu:.1f} s CPU, {100 * cpu / seconds:.1f} % of one core")
    worst = 1e3 * np.percentile(steps, [50, 99, 100])
    print("a push of 32 ms takes {:.1f} ms (median), {:.1f} (P99), {:.1f} (worst)".format(*worst))
    delay = ((GROUP + AHEAD) * HOP + BLOCK + PUSH) / SFREQ
    print(f"from a sample to its frame at most {1e3 * delay:.0f} ms of sound, plus a push")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 120.0)
