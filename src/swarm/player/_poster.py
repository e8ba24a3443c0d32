"""Still pictures of a recorded swarm, drawn without a browser."""

import io
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

__all__ = ["SIZES", "draw", "webp"]

SIZES = {"wide": (736, 552), "narrow": (358, 400)}
"""Width and height of the stage in CSS pixels, for wide and narrow pages."""

_THEMES: dict[bool, dict[str, Any]] = {
    False: {
        "paper": "#ffffff", "ink": "#3f4550", "grid": "#e5e7eb", "truth": "#6b7280",
        "bee": "#2f7de1", "bars": "#5b9aea", "ground": ("#c9ced6", "#fafbfc"),
        "map": (0.02, 0.86),
    },
    True: {
        "paper": "#131416", "ink": "#c3c9d2", "grid": "#2a2d33", "truth": "#9ca3af",
        "bee": "#6ea8fe", "bars": "#4d83d3", "ground": ("#0c0d0e", "#3a3f48"),
        "map": (0.24, 0.98),
    },
}  # fmt: skip


def _bee_alpha(bees: int) -> float:
    """Opacity of one bee's line, such that a swarm neither fades nor clots."""
    return float(np.clip(5.5 / np.sqrt(bees), 0.16, 0.85))


def _colour_map(dark: bool) -> Colormap:
    """Viridis without the end that the background swallows."""
    low, high = _THEMES[dark]["map"]
    return ListedColormap(mpl.colormaps["viridis"](np.linspace(low, high, 256)))


def _bee_colours(scene: Mapping[str, Any], dark: bool) -> NDArray[np.floating]:
    """RGB of shape ``(bee, 3)``."""
    losses = scene["loss"]
    count = len(scene["bees"])
    if losses is None:
        return np.tile(mpl.colors.to_rgb(_THEMES[dark]["bee"]), (count, 1))
    low, high = scene["lossRange"]
    norm = (LogNorm if scene["lossScale"] == "log" else Normalize)(low, high, clip=True)
    final = np.array([np.nan if v is None else v for v in losses], float)
    colours = _colour_map(dark)(norm(np.nan_to_num(final, nan=low)))[:, :3]
    colours[np.isnan(final)] = mpl.colors.to_rgb(_THEMES[dark]["truth"])
    return colours


def _style(ax: Axes, theme: Mapping[str, Any]) -> None:
    ax.set_facecolor(theme["paper"])
    ax.tick_params(colors=theme["ink"], length=0, labelsize=8.5)
    ax.grid(color=theme["grid"], linewidth=0.8)
    ax.set_axisbelow(True)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _draw_curves(
    fig: Figure, scene: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]], dark: bool
) -> None:
    theme = _THEMES[dark]
    panels = 2 if "values" in arrays else 1
    axes = fig.subplots(panels, 1, squeeze=False, height_ratios=[2.4, 1][:panels])[:, 0]
    ax, last = axes[0], arrays["ypred"][-1]  # (bee, point)
    x = np.asarray(scene["x"], float)
    lines = np.stack(np.broadcast_arrays(x, last), axis=-1)  # (bee, point, 2)
    colours, alpha = _bee_colours(scene, dark), _bee_alpha(len(last))
    ax.add_collection(LineCollection(list(lines), colors=colours, alpha=alpha, linewidths=1.1))
    if scene["truth"] is not None:
        truth = np.array([np.nan if v is None else v for v in scene["truth"]], float)
        every = max(1, len(x) // 120)
        ax.plot(
            x[::every], truth[::every], "o", markersize=2.6, color=theme["truth"],
            markeredgecolor=theme["paper"], markeredgewidth=0.5, zorder=3,
        )  # fmt: skip
    if panels == 2:
        low, high = scene["values"]["range"]
        bins = scene["values"]["bins"]
        # As in the player: the same bins and the same height at all epochs.
        counts = [np.histogram(shown, bins, (low, high))[0] for shown in arrays["values"]]
        width = (high - low) / bins
        axes[1].bar(
            low + width * np.arange(bins), counts[-1], 0.94 * width, align="edge",
            color=theme["bars"],
        )  # fmt: skip
        axes[1].set_ylim(0, 1.05 * max(1, np.max(counts)))
        axes[1].set_xlim(low, high)
        axes[1].set_xlabel(scene["values"]["label"])
        axes[1].set_ylabel("count")
    ax.set(
        xlim=scene["view"]["x"], ylim=scene["view"]["y"],
        xlabel=scene["xlabel"], ylabel=scene["ylabel"],
    )  # fmt: skip


def _draw_descent(
    fig: Figure, scene: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]], dark: bool
) -> None:
    theme = _THEMES[dark]
    ax = fig.subplots()
    grid = np.ma.masked_invalid(arrays["surface"][0])  # (Y, X)
    (left, right), (bottom, top) = scene["surface"]["xs"], scene["surface"]["ys"]
    xs = np.linspace(left, right, grid.shape[1])
    ys = np.linspace(bottom, top, grid.shape[0])
    ground = mpl.colors.LinearSegmentedColormap.from_list("ground", theme["ground"])
    if grid.min() < grid.max():
        levels = np.linspace(grid.min(), grid.max(), scene["surface"]["bands"] + 1)
        ax.contourf(xs, ys, grid, levels, cmap=ground)
        ax.contour(
            xs,
            ys,
            grid,
            levels,
            colors=theme["truth"],
            linewidths=0.5,
            alpha=0.5,
            linestyles="solid",
        )
    paths = arrays["positions"].transpose(1, 0, 2)  # (bee, epoch, 2)
    colours = _bee_colours(scene, dark)
    alpha = _bee_alpha(len(paths))
    ax.add_collection(LineCollection(list(paths), colors=colours, alpha=alpha, linewidths=1.1))
    x, y = paths[:, -1].T
    ax.scatter(x, y, c=colours, s=16, edgecolors=theme["paper"], linewidths=0.6, zorder=3)
    ax.set(
        xlim=scene["view"]["x"], ylim=scene["view"]["y"],
        xlabel=scene["xlabel"], ylabel=scene["ylabel"],
    )  # fmt: skip


def draw(
    scene: Mapping[str, Any],
    arrays: Mapping[str, NDArray[np.floating]],
    *,
    dark: bool,
    size: str,
) -> NDArray[np.uint8]:
    """Draw the last epoch, at 1.5 times (narrow: twice) its size in CSS pixels.

    Parameters
    ----------
    scene : mapping
        What a player's script gets, but for the arrays.
    arrays : mapping of str to ndarray
        Arrays ``(epoch, bee, point)`` by name.
    dark : bool
        For a dark page.
    size : {"wide", "narrow"}
        One of `SIZES`.

    Returns
    -------
    numpy.ndarray of shape (H, W, 3)
        The pixels.
    """
    theme = _THEMES[dark]
    width, height = SIZES[size]
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {"text.color": theme["ink"], "axes.labelcolor": theme["ink"], "axes.labelsize": 9.5}
        )
        fig = Figure(figsize=(width / 96, height / 96), dpi=144 if size == "wide" else 192)
        fig.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
        fig.set_facecolor(theme["paper"])
        canvas = FigureCanvasAgg(fig)
        (_draw_curves if scene["kind"] == "curves" else _draw_descent)(fig, scene, arrays, dark)
        for ax in fig.axes:
            _style(ax, theme)
            if scene["kind"] == "descent":
                ax.grid(False)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    return np.ascontiguousarray(pixels)


def webp(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture of shape ``(H, W, 3)`` as the content of a WebP file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=80, method=4)
    return file.getvalue()
