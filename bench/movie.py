"""How fast movies are: ratios, measured side by side in one run.

    python bench/movie.py [--repeats 3]

The first seed's experiment is trained before anything is timed; the many curves are made up.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import matplotlib as mpl
import numpy as np
from matplotlib.animation import FFMpegWriter, FuncAnimation
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from swarm import animator
from swarm.animator._strokes import Strokes
from swarm.movie import Stage
from swarm.movie._encoder import _video_options, encoding, ffmpeg_exe
from swarm.style import LIGHT

FRAMES = 400
INCHES = (12.0, 12.0)


def swarm(bees: int, frames: int, points: int = 101) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curves that approach a sine, as nets of one hidden layer do: middle first."""
    rng = np.random.default_rng(0)
    x = np.linspace(-3 * np.pi, 3 * np.pi, points, dtype=np.float32)
    learnt = np.exp(-np.abs(x) / (0.2 + 12 * np.linspace(0, 1, frames, dtype=np.float32)[:, None]))
    data = np.empty((bees, frames, points), np.float32)
    for bee in range(bees):
        slope, offset, wiggle, phase = rng.normal(0, (0.05, 0.15, 0.15, 2), 4)
        start = slope * x + offset
        data[bee] = start + learnt * (np.sin(x) - start) + wiggle * np.sin(0.7 * x + phase)
    return x, np.sin(x), data


def seed_swarm() -> dict[str, np.ndarray]:
    """Train the first seed's 500 bees: curves of 50 of them, and where all their neurons bend."""
    import torch  # here, for it would count as memory that drawing needs
    from torch import nn

    from swarm import core, networks

    def bee(x, y):
        net = networks.flat_net(1, 20, activation=nn.ReLU)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
        for _ in range(FRAMES):
            optimiser.zero_grad()
            ypred = net(x)
            nn.functional.mse_loss(ypred, y).backward()
            optimiser.step()
            weight, bias, *_ = net.parameters()
            yield ypred, -bias / weight.flatten()

    x = torch.linspace(-3 * np.pi, 3 * np.pi, 101)
    swarm = core.swarm_train(bee, {"x": x, "y": torch.sin(x)}, 500, seed=20, fields="y,bend")
    return {"x": x.numpy(), "y": swarm["y"][::10], "bend": swarm["bend"].clip(-10, 10)}


def seed_plots(swarm: dict[str, np.ndarray]) -> list[animator.SwarmPlot]:
    """The first seed's movie: 50 curves, and a histogram of 500 x 20 values."""
    x = swarm["x"]
    return [
        animator.LineSwarm.standard(x, np.sin(x), swarm["y"], set_xlim=(-10, 10)),
        animator.HistogramSwarm.from_swarm(
            swarm["bend"],
            100,
            set_title="- Biases/Weights",
            set_ylabel="Count",
            set_xlim=(-10, 10),
        ),
    ]


def func_animation(plots: list[animator.SwarmPlot], path: Path) -> float:
    """Seconds for a movie by matplotlib's own animation, with our encoder's settings."""
    start = time.perf_counter()
    with mpl.rc_context({**LIGHT.rc(INCHES[0]), "animation.ffmpeg_path": ffmpeg_exe()}):
        figure = Figure(figsize=INCHES, dpi=100, layout="constrained")
        FigureCanvasAgg(figure)
        for plot, axes in zip(plots, figure.subplots(len(plots), 1), strict=True):
            plot.plot_init(axes)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")

        def animate(frame: int) -> list:
            for plot in plots:
                plot.animate(frame)
            return [artist for plot in plots for artist in plot.artists]

        movie = FuncAnimation(figure, animate, frames=FRAMES, blit=True, repeat=False)
        options = _video_options(".mp4", "standard")
        codec = options.index("-c:v")
        extra = options[:codec] + options[codec + 2 :]
        movie.save(path, writer=FFMpegWriter(fps=30, codec="libx264", extra_args=extra))
    return time.perf_counter() - start


def ours(plots: list[animator.SwarmPlot], path: Path) -> float:
    """Seconds for the same movie by `swarm_animate`."""
    start = time.perf_counter()
    with animator.figuresize(*INCHES):
        animator.swarm_animate(plots, path, dpi=100, counter=None, progress=False)
    return time.perf_counter() - start


def raw_frames(plots: list[animator.SwarmPlot], path: Path) -> np.ndarray:
    """Draw all frames into a file, to be encoded later."""
    with mpl.rc_context(LIGHT.rc(INCHES[0])):
        figure = Figure(figsize=INCHES, dpi=100, layout="constrained")
        for plot, axes in zip(plots, np.ravel(figure.subplots(len(plots), 1)), strict=True):
            plot.plot_init(axes)
        stage = Stage(figure, plots)
        shape = (plots[0].num_frames, stage.height, stage.width, 4)
        frames = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
        for number in range(len(frames)):
            frames[number] = stage.draw(number)
    return frames


def encode(frames: np.ndarray, path: Path) -> float:
    """Seconds to encode frames that are drawn already."""
    start = time.perf_counter()
    with encoding(path, frames.shape[2], frames.shape[1], fps=30) as encoder:
        for frame in frames:
            encoder.write(frame)
    return time.perf_counter() - start


def lines_alone(curves: np.ndarray, repeats: int) -> float:
    """How many times as long matplotlib's own lines take to draw, without anything else."""
    x = np.linspace(0, 1, curves.shape[2])
    figure = Figure(figsize=INCHES, dpi=100)
    renderer = FigureCanvasAgg(figure).get_renderer()
    axes = figure.add_subplot(xlim=(0, 1), ylim=(curves.min(), curves.max()))
    ratios = []
    for _ in range(5 * repeats):
        seconds = []
        for kind in (LineCollection, Strokes):
            lines = kind(np.zeros((len(curves), len(x), 2)), alpha=0.3)
            axes.add_collection(lines, autolim=False)
            lines.draw(renderer)  # compiled, or loaded, beforehand
            start = time.perf_counter()
            for frame in range(0, curves.shape[1], 40):
                points = np.stack(
                    [np.broadcast_to(x, (len(curves), len(x))), curves[:, frame]], -1
                )
                lines.set_segments(points)
                lines.draw(renderer)
            seconds.append(time.perf_counter() - start)
            lines.remove()
        ratios.append(seconds[0] / seconds[1])
    return median(ratios)


def peak_memory(frames: int) -> float:
    """MiB that a process of its own needs, at most, to draw so many frames of 50 curves."""
    command = [sys.executable, __file__, "--memory", str(frames)]
    return float(subprocess.check_output(command))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    repeats = arguments.repeats
    if arguments.memory:
        with tempfile.TemporaryDirectory() as name:
            x, y, curves = swarm(50, 1)  # one frame of data, played again and again
            curves = np.broadcast_to(curves, (50, arguments.memory, len(x)))
            ours([animator.LineSwarm(x, curves, truth=y)], Path(name) / "a.mp4")
        # Not getrusage: its peak is inherited from the process that started this one.
        print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plots = seed_plots(seed_swarm())
        frames = raw_frames(plots, folder / "frames.npy")
        timings: dict[str, list[float]] = {"func": [], "ours": [], "encode": []}
        for _ in range(repeats):  # in turn, so that a busy moment hits all alike
            timings["encode"].append(encode(frames, folder / "encode.mp4"))
            timings["ours"].append(ours(plots, folder / "ours.mp4"))
            if not timings["func"]:  # which takes minutes
                timings["func"].append(func_animation(plots, folder / "func.mp4"))
        del frames
        (folder / "frames.npy").unlink()
        sizes = {name: (folder / f"{name}.mp4").stat().st_size for name in ("ours", "func")}
        share = sizes["ours"] / sizes["func"]
        print(f"the first seed's movie: {FRAMES} frames of 1200 x 1200, median of {repeats}")
        for key, seconds in timings.items():
            print(f"  {key:7}{median(seconds):7.1f} s   " + " ".join(f"{s:.1f}" for s in seconds))
        faster = timings["func"][0] / median(timings["ours"])
        over = median(o / e for o, e in zip(timings["ours"], timings["encode"], strict=True))
        print(f"  faster than FuncAnimation.save   {faster:6.2f} x   (at least 8)")
        print(f"  time over encoding alone         {over:6.2f} x   (at most 1.25)")
        print(f"  file size over FuncAnimation's   {share:6.2f} x   (at most 1)")
        print(
            f"  sizes: ours {sizes['ours'] // 1024} kB, FuncAnimation {sizes['func'] // 1024} kB"
        )

        x, y, few = swarm(50, FRAMES)
        quicker = lines_alone(few, repeats)
        print(f"50 curves by matplotlib's LineCollection against Strokes  {quicker:6.2f} x")
        lines = [animator.LineSwarm(x, few, truth=y)]
        _, _, many = swarm(10_000, FRAMES)
        density = [animator.DensitySwarm(x, many, truth=y)]
        pairs = []
        for _ in range(repeats):
            pairs.append((ours(density, folder / "a.mp4"), ours(lines, folder / "b.mp4")))
        ratio = median(a / b for a, b in pairs)
        print("10 000 curves by DensitySwarm against 50 by LineSwarm, 400 frames of 1200 x 1200")
        print("  seconds: " + ", ".join(f"{a:.1f} / {b:.1f}" for a, b in pairs))
        print(f"  time                             {ratio:6.2f} x   (at most 1.5)")
        del many, density

    print("peak memory of a process that draws 50 curves, without their data")
    for count in (100, 400, 1600):
        print(f"  {count:4} frames: {peak_memory(count):6.0f} MiB")


if __name__ == "__main__":
    main()
