"""An experiment beside a session: markers to Attunement, and an index of the client back.

    python psychopy_session.py --trials 3 --index scl

Runs with pylsl alone and prints; where PsychoPy is installed it also draws. The session file must bind the
marker stream and ask for the indices:

    [[device]]
    role = "dyad"
    profile = "lsl_markers"
    source_id = "psychopy-room-1"

    [lsl]
    publish = ["indices"]

Research use only. What you read is a measurement with a quality and a delay, or nan with a reason: decide
beforehand what your experiment does when there is none.
"""

import argparse
import math
import time

import pylsl


def open_markers():
    """Return the outlet of our markers; the source_id is what the session file binds."""
    info = pylsl.StreamInfo("PsychoPy", "Markers", 1, pylsl.IRREGULAR_RATE, "string", "psychopy-room-1")
    return pylsl.StreamOutlet(info)


def open_indices(entity, seconds):
    """Return an inlet of the indices of client, therapist or dyad, and its channel labels."""
    found = pylsl.resolve_byprop("name", f"Attunement {entity}", 1, seconds)
    if not found:
        raise SystemExit(
            f'no stream "Attunement {entity}": does somebody follow a recording with [lsl] publish?'
        )
    inlet = pylsl.StreamInlet(found[0])
    return inlet, inlet.info().get_channel_labels()


def newest(inlet, labels, index):
    """Return (value, quality, time) of an index, of the last time it was released since the last call.

    None if it was not released; the value is nan if it was released without one (electrode off, too few
    beats). `time` is the moment it stands for [s, LSL clock], some seconds ago; the row's own stamp is when
    it could first be known. Never keep a value as if it were still true: look at how old it is.
    """
    column = labels.index(index)
    last = None
    while True:
        rows, _ = inlet.pull_chunk(max_samples=256)
        if not rows:
            return last
        for row in rows:
            if not math.isnan(row[column + 2]):
                last = row[column], row[column + 1], row[column + 2]


def open_window():
    """Return a PsychoPy text to draw on, None without PsychoPy."""
    try:
        from psychopy import visual
    except ImportError:
        return None
    window = visual.Window((800, 600), fullscr=False)
    return visual.TextStim(window, "")


def show(stimulus, text):
    """Show a text on screen, or print it."""
    print(text, flush=True)
    if stimulus is not None:
        stimulus.text = text
        stimulus.draw()
        stimulus.win.flip()


def main():
    """Run some trials; a marker at the start and end of each, and the index in between."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a trial")
    parser.add_argument("--entity", default="client")
    parser.add_argument("--index", default="scl")
    parser.add_argument("--patience", type=float, default=60.0, help="how long to look for the stream [s]")
    arguments = parser.parse_args()

    markers = open_markers()
    inlet, labels = open_indices(arguments.entity, arguments.patience)
    inlet.open_stream()
    # Markers that nobody receives yet are lost: wait until the recorder has bound the stream.
    if not markers.wait_for_consumers(arguments.patience):
        raise SystemExit("nobody records our markers: is source_id psychopy-room-1 in the session file?")
    stimulus = open_window()
    for trial in range(1, arguments.trials + 1):
        markers.push_sample([f"trial {trial} begins"], pylsl.local_clock())
        until = time.monotonic() + arguments.seconds
        while time.monotonic() < until:
            got = newest(inlet, labels, arguments.index)
            if got is not None:
                value, quality, at = got
                age = pylsl.local_clock() - at
                text = "no value" if math.isnan(value) else f"{value:.2f}"
                show(stimulus, f"{arguments.index} {text}, quality {quality:.2f}, {age:.1f} s ago")
            time.sleep(0.05)
        markers.push_sample([f"trial {trial} ends"], pylsl.local_clock())
    time.sleep(1.0)  # an outlet that goes away takes with it what was not sent yet
    print("done", flush=True)


if __name__ == "__main__":
    main()
