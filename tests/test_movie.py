"""The movie file: frames as a full redraw draws them, facts of the file, and every bad end."""

import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import imageio_ffmpeg
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from swarm import animator, movie
from swarm.movie import EncoderError, Movie, Stage
from swarm.movie import _encoder as encoder
from swarm.style import DARK, LIGHT

FRAMES = 12
RNG = np.random.default_rng(0)
X = np.linspace(-3, 3, 41)
CURVES = np.sin(X) * np.linspace(0, 1, FRAMES)[:, None] + RNG.normal(0, 0.3, (7, 1, 1)) * X


def small_plots():
    lines = animator.LineSwarm.standard(X, np.sin(X), CURVES, set_title="curves")
    bars = animator.HistogramSwarm.from_swarm(CURVES, 20, set_title="values")
    return [lines, bars]


def make(path, **options):
    options = {"size": (320, 240), "progress": False} | options
    return animator.swarm_animate(small_plots(), path, **options)


def everything(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def ffmpeg_facts(path: Path) -> str:
    """What ffmpeg says of a file, the whole of which it reads."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stderr


def decoded(path: Path, width: int, height: int) -> np.ndarray:
    """All frames, in order, shape (frame, height, width, 3)."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path)]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def boxes(path: Path) -> list[str]:
    """Names of the top-level boxes of an mp4 file, in order."""
    data, place, names = path.read_bytes(), 0, []
    while place < len(data):
        names.append(data[place + 4 : place + 8].decode())
        place += int.from_bytes(data[place : place + 4], "big")
    return names


class Restless:
    """A third party's plot: makes new artists for each frame, some behind what stands still."""

    num_frames = 3

    def plot_init(self, ax):
        self.ax = ax
        ax.set(xlim=(0, 1), ylim=(0, 1))
        ax.plot([0, 1], [0, 1], color="C1", linewidth=5, zorder=4)
        self.artists = [ax.fill_between([0, 1], 0, 0.5, zorder=1.5)]

    def animate(self, frame):
        for artist in self.artists:
            artist.remove()
        height = [0.2, 0.6, 0.9][frame]
        self.artists = [
            self.ax.fill_between([0, 1], 0, height, color="C0", zorder=1.5),
            self.ax.text(0.1, height, f"{frame}", zorder=5),
        ]


class Inset:
    """A third party's plot that moves in an inset and in 3-D axes."""

    num_frames = 3

    def plot_init(self, ax):
        ax.plot([0, 1], [0, 1])
        inner = ax.inset_axes((0.1, 0.6, 0.3, 0.3))
        inner.set(xlim=(0, 1), ylim=(0, 1))
        self.artists = inner.plot([0, 1], [0, 0], color="C1")

    def animate(self, frame):
        self.artists[0].set_ydata([0, frame / 2])


class Twin(animator.LineSwarm):
    """Twin axes, a note across the figure and a legend of it, made by a hook: all in front."""

    def __init__(self):
        def twin(ax):
            other = ax.twinx()
            other.plot([-3, 3], [0, 9], color="C1", linewidth=6)
            other.set_facecolor("none")
            ax.figure.text(0.4, 0.5, "a note", size=30)
            ax.figure.add_axes((0.3, 0.3, 0.2, 0.2)).plot([0, 1])
            ax.set_title("over all")

        super().__init__(X, CURVES, twin, truth=np.sin(X))


class Pair:
    """A third party's plot that moves in both of a pair of twin axes, and beyond them."""

    num_frames = 3

    def plot_init(self, ax):
        other = ax.twinx()
        ax.set_title("a title that something moves over")
        self.artists = [
            ax.fill_between([0, 1], 0, 0.5, color="C0"),
            *other.plot([0, 1], [0, 1], color="C1", linewidth=9),
            ax.text(0.1, 1, "over", size=20),
        ]

    def animate(self, frame):
        self.artists[1].set_ydata([0, frame])
        self.artists[2].set_position((0.1 + frame / 5, 1))


SWEEP = [{"a": a, "b": b, "loss": RNG.random((2, 3))} for a in (1, 2) for b in (1, 2, 3)]


def all_kinds():
    fields = RNG.normal(size=(3, 5, 6))
    fields[1, 2, 3] = np.nan
    return [
        animator.LineSwarm.standard(X, np.sin(X), CURVES, color_by=range(7)),
        animator.HistogramSwarm.from_swarm(CURVES, 20),
        animator.DensitySwarm(X, CURVES, truth=np.sin(X)),
        animator.LossSwarm(np.abs(CURVES).mean(2)),
        animator.ScatterSwarm(np.cumsum(RNG.normal(size=(9, 3, 2)), axis=1), trail=2),
        animator.ImageSwarm(fields, label="height"),
        animator.HeatmapSwarm(SWEEP, "a", "b"),
        Restless(),
        Inset(),
        Twin(),
        Pair(),
    ]


@pytest.mark.parametrize("plot", all_kinds(), ids=lambda plot: type(plot).__name__)
@pytest.mark.parametrize("style", [LIGHT, DARK], ids=["light", "dark"])
def test_a_frame_is_what_a_full_redraw_of_the_figure_gives(plot, style):
    with mpl.rc_context(style.rc(4)):
        figure = Figure(figsize=(4, 3), dpi=80, layout="constrained")
        plot.plot_init(figure.subplots())
        figure.axes[0].plot([], [], label="in front")
        figure.axes[0].legend(loc="lower right")
        stage = Stage(figure, [plot])
        frames = [np.array(stage.draw(number)) for number in (0, 2, 1)]
        for frame, number in zip(frames, (0, 2, 1), strict=True):
            plot.animate(number)
            for artist in figure.findobj():
                artist.set_animated(False)
            whole = FigureCanvasAgg(figure)
            whole.draw()
            np.testing.assert_array_equal(frame, np.asarray(whole.buffer_rgba()))
    assert not np.array_equal(frames[0], frames[1])


def test_a_3d_plot_is_drawn_whole():
    figure = Figure(figsize=(3, 3), dpi=60)
    axes = figure.add_subplot(projection="3d")
    (line,) = axes.plot([0, 1], [0, 1], [0, 0])
    axes.set_zlim(0, 1)

    class Tilt:
        artists = (line,)

        def animate(self, frame):
            line.set_data_3d([0, 1], [0, 1], [0, frame])

    stage = Stage(figure, [Tilt()])
    stage.draw(0)
    frame = np.array(stage.draw(1))
    axes.set_animated(False)
    FigureCanvasAgg(figure).draw()
    np.testing.assert_array_equal(frame, np.asarray(figure.canvas.buffer_rgba()))


def test_an_mp4_has_all_frames_in_a_form_that_every_browser_plays(tmp_path):
    made = make(tmp_path / "a.mp4")
    facts = ffmpeg_facts(made.path)
    assert re.search(r"Video: h264 .*yuv420p\(tv, bt709", facts)
    assert re.search(r"320x240.* 30 fps", facts)
    assert re.findall(r"frame=\s*(\d+)", facts)[-1] == str(FRAMES)
    names = boxes(made.path)
    assert names.index("moov") < names.index("mdat")
    assert (made.width, made.height, made.frames, made.fps) == (320, 240, FRAMES, 30)
    assert made.duration == pytest.approx(FRAMES / 30)
    assert everything(tmp_path) == {"a.mp4"}


def test_frames_in_the_file_are_those_drawn_in_their_order(tmp_path):
    made = make(tmp_path / "a.mp4", quality="high", counter=None)
    film = decoded(made.path, 320, 240).astype(int)
    with mpl.rc_context(LIGHT.rc(3.2)):
        figure = Figure(figsize=(3.2, 2.4), dpi=100, layout="constrained")
        plots = small_plots()
        for plot, axes in zip(plots, figure.subplots(2, 1), strict=True):
            plot.plot_init(axes)
        stage = Stage(figure, plots)
        drawn = np.array([np.array(stage.draw(k))[..., :3] for k in range(FRAMES)]).astype(int)
    gaps = np.abs(film[:, None] - drawn[None]).mean(axis=(2, 3, 4))  # (of the film, drawn)
    assert (gaps.argmin(axis=1) == np.arange(FRAMES)).all()
    assert gaps.diagonal().max() < 3


def test_backgrounds_are_those_of_the_page_light_and_dark(tmp_path):
    made = make(tmp_path / "a.mp4", dark=True)
    assert made.dark == tmp_path / "a.dark.mp4"
    corner = made.poster()[:4, :4].reshape(-1, 3)
    assert np.abs(corner.astype(int) - 255).max() <= 2
    corner = made.poster(dark=True)[:4, :4].reshape(-1, 3)
    assert np.abs(corner.astype(int) - (0x13, 0x14, 0x16)).max() <= 2


@pytest.mark.parametrize(("suffix", "codec"), [(".webm", "vp9"), (".gif", "gif")])
def test_other_endings_give_other_formats(tmp_path, suffix, codec):
    made = make(tmp_path / f"a{suffix}", fps=25)
    facts = ffmpeg_facts(made.path)
    assert f"Video: {codec}" in facts
    assert re.findall(r"frame=\s*(\d+)", facts)[-1] == str(FRAMES)
    assert made.poster().shape == (240, 320, 3)
    assert everything(tmp_path) == {f"a{suffix}"}


def test_a_gif_keeps_its_colours(tmp_path):
    made = make(tmp_path / "a.gif", fps=25)
    with Image.open(made.path) as gif:
        assert gif.n_frames == FRAMES
        assert gif.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_a_name_may_hold_what_ffmpeg_takes_for_a_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("loss: 3.mp4", "pipe:1.gif", "100%d.mp4"):
        made = make(name, fps=25)
        assert made.poster().shape == (240, 320, 3)
        assert Movie.open(name).frames == FRAMES
    assert everything(tmp_path) == {"loss: 3.mp4", "pipe:1.gif", "100%d.mp4"}


def test_odd_sizes_become_even(tmp_path):
    made = make(tmp_path / "a.mp4", size=(321, 243))
    assert made.width % 2 == made.height % 2 == 0
    assert abs(made.width - 321) == abs(made.height - 243) == 1
    assert f"{made.width}x{made.height}" in ffmpeg_facts(made.path)


def test_higher_quality_makes_a_larger_file(tmp_path):
    sizes = [
        make(tmp_path / f"{quality}.mp4", quality=quality).path.stat().st_size
        for quality in ("small", "standard", "high")
    ]
    assert sizes == sorted(set(sizes))


def test_the_same_movie_twice_is_the_same_file(tmp_path):
    first, second = make(tmp_path / "a.mp4"), make(tmp_path / "b.mp4")
    assert first.path.read_bytes() == second.path.read_bytes()


def test_a_poster_is_the_frame_asked_for(tmp_path):
    made = make(tmp_path / "a.mp4")
    film = decoded(made.path, 320, 240)
    for number in (0, 5, -1):
        np.testing.assert_array_equal(made.poster(number), film[number])
    assert made.poster_frame == FRAMES - 1
    np.testing.assert_array_equal(made.poster(), film[-1])
    with pytest.raises(IndexError, match="frame 12 is not one of the 12"):
        made.poster(FRAMES)
    with pytest.raises(ValueError, match="no dark version"):
        made.poster(dark=True)


def test_a_movie_shows_itself_in_a_notebook(tmp_path):
    made = make(tmp_path / "a.mp4", title="curves & <values>")
    page = made._repr_html_()
    assert page.startswith("<video controls")
    assert "data:video/mp4;base64," in page
    assert 'aria-label="curves &amp; &lt;values&gt;"' in page
    assert "<img" in make(tmp_path / "a.gif", fps=20)._repr_html_()
    made.path.unlink()
    assert "no longer there" in made._repr_html_()


def test_a_movie_file_can_be_opened(tmp_path):
    made = make(tmp_path / "a.mp4", fps=24)
    opened = Movie.open(made.path, title=made.title)
    assert opened == made
    (tmp_path / "no.mp4").write_text("not a movie")
    with pytest.raises(ValueError, match="not a movie that ffmpeg can read"):
        Movie.open(tmp_path / "no.mp4")
    with pytest.raises(FileNotFoundError, match="there is no movie"):
        Movie.open(tmp_path / "none.mp4")


def test_progress_is_reported_frame_by_frame(tmp_path):
    seen = []
    make(tmp_path / "a.mp4", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(k, FRAMES) for k in range(1, FRAMES + 1)]


def test_a_progress_bar_can_be_asked_for(tmp_path, capsys):
    make(tmp_path / "a.mp4", progress=True)
    assert "frame" in capsys.readouterr().err


def test_drawing_a_movie_changes_no_global_settings(tmp_path):
    before = dict(mpl.rcParams)
    make(tmp_path / "a.mp4", dark=True)
    assert dict(mpl.rcParams) == before


# Bad ends. An older good file stays, and nothing else does.


@pytest.fixture
def older(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"older")
    yield path
    assert path.read_bytes() == b"older"
    assert everything(tmp_path) - {"ffmpeg", "words"} == {"a.mp4"}


def fake_ffmpeg(folder: Path, script: str) -> str:
    path = folder / "ffmpeg"
    path.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{script}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


posix = pytest.mark.skipif(os.name == "nt", reason="scripts stand in for ffmpeg")


@posix
def test_frames_that_wait_for_a_slow_encoder_stay_as_they_were_drawn(tmp_path, monkeypatch):
    class Shade:
        num_frames = 10

        def plot_init(self, ax):
            self.artists = [ax.figure.add_artist(Rectangle((0, 0), 1, 1))]

        def animate(self, frame):
            self.artists[0].set_facecolor((frame / 10, 0, 0))

    # Each frame is larger than the pipe, so that it waits in our memory, and read far more
    # slowly than the next ones are drawn. The "movie" is a red value from the middle of each.
    script = """
with open(sys.argv[-1].removeprefix("file:"), "wb") as file:
    for _ in range(10):
        time.sleep(0.1)
        file.write(sys.stdin.buffer.read(800 * 600 * 4)[800 * 300 * 4 : 800 * 300 * 4 + 1])
"""
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", fake_ffmpeg(tmp_path, script))
    animator.swarm_animate(Shade(), tmp_path / "a.mp4", size=(800, 600), counter=None)
    arrived = np.frombuffer((tmp_path / "a.mp4").read_bytes(), np.uint8)
    np.testing.assert_allclose(arrived, np.arange(10) * 25.5, atol=0.51)


@posix
def test_a_full_disk_is_reported_in_the_encoders_own_words(older, tmp_path, monkeypatch):
    real = imageio_ffmpeg.get_ffmpeg_exe()
    script = tmp_path / "ffmpeg"
    # Files of this process may not grow beyond a block: writing fails as on a full disk.
    script.write_text(f"#!/bin/sh\ntrap '' XFSZ\nulimit -f 1\nexec {real} \"$@\"\n")
    script.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script))
    with pytest.raises(EncoderError, match=r"last words: .*File too large"):
        make(older, size=(640, 480), quality="high")


@posix
def test_an_encoder_that_fails_midway_is_reported(older, tmp_path, monkeypatch):
    script = "sys.stdin.buffer.read(1_000_000)\nsys.exit('No space left on device')"
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", fake_ffmpeg(tmp_path, script))
    with pytest.raises(EncoderError, match=r"exit status 1.*No space left on device"):
        make(older)


@posix
def test_a_killed_encoder_is_reported(older, tmp_path, monkeypatch):
    script = "sys.stdin.buffer.read(1_000_000)\nos.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", fake_ffmpeg(tmp_path, script))
    with pytest.raises(EncoderError, match="exit status -9"):
        make(older, dark=True)


@posix
def test_an_encoder_that_writes_nothing_is_reported(older, tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", fake_ffmpeg(tmp_path, "sys.stdin.buffer.read()"))
    with pytest.raises(EncoderError, match="failed after 12 frames, with exit status 0"):
        make(older)


def test_a_missing_encoder_is_reported(older, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    with pytest.raises(EncoderError, match="cannot start ffmpeg"):
        make(older)

    def none():
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setattr(encoder.imageio_ffmpeg, "get_ffmpeg_exe", none)
    with pytest.raises(EncoderError, match="set IMAGEIO_FFMPEG_EXE"):
        make(older)


def test_an_interrupt_leaves_nothing_behind(older):
    def press_ctrl_c(done, total):
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(older, dark=True, progress=press_ctrl_c)


@posix
@pytest.mark.slow
def test_ctrl_c_in_a_terminal_leaves_nothing_behind(older, tmp_path):
    script = (
        # Whoever runs the tests in the background makes their children deaf to Ctrl-C.
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import numpy as np\nfrom swarm import animator\n"
        "data = np.random.default_rng(0).normal(size=(20, 20000, 50))\n"
        "plot = animator.LineSwarm(np.arange(50.0), data)\n"
        "tell = lambda done, total: done == 3 and print('playing', flush=True)\n"
        f"animator.swarm_animate([plot], {str(older)!r}, progress=tell)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout.readline() == "playing\n"
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
            _, words = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode != 0
    assert words.strip().endswith("KeyboardInterrupt")


def test_a_plot_that_fails_midway_leaves_nothing_behind(older):
    class Broken(animator.LineSwarm):
        def animate(self, frame):
            if frame == 4:
                raise ArithmeticError("frame 4")
            super().animate(frame)

    with pytest.raises(ArithmeticError, match="frame 4"):
        animator.swarm_animate([Broken(X, CURVES)], older, size=(320, 240), dark=True)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"fps": 0}, "fps must be above 0"),
        ({"fps": float("nan")}, "fps must be above 0"),
        ({"quality": "best"}, "quality must be one of small, standard, high, got 'best'"),
        ({"every": 0}, "every must be at least 1, got 0"),
        ({"max_seconds": -1}, "max_seconds must be above 0"),
        ({"size": (1, 1)}, "at least 2 by 2 pixels"),
        ({"size": None, "dpi": 0}, "dpi must be above 0"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_settings_out_of_range_are_refused_at_once(older, options, error):
    with pytest.raises(ValueError, match=error):
        make(older, **options)


def test_a_name_that_cannot_be_a_movies_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match=r"'a\.avi'.*must end in \.mp4, \.webm, \.gif"):
        make(tmp_path / "a.avi")
    with pytest.raises(ValueError, match="at most 50"):
        make(tmp_path / "a.gif", fps=60)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        make(tmp_path / "none" / "a.mp4")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        make(tmp_path / "file" / "a.mp4")
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        make(tmp_path / "folder.mp4")
    assert everything(tmp_path) == {"file", "folder.mp4"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder without access")
def test_an_unwritable_folder_is_refused_at_once(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="cannot write"):
            make(tmp_path / "a.mp4")
    finally:
        tmp_path.chmod(0o700)


def test_a_movie_needs_frames(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        movie.record({}, [])


def test_a_new_movie_replaces_an_older_one_with_ordinary_permissions(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"older")
    (tmp_path / "ordinary").touch()
    make(path)
    assert path.stat().st_size > 1000
    assert path.stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own figures")
def test_memory_does_not_grow_with_the_number_of_frames():
    script = (
        "import sys, tempfile, numpy as np\nfrom pathlib import Path\n"
        "from swarm import animator\n"
        "plot = animator.ImageSwarm(np.zeros((int(sys.argv[1]), 2, 2)))\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    path = Path(folder) / 'a.mp4'\n"
        "    animator.swarm_animate([plot], path, size=(400, 400), progress=False)\n"
        # Not getrusage: its peak is inherited from the process that started this one.
        "words = Path('/proc/self/status').read_text().split('VmHWM:')[1].split()\n"
        "print(int(words[0]) // 1024)\n"
    )
    peaks = [
        int(subprocess.check_output([sys.executable, "-c", script, str(count)]))
        for count in (10, 210)
    ]
    # 200 frames of 400 x 400 are 122 MiB.
    assert peaks[1] - peaks[0] < 30, peaks


def test_writing_waits_for_a_slow_encoder_rather_than_queueing_frames(tmp_path, monkeypatch):
    if os.name == "nt":
        pytest.skip("scripts stand in for ffmpeg")
    script = "time.sleep(0.5)\nsys.stdin.buffer.read()\n"
    script += "open(sys.argv[-1].removeprefix('file:'), 'w').write('done')"
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", fake_ffmpeg(tmp_path, script))
    picture = np.zeros((200, 200, 4), np.uint8)
    with encoder.encoding(tmp_path / "a.mp4", 200, 200, fps=30) as unfinished:
        start = time.monotonic()
        for _ in range(10):
            unfinished.write(picture)
        assert time.monotonic() - start > 0.2  # ten frames are more than pipe and queue hold
