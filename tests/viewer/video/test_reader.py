"""The pictures of a video at any moment, by their stamps; read back from what is drawn."""

from __future__ import annotations

import random
from contextlib import suppress
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import av
import numpy as np
import pytest

from acquisition.errors import VideoError
from tests.viewer.video.made import SIZE, even, film, number_in
from viewer.video.picture import drawn
from viewer.video.reader import CLOSE, Reader, Shown


def number(reader: Reader, shown: Shown | None, place: tuple[int, int] = SIZE) -> int:
    """Return the number that a picture shows."""
    assert shown is not None
    picture = drawn(shown, reader.shape, place)
    return number_in(np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.width, 4))


def at(reader: Reader, stamp: float) -> Shown | None:
    return reader.at(lambda: stamp)


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.mp4", "libx264", 25.0),
        ("a.mkv", "libx264", 120.0),
        ("a.ts", "libx264", 25.0),
        ("a.avi", "mpeg4", 25.0),
        ("a.mp4", "libx265", 30.0),
        ("a.webm", "libvpx-vp9", 25.0),
    ],
)
def test_every_moment_has_its_picture(tmp_path: Path, name: str, codec: str, rate: float) -> None:
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    options |= {"deadline": "realtime", "cpu-used": "8"} if "vp9" in codec else {}
    seconds = 6.0
    reader = Reader(film(tmp_path / name, even(seconds, rate), codec=codec, gop=60, options=options or {}))
    first = at(reader, 0.2)
    assert first is not None
    begin = first.begin - number(reader, first) / rate  # a transport stream begins later than 0
    rng = random.Random(4)
    for moment in [rng.uniform(0, seconds - 0.1) for _ in range(25)]:
        shown = at(reader, begin + moment)
        assert shown is not None and shown.begin - CLOSE <= begin + moment < shown.end
        assert number(reader, shown) == int((shown.begin - begin) * rate + 0.5)
        assert abs(moment - number(reader, shown) / rate) < 1 / rate + CLOSE
    reader.close()


def test_a_list_of_other_files_is_no_video(tmp_path: Path) -> None:
    asked = []

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Asked) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        at = f"http://127.0.0.1:{server.server_port}/a.ts"
        (tmp_path / "hour.mp4").write_text(f"#EXTM3U\n#EXTINF:9,\n{at}\n#EXT-X-ENDLIST\n", "utf-8")
        (tmp_path / "hour.m3u8").write_bytes((tmp_path / "hour.mp4").read_bytes())
        for name in ("hour.mp4", "hour.m3u8"):
            with pytest.raises(VideoError, match=r"cannot be read as a video|no pictures"):
                Reader(tmp_path / name)
        server.shutdown()
    assert asked == []


def test_steps_go_from_picture_to_picture_both_ways(tmp_path: Path) -> None:
    reader = Reader(film(tmp_path / "a.mp4", even(4.0), gop=40, options={}))
    shown, seen = at(reader, 2.0), []
    for _ in range(12):
        assert shown is not None
        shown = reader.after(shown.begin)
        seen.append(number(reader, shown))
    for _ in range(60):
        assert shown is not None
        shown = reader.before(shown.begin)
        seen.append(number(reader, shown))
    assert seen == [*range(51, 63), *range(61, 1, -1)]
    assert at(reader, -0.5) is None and reader.before(0.01) is None


def test_a_picture_lasts_until_the_next_one_at_a_variable_rate(tmp_path: Path) -> None:
    stamps = [0.0, 0.04, 0.2, 2.5, 2.52, 5.0, 5.01]
    reader = Reader(film(tmp_path / "a.mkv", stamps, gop=3, options={}))
    for k, stamp in enumerate(stamps[:-1]):
        for moment in (stamp + 0.002, stamps[k + 1] - 0.003):
            assert number(reader, at(reader, moment)) == k, moment


def test_the_end_is_no_picture(tmp_path: Path) -> None:
    reader = Reader(film(tmp_path / "a.mp4", even(2.0)))
    assert number(reader, at(reader, 1.99)) == 49
    assert at(reader, 30.0) is None
    assert number(reader, at(reader, 1.0)) == 25


@pytest.mark.parametrize(("angle", "turned"), [(0, False), (90, True), (180, False), (-90, True)])
def test_a_turned_phone_gives_upright_pictures(tmp_path: Path, angle: int, turned: bool) -> None:
    reader = Reader(film(tmp_path / "a.mp4", even(1.0)))
    shown = at(reader, 0.5)
    assert shown is not None

    whole = shown.frame

    class Turned:
        """A picture that was taken with the phone held another way."""

        rotation = angle
        width, height = SIZE
        reformat = whole.reformat

    picture = drawn(Shown(Turned(), shown.begin, shown.end), reader.shape, (320, 320))  # type: ignore[arg-type]
    assert (picture.width < picture.height) is turned
    pixels = np.frombuffer(picture.data, np.uint8).reshape(picture.height, picture.width, 4)
    back = np.rot90(pixels, -round(angle / 90))
    assert number_in(back) == 12


def test_odd_sizes_and_pixels_that_are_not_square_keep_their_proportions(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 161, 91, "yuv444p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        for k in range(5):
            picture = np.full((91, 161, 3), 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = k
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    reader = Reader(path)
    shown = at(reader, 0.05)
    assert shown is not None
    picture_of = drawn(shown, reader.shape, (1000, 1000))
    assert picture_of.width / picture_of.height == pytest.approx(2 * 161 / 91, rel=0.01)
    assert len(picture_of.data) == 4 * picture_of.width * picture_of.height


def test_a_stretch_that_cannot_be_decoded_is_no_picture_and_those_around_it_are(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", even(12.0), gop=25, options={})
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : 2 * third] = bytes(third)
    path.write_bytes(bytes(data))
    reader = Reader(path)
    assert number(reader, at(reader, 1.0)) == 25
    faults = 0
    for moment in np.arange(1.0, 11.5, 0.25):
        with suppress(VideoError):
            shown = at(reader, float(moment))
            if shown is not None:
                assert shown.begin - CLOSE <= moment < shown.end
                faults += int(moment - shown.begin > 0.5)  # the pane says how old it is
                continue
        faults += 1
    assert faults > 4, "nothing was broken"
    assert number(reader, at(reader, 1.0)) == 25


def test_what_is_no_video_is_said_in_one_line(tmp_path: Path) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("not a video", "utf-8")
    for path in (text, tmp_path / "missing.mp4", tmp_path):
        with pytest.raises(VideoError, match=r"cannot be read as a video") as told:
            Reader(path)
        assert "\n" not in str(told.value)


def test_sound_alone_has_no_pictures(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        file.mux(stream.encode(frame))
        file.mux(stream.encode())
    with pytest.raises(VideoError, match="has sound and no pictures"):
        Reader(path)


def test_a_file_that_is_deleted_while_it_is_read_is_read_on_or_said_to_be_gone(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", even(4.0))
    reader = Reader(path)
    assert number(reader, at(reader, 1.0)) == 25
    path.unlink()
    assert number(reader, at(reader, 3.0)) == 75
    with pytest.raises(VideoError, match=r"a\.mp4"):
        at(reader, 0.0)  # to stand at its beginning it is opened anew
    assert reader.closed
