"""Images and videos as models see them: pixels, sizes, frames, and one line for whatever cannot be opened."""

import io
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import numpy
import pytest
from PIL import Image

from sailbench import decoder
from sailbench.errors import MediaError
from sailbench.media import Clip, Kept, frame_count, frames, image_size, open_image
from sailbench.rows import Row
from sailbench.types import Media
from sailbench.video import Film, Pixels, Span, by_decoding, by_seeking, placing, sampled

NOISE = numpy.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=numpy.uint8)


def encoded(image, kind, **options):
    held = io.BytesIO()
    image.save(held, kind, **options)
    return held.getvalue()


# Images


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "P", "RGBA", "1", "I;16"])
def test_png_of_every_mode_becomes_rgb_by_plain_conversion(mode):
    image = Image.fromarray(NOISE).convert("I" if mode == "I;16" else mode).convert(mode)
    opened = open_image(Media.image(encoded(image, "PNG")))
    assert (opened.mode, opened.size) == ("RGB", (30, 20))
    assert opened.tobytes() == Image.open(io.BytesIO(encoded(image, "PNG"))).convert("RGB").tobytes()


def test_sixteen_bit_grey_saturates_as_in_the_original_toolkit():
    deep = Image.fromarray(numpy.array([[0, 100, 255, 256, 65535]], dtype=numpy.uint16))
    opened = open_image(Media.image(encoded(deep, "PNG")))
    assert [opened.getpixel((x, 0))[0] for x in range(5)] == [0, 100, 255, 255, 255]


def test_cmyk_jpeg_becomes_rgb():
    image = Image.fromarray(NOISE).convert("CMYK")
    assert open_image(Media.image(encoded(image, "JPEG"))).mode == "RGB"


def test_an_animation_is_its_first_frame():
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    animation = encoded(red, "GIF", save_all=True, append_images=[blue])
    assert open_image(Media.image(animation)).getpixel((0, 0)) == (255, 0, 0)


def test_exif_orientation_is_not_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(NOISE).save(tmp_path / "a.jpg", exif=exif)
    assert open_image(Media.image(tmp_path / "a.jpg")).size == image_size(Media.image(tmp_path / "a.jpg")) == (30, 20)


def png_header(width, height):
    """A PNG that ends after its header: the size can be read, pixels cannot."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + b"\0\0\0\0IDAT"
    )


def test_the_size_is_read_without_decoding():
    assert image_size(Media.image(png_header(30_000, 12_000))) == (30_000, 12_000)


def test_an_image_of_30000_pixels_width_opens():
    wide = encoded(Image.new("L", (30_000, 40)), "PNG")
    assert open_image(Media.image(wide)).size == (30_000, 40)


@pytest.mark.parametrize("size", [(30_000, 20_000), (60_000, 60_000)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_refused_before_it_is_decoded(size):
    with pytest.raises(MediaError, match="too large to open"):
        open_image(Media.image(png_header(*size)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"<html>not found</html>", "cannot be opened as an image: cannot identify image file"),
        (encoded(Image.fromarray(NOISE), "PNG")[:400], "cannot be opened as an image"),
        (encoded(Image.fromarray(NOISE), "JPEG")[:-99], "cannot be opened as an image: image file is truncated"),
        (png_header(8, 8), "cannot be opened as an image"),
    ],
)
def test_what_is_no_image_is_one_line(tmp_path, content, said):
    (tmp_path / "a.png").write_bytes(content)
    for source in (content, tmp_path / "a.png"):
        with pytest.raises(MediaError, match=said) as told:
            open_image(Media.image(source))
        assert "\n" not in str(told.value)
        assert "0x" not in str(told.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MediaError, match=f"there is no file {tmp_path}/a.png"):
        image_size(Media.image(tmp_path / "a.png"))


# Videos


def film(path, codec="libx264", count=60, times=None, **options):
    """A clip of `count` frames at 30 a second, each one different; `times` sets when each is shown."""
    with av.open(str(path), "w", options=options.pop("container", {})) as container:
        stream = container.add_stream(codec, rate=30, options={k.replace("_", "-"): v for k, v in options.items()})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 30)
        for number in range(count):
            pixels = numpy.full((48, 64, 3), number * 4 % 256, dtype=numpy.uint8)
            pixels[:, number % 64] = 255
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = times[number] if times else number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def recut(source, path, skip=0, shift=0):
    """The packets of a clip copied without decoding, the first `skip` left out, all `shift` earlier."""
    with av.open(str(source)) as given, av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as taken:
        stream = taken.add_stream_from_template(given.streams.video[0])
        for packet in [packet for packet in given.demux(video=0) if packet.size][skip:]:
            packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
            taken.mux(packet)
    return path


def decoded(path):
    with av.open(str(path)) as container:
        return [frame.to_image().tobytes() for frame in container.decode(video=0)]


OPEN_GOP = "open-gop=1:keyint=10:bframes=3:b-pyramid=normal"
UNEVEN = list(accumulate([1, 3, 1, 7, 2, 1, 1, 5] * 8))
CLIPS = {
    "b-frames.mp4": lambda at: film(at, bf="2", g="12"),
    "b-frames.mkv": lambda at: film(at, bf="2", g="12"),
    "open-gop.mp4": lambda at: film(at, x264_params=OPEN_GOP),
    "uneven-gop.mp4": lambda at: film(at, force_key_frames="expr:gte(t,n_forced*n_forced*0.1)", g="250"),
    "uneven-times.mp4": lambda at: film(at, times=UNEVEN, bf="2", g="12"),
    "fragments.mp4": lambda at: film(at, container={"movflags": "frag_keyframe+empty_moov"}, g="12"),
    "vp9.webm": lambda at: film(at, "libvpx-vp9", auto_alt_ref="1", lag_in_frames="16", cpu_used="8", g="20"),
    "trimmed.mp4": lambda at: recut(film(at.with_name("whole.mp4"), bf="2", g="12"), at, shift=7 * 512),
    "one-frame.mp4": lambda at: film(at, count=1),
}
WHOLE_CLIPS = {
    "mpeg4.mp4": lambda at: film(at, "mpeg4", bf="2", g="12"),
    "mpeg4.avi": lambda at: film(at, "mpeg4", bf="2", g="12"),
    "mpeg2.mpg": lambda at: film(at, "mpeg2video", bf="2", g="12"),
    "stream.ts": lambda at: film(at, bf="2", g="12"),
    "vp8.webm": lambda at: film(at, "libvpx", auto_alt_ref="1", lag_in_frames="16", cpu_used="8"),
    "no-key-frames.mp4": lambda at: film(at, x264_params="intra-refresh=1:keyint=10"),
    "begins-mid-gop.mkv": lambda at: recut(film(at.with_name("whole.mkv"), x264_params=OPEN_GOP), at, skip=10),
}


@pytest.mark.parametrize("name", [*CLIPS, *WHOLE_CLIPS])
def test_frames_are_those_of_decoding_everything(tmp_path, name):
    clip = Media.video((CLIPS | WHOLE_CLIPS)[name](tmp_path / name))
    everything = decoded(clip.source)
    assert frame_count(clip) == len(everything)
    for n in (1, 16, 100):
        assert [one.tobytes() for one in frames(clip, n)] == [everything[k] for k in sampled(len(everything), n)]


@pytest.mark.parametrize("name", CLIPS)
def test_only_what_leads_to_the_frames_is_decoded_where_that_is_exact(tmp_path, name):
    film, wanted = Film(str(CLIPS[name](tmp_path / name)), name), placing(4, None)
    assert by_seeking(film, wanted) == by_decoding(film, wanted)


def test_places_are_those_of_the_original_toolkit():
    assert sampled(1800, 16) == [105, 211, 317, 423, 529, 635, 741, 847, 952, 1058, 1164, 1270, 1376, 1482, 1588, 1694]
    assert sampled(3, 8) == [0, 0, 1, 1, 1, 2, 2, 2]
    assert sampled(1, 2) == [0, 0]


def test_frames_of_a_video_in_memory_equal_those_of_the_file(tmp_path):
    path = film(tmp_path / "a.mp4")
    in_memory, in_file = frames(Media.video(path.read_bytes()), 3), frames(Media.video(path), 3)
    assert [one.tobytes() for one in in_memory] == [one.tobytes() for one in in_file]
    assert {(one.mode, one.size) for one in in_file} == {("RGB", (64, 48))}


def test_a_colon_in_a_name_is_no_protocol(tmp_path):
    assert frame_count(Media.video(film(tmp_path / "http:a.mp4", count=3))) == 3


def test_a_folder_of_images_stands_for_a_video(tmp_path):
    for number in range(1, 12):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(tmp_path / f"frame_{number}.png")
    (tmp_path / "notes.txt").write_text("no frame")
    (clip,) = Row({}, tmp_path.parent).video(tmp_path.name)
    assert (frame_count(clip), len(clip.digest)) == (11, 64)
    assert [one.getpixel((0, 0))[0] for one in frames(clip, 10)] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]


def test_the_digest_of_a_folder_changes_with_its_frames(tmp_path):
    (tmp_path / "v").mkdir()
    digests = []
    for colour in ("red", "blue"):
        Image.new("RGB", (4, 4), colour).save(tmp_path / "v/1.png")
        digests += [medium.digest for medium in Row({}, tmp_path).video("v")]
    assert len(set(digests)) == 2


def resting():
    """The process of the decoder that waits for the next video."""
    (process,) = decoder._pool().processes
    return process


def test_a_video_that_hangs_the_decoder_is_one_line_and_the_next_one_is_read(tmp_path, monkeypatch):
    clip = Media.video(film(tmp_path / "a.mp4", count=3))
    assert frame_count(clip) == 3
    monkeypatch.setattr(decoder, "SECONDS", 0.6)
    os.kill(resting(), signal.SIGSTOP)
    with pytest.raises(MediaError, match=r"a\.mp4 took longer than 1 s to decode$"):
        frame_count(clip)
    monkeypatch.undo()
    assert frame_count(clip) == 3


def test_a_video_that_crashes_the_decoder_is_one_line_and_the_next_one_is_read(tmp_path):
    clip = Media.video(film(tmp_path / "a.mp4", count=3).read_bytes())
    assert frame_count(clip) == 3
    os.kill(resting(), signal.SIGSTOP)
    threading.Timer(0.1, os.kill, (resting(), signal.SIGKILL)).start()
    with pytest.raises(MediaError, match=r"the video \w{12} \(\d+ bytes\) crashed the decoder$"):
        frame_count(clip)
    assert frame_count(clip) == 3


def test_a_decoder_that_dies_at_rest_is_replaced(tmp_path):
    clip = Media.video(film(tmp_path / "a.mp4", count=3))
    assert frame_count(clip) == 3
    os.kill(dead := resting(), signal.SIGKILL)
    decoder._pool()._resting[0].process.wait()
    assert (frame_count(clip), resting() == dead) == (3, False)


FORKED = """
import os, sys
from sailbench import decoder
from sailbench.media import frame_count
from sailbench.types import Media
clip = Media.video(sys.argv[1])
frame_count(clip)
busy = decoder.Decoder()
decoder._pool()._all.add(busy)
before = decoder._pool().processes
child = os.fork()
if not child:
    frame_count(clip)
    print(*decoder._pool().processes, flush=True)
    sys.exit()
os.waitpid(child, 0)
alive = busy.alive and busy.ask(decoder.Film(sys.argv[1], "a"), {})[0]["count"]
print(*before, frame_count(clip), *decoder._pool().processes, alive)
"""


def test_a_fork_has_decoders_of_its_own_and_leaves_its_parent_s_alone(tmp_path):
    command = [sys.executable, "-W", "error", "-c", FORKED, str(film(tmp_path / "a.mp4", count=3))]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1], timeout=30
    )
    forked, before, count, after, alive = done.stdout.split()
    assert forked != before == after and (count, alive) == ("3", "3") and done.stderr == ""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see a process end")
def test_a_decoder_ends_with_its_parent_though_a_fork_lives_on(tmp_path):
    code = FORKED.partition("if not child")[0] + "print(*before, child, flush=True) if child else os.read(0, 1)"
    command = [sys.executable, "-c", code + "; os._exit(0)", str(film(tmp_path / "a.mp4", count=3))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, cwd=Path(__file__).parents[1]) as parent:
        process, fork = map(int, parent.stdout.readline().split())
        parent.wait()
        end = time.monotonic() + 5
        while not ended(process) and time.monotonic() < end:
            time.sleep(0.02)
        assert (ended(process), ended(fork)) == (True, False)


def ended(process):
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or ") Z " in stat.read_text()


def test_threads_decode_side_by_side(tmp_path):
    clips = [Media.video(film(tmp_path / f"{count}.mp4", count=count)) for count in range(3, 9)]
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(frame_count, clips)) == [3, 4, 5, 6, 7, 8]
    decoder._pool()._resting[1:] = []


def test_frames_of_the_last_videos_are_kept_by_content_and_number(tmp_path):
    clip = Media.video(film(tmp_path / "a.mp4"))
    before = [one.tobytes() for one in frames(clip, 3)]
    (tmp_path / "a.mp4").unlink()
    assert [one.tobytes() for one in frames(clip, 3)] == before
    with pytest.raises(MediaError, match="there is no file"):
        frames(clip, 4)


def test_kept_frames_are_those_asked_for_last_and_never_more_than_the_limit():
    kept, ten = Kept(25), [Pixels((1, 1), b"0123456789")]
    for name in "abc":
        kept.put((name, 1), ten * 7)
        kept.get(("a", 1))
    assert (len(kept), kept.size) == (2, 20)
    assert [kept.get((name, 1)) is not None for name in "abc"] == [True, False, True]


def test_a_clip_shows_the_middles_of_equal_parts(tmp_path):
    video = Media.video(film(tmp_path / "a.mp4"))
    everything = decoded(video.source)
    places = [31, 34, 37, 40, 43, 46, 49, 52]  # the authors' get_index((1, 1.8), 30, 59) for eight segments
    assert [one.tobytes() for one in frames(Clip.of(video, 1, 1.8), 8)] == [everything[k] for k in places]
    assert frame_count(Clip.of(video, 1, 1.8)) == 60


@pytest.mark.parametrize(
    ("ends", "total", "rate", "places"),
    [
        ((None, None), 100, 25, [12, 37, 62, 86]),
        ((2.0, 3.0), 100, 25, [53, 59, 65, 72]),
        ((2.0, 9.0), 100, 25, [56, 68, 80, 93]),
        ((0.4, 0.4), 100, 25, [10, 10, 10, 10]),
        ((7.0, 9.0), 100, 25, [99, 99, 99, 99]),
    ],
)
def test_places_of_a_span_are_those_of_the_original(ends, total, rate, places):
    assert Span(*ends).places(total, 4, rate) == places


def test_a_clip_of_a_folder_counts_its_seconds_by_the_frames(tmp_path):
    for number in range(1, 31):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(tmp_path / f"{number:05}.png")
    (folder,) = Row({}, tmp_path.parent).video(tmp_path.name)
    assert [one.getpixel((0, 0))[0] for one in frames(Clip.of(folder, 2, 6), 4)] == [7, 10, 13, 16]
    assert [one.getpixel((0, 0))[0] for one in frames(Clip.of(folder), 3)] == [5, 15, 24]


def test_clips_of_one_video_are_told_apart_and_one_of_no_video_has_no_digest(tmp_path):
    video, gone = Media.video(film(tmp_path / "a.mp4", count=3)), Media.video(tmp_path / "gone.mp4")
    assert len({Clip.of(video).digest, Clip.of(video, 1, 2).digest, Clip.of(video, 1, 3).digest, video.digest}) == 4
    assert (Clip.of(gone, 1, 2).digest, str(Clip.of(gone, 1, 2).source)) == ("", f"{tmp_path}/gone.mp4 from 1 to 2 s")


def song(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        sound = av.AudioFrame.from_ndarray(numpy.zeros((2, 1024), dtype=numpy.float32), format="fltp", layout="stereo")
        sound.rate = 48_000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    return path.read_bytes()


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda whole, _: b"", "is empty"),
        (lambda whole, _: whole[: len(whole) // 2], "cannot be read as a video"),
        (lambda whole, _: b"no video at all" * 100, "cannot be read as a video"),
        (lambda _, folder: song(folder / "song.m4a"), "holds no video stream"),
        (lambda _, folder: b"#EXTM3U\n#EXTINF:1\nwhole.mp4\n#EXT-X-ENDLIST\n", "cannot be read as a video"),
        (lambda _, folder: b"ffconcat version 1.0\nfile whole.mp4\n", "cannot be read as a video"),
    ],
)
def test_what_is_no_video_is_one_line(tmp_path, broken, said):
    (tmp_path / "a.mp4").write_bytes(broken(film(tmp_path / "whole.mp4").read_bytes(), tmp_path))
    for read in (frame_count, lambda medium: frames(medium, 4)):
        with pytest.raises(MediaError, match=said) as told:
            read(Media.video(tmp_path / "a.mp4"))
        assert "\n" not in str(told.value)


def test_a_video_cut_off_after_its_index_is_an_error(tmp_path):
    whole = film(tmp_path / "whole.mp4", container={"movflags": "faststart"}).read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(MediaError, match=r"a\.mp4 is cut off in the middle"):
        frames(Media.video(tmp_path / "a.mp4"), 4)


def test_an_empty_folder_is_no_video(tmp_path):
    with pytest.raises(MediaError, match="holds no images"):
        frames(Media("video", str(tmp_path), ""), 4)


def test_importing_the_room_loads_no_decoder():
    heavy = {"PIL", "av", "torch", "pyarrow", "datasets"}
    code = f"import sys, sailbench.media, sailbench.data\nprint({heavy} & set(sys.modules))"
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout == "set()\n"
