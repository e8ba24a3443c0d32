"""Still pictures of a recorded swarm, drawn without a browser."""

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

from swarm.player._colors import MAP_ENDS, POINTS, palette
from swarm.style import CATEGORIES, DARK, LIGHT, Style, opacity

__all__ = ["SIZES", "draw"]

SIZES = {"wide": (736, 552), "narrow": (358, 400)}
"""Width and height of the stage in CSS pixels, for wide and narrow pages."""


def _color_map(style: Style) -> Colormap:
    """Viridis without the end that the background swallows."""
    return ListedColormap(mpl.colormaps["viridis"](np.linspace(*MAP_ENDS[style], 256)))


def _bee_colors(scene: Mapping[str, Any], style: Style) -> NDArray[np.floating]:
    """RGB of shape ``(bee, 3)``."""
    losses = scene["loss"]
    count = len(scene["bees"])
    if losses is None:
        return np.tile(mpl.colors.to_rgb(style.bee), (count, 1))
    low, high = scene["lossRange"]
    norm = (LogNorm if scene["lossScale"] == "log" else Normalize)(low, high, clip=True)
    final = np.array([np.nan if v is None else v for v in losses], float)
    colors = _color_map(style)(norm(np.nan_to_num(final, nan=low)))[:, :3]
    colors[np.isnan(final)] = mpl.colors.to_rgb(style.truth)
    return colors


def _plain_axes(ax: Axes, theme: Mapping[str, str]) -> None:
    ax.set_facecolor(theme["paper"])
    ax.tick_params(colors=theme["soft"], length=0, labelsize=8.5)
    ax.grid(color=theme["grid"], linewidth=0.8)
    ax.set_axisbelow(True)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _set_view(ax: Axes, scene: Mapping[str, Any]) -> None:
    """Show what the player shows at first, and name its axes."""
    ax.set(xlim=scene["view"]["x"], ylim=scene["view"]["y"])
    ax.set(xlabel=scene["xlabel"], ylabel=scene["ylabel"])


def _draw_curves(
    fig: Figure, scene: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]], style: Style
) -> None:
    theme = palette(style)
    panels = 2 if "values" in arrays else 1
    axes = fig.subplots(panels, 1, squeeze=False, height_ratios=[2.4, 1][:panels])[:, 0]
    ax, last = axes[0], arrays["ypred"][-1]  # (bee, point)
    x = np.asarray(scene["x"], float)
    lines = np.stack(np.broadcast_arrays(x, last), axis=-1)  # (bee, point, 2)
    colors, alpha = _bee_colors(scene, style), scene["opacity"]
    ax.add_collection(LineCollection(list(lines), colors=colors, alpha=alpha, linewidths=1.1))
    if scene["truth"] is not None:
        truth = np.array([np.nan if v is None else v for v in scene["truth"]], float)
        every = max(1, len(truth) // 120)
        ax.plot(
            scene["truthX"][::every], truth[::every], "o", markersize=2.6, color=theme["truth"],
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
    _set_view(ax, scene)


def _draw_descent(
    fig: Figure, scene: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]], style: Style
) -> None:
    theme = palette(style)
    ax = fig.subplots()
    grid = np.ma.masked_invalid(arrays["surface"][0])  # (Y, X)
    (left, right), (bottom, top) = scene["surface"]["xs"], scene["surface"]["ys"]
    xs = np.linspace(left, right, grid.shape[1])
    ys = np.linspace(bottom, top, grid.shape[0])
    ground = mpl.colors.LinearSegmentedColormap.from_list("ground", [theme["deep"], theme["high"]])
    if grid.min() < grid.max():
        levels = np.linspace(grid.min(), grid.max(), scene["surface"]["bands"] + 1)
        ax.contourf(xs, ys, grid, levels, cmap=ground)
        ax.contour(
            xs,
            ys,
            grid,
            levels,
            colors=theme["contour"],
            linewidths=0.5,
            alpha=0.6,
            linestyles="solid",
        )
    paths = arrays["positions"].transpose(1, 0, 2)  # (bee, epoch, 2)
    colors, alpha = _bee_colors(scene, style), scene["opacity"]
    ax.add_collection(LineCollection(list(paths), colors=colors, alpha=alpha, linewidths=1.1))
    x, y = paths[:, -1].T
    ax.scatter(x, y, c=colors, s=16, edgecolors=theme["paper"], linewidths=0.6, zorder=3)
    _set_view(ax, scene)


def _draw_scatter(
    fig: Figure, scene: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]], style: Style
) -> None:
    ax = fig.subplots()
    last = arrays["points"][-1]
    last = last.reshape(len(last), -1, 2)  # (bee, point, 2)
    bees, points, _ = last.shape
    if scene["labels"] is None:
        colors = np.repeat(_bee_colors(scene, style)[:, None], points, axis=1)
    else:
        named = np.array([mpl.colors.to_rgb(color) for color in CATEGORIES])
        colors = np.broadcast_to(named[scene["labels"]], (bees, points, 3))
    chosen = first_bee(scene)
    strong = opacity(bees * points, POINTS)
    for bee in [bee for bee in range(bees) if bee != chosen] + [chosen] * (chosen is not None):
        alone = bee == chosen
        alpha = 1.0 if alone else strong * (0.4 if chosen is not None else 1)
        if scene["rays"]:
            rays = np.stack([np.zeros_like(last[bee]), last[bee]], axis=1)
            lines = LineCollection(
                list(rays), colors=colors[bee], alpha=alpha, linewidths=1.8 if alone else 1.0
            )
            ax.add_collection(lines)
        x, y = last[bee].T
        ax.scatter(
            x, y, c=colors[bee], s=34 if alone else 12, alpha=alpha, linewidths=0.6 * alone,
            edgecolors=style.background, zorder=3,
        )  # fmt: skip
    if scene["labels"] is not None:
        for number, name in enumerate(scene["names"]):
            ax.plot([], [], "o", color=CATEGORIES[number], markersize=5, label=name)
        _add_key(fig, len(scene["names"]), style)
    ax.set_aspect("equal")
    _set_view(ax, scene)


def _add_key(fig: Figure, entries: int, style: Style) -> None:
    """Name what the colours mean below the picture, in as few rows as its width bears."""
    for columns in range(entries, 0, -1):
        key = fig.legend(
            frameon=False, labelcolor=style.text, fontsize=8.5, loc="outside lower center",
            ncols=columns, handletextpad=0.1, columnspacing=1.2,
        )  # fmt: skip
        if key.get_window_extent().width <= 0.98 * fig.bbox.width or columns == 1:
            return
        key.remove()


def _draw_image(
    fig: Figure, scene: Mapping[str, Any], arrays: Mapping[str, NDArray[np.floating]], style: Style
) -> None:
    ax = fig.subplots()
    last = arrays["images"][-1].reshape(-1, scene["rows"], scene["columns"])  # (bee, row, column)
    chosen = first_bee(scene)
    known = np.isfinite(last).any(axis=0)
    mean = np.nanmean(np.where(known, last, 0), axis=0)
    shown = np.where(known, mean, np.nan) if chosen is None else last[chosen]
    low, high = scene["range"]
    x, y = scene["view"]["x"], scene["view"]["y"]
    between = [style.bee, style.background, style.highlight]
    colors = mpl.colors.LinearSegmentedColormap.from_list("answers", between)
    drawn = ax.imshow(
        shown, colors, vmin=low, vmax=high, extent=(*x, *y), origin="lower",
        interpolation="bilinear", aspect="equal" if is_square(scene) else "auto",
    )  # fmt: skip
    if (dots := scene["dots"]) is not None:
        values = dots["values"]
        across, up = np.transpose(dots["at"])
        ax.scatter(
            across, up, s=17, c=style.background if values is None else values, cmap=colors,
            vmin=low, vmax=high, edgecolors=style.text, linewidths=0.8,
        )  # fmt: skip
    bar = fig.colorbar(drawn, ax=ax, location="bottom", shrink=0.5, aspect=30, pad=0.03)
    bar.outline.set_visible(False)
    bar.set_label(scene["label"])
    ax.set(xlim=x, ylim=y, xlabel=scene["xlabel"], ylabel=scene["ylabel"])


def is_square(scene: Mapping[str, Any]) -> bool:
    """Tell whether both axes are so alike that they have one scale."""
    (left, right), (bottom, top) = scene["view"]["x"], scene["view"]["y"]
    return 0.4 < (right - left) / (top - bottom) < 2.5


def first_bee(scene: Mapping[str, Any]) -> int | None:
    """Return which of the bees that were kept is nearest to the one to single out."""
    wanted = scene.get("bee")
    return None if wanted is None else int(np.abs(np.subtract(scene["bees"], wanted)).argmin())


_DRAW = {
    "curves": _draw_curves,
    "descent": _draw_descent,
    "scatter": _draw_scatter,
    "image": _draw_image,
}


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
    style = DARK if dark else LIGHT
    theme = palette(style)
    width, height = SIZES[size]
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(
            {"text.color": theme["text"], "axes.labelcolor": theme["soft"], "axes.labelsize": 9.5}
        )
        fig = Figure(figsize=(width / 96, height / 96), dpi=144 if size == "wide" else 192)
        fig.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
        fig.set_facecolor(theme["paper"])
        canvas = FigureCanvasAgg(fig)
        _DRAW[scene["kind"]](fig, scene, arrays, style)
        for ax in fig.axes:
            _plain_axes(ax, theme)
            if scene["kind"] in ("descent", "image"):
                ax.grid(False)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    return np.ascontiguousarray(pixels)
