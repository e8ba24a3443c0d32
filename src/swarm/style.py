"""The looks of a drawing, light and dark: colours, and matplotlib settings for one figure."""

import math
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap, to_hex, to_rgb

__all__ = [
    "CATEGORIES",
    "DARK",
    "LIGHT",
    "PATHS",
    "SITE_INCHES",
    "Style",
    "bee_colormap",
    "density_colormap",
    "diverging_colormap",
    "is_dark",
    "mixed",
    "opacity",
]


Color = tuple[float, float, float]

SITE_INCHES = (7.2, 3.8)
"""Width and height of a figure on the site, unless its script says otherwise."""


@dataclass(frozen=True)
class Style:
    """Colours of a drawing, each legible on its background and to the colour-blind.

    Attributes
    ----------
    name : str
        ``"light"`` or ``"dark"``.
    background, text, muted, grid : str
        Colours of the page, of titles, of ticks and labels, and of grid lines.
    bee, highlight, truth, other : str
        Colours of what is drawn, which are also the colour cycle: ``"C0"`` for
        bees, ``"C1"`` for the one thing to look at, ``"C2"`` for the truth,
        ``"C3"`` for anything else.
    """

    name: str
    background: str
    text: str
    muted: str
    grid: str
    bee: str
    highlight: str
    truth: str
    other: str

    def rc(self, width: float) -> Any:
        """Give matplotlib settings for a figure, for `matplotlib.rc_context`.

        Text and lines grow with the figure: a movie is shown as wide as its
        page, or its telephone, whatever the number of its pixels.

        Parameters
        ----------
        width : float
            Width of the figure in inches.

        Returns
        -------
        dict
            Names and values of `matplotlib.rcParams`.
        """
        scale = width / 12
        return {
            "axes.axisbelow": True,
            "axes.edgecolor": self.grid,
            "axes.facecolor": self.background,
            "axes.grid": True,
            "axes.labelcolor": self.muted,
            "axes.labelpad": 8 * scale,
            "axes.labelsize": 21 * scale,
            "axes.linewidth": 1.2 * scale,
            "axes.prop_cycle": cycler(color=[self.bee, self.highlight, self.truth, self.other]),
            "axes.spines.left": False,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlecolor": self.text,
            "axes.titlelocation": "left",
            "axes.titlepad": 14 * scale,
            "axes.titlesize": 25 * scale,
            "axes.titleweight": "normal",
            "figure.constrained_layout.h_pad": 0.14 * scale,
            "figure.constrained_layout.hspace": 0.05,
            "figure.constrained_layout.w_pad": 0.22 * scale,
            "figure.edgecolor": self.background,
            "figure.facecolor": self.background,
            "font.family": ["DejaVu Sans"],
            "font.size": 20 * scale,
            "grid.color": self.grid,
            "grid.linewidth": 1.0 * scale,
            "image.cmap": "viridis",
            "legend.edgecolor": "none",
            "legend.facecolor": self.background,
            "legend.fontsize": 19 * scale,
            "legend.framealpha": 0.8,
            "lines.linewidth": 2.0 * scale,
            "lines.markersize": 7.0 * scale,
            "patch.linewidth": 1.0 * scale,
            "text.color": self.text,
            "xtick.color": self.grid,
            "xtick.labelcolor": self.muted,
            "xtick.labelsize": 20 * scale,
            "xtick.major.pad": 9 * scale,
            "xtick.major.size": 0,
            "xtick.minor.size": 0,
            "ytick.color": self.grid,
            "ytick.labelcolor": self.muted,
            "ytick.labelsize": 20 * scale,
            "ytick.major.pad": 10 * scale,
            "ytick.major.size": 0,
            "ytick.minor.size": 0,
        }


LIGHT = Style(
    name="light",
    background="#ffffff",
    text="#1f2328",
    muted="#59616b",
    grid="#e4e7eb",
    bee="#2f7de1",
    highlight="#e8590c",
    truth="#6b7280",
    other="#0f8a7e",
)
"""Dark on white."""

DARK = Style(
    name="dark",
    background="#131416",
    text="#eceef1",
    muted="#a3abb5",
    grid="#2b2e33",
    bee="#6ea8fe",
    highlight="#ff922b",
    truth="#9ca3af",
    other="#4fd1c0",
)
"""Light on almost black."""

PATHS = ("#f4661b", "#e64980", "#4dabf7", "#f1f3f5", "#fab005")
"""Colours of paths on a surface in viridis, in turn: none is near any of its greens."""


CATEGORIES = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
"""Colours of up to ten kinds of thing, which the colour-blind tell apart (Petroff, 2021,
arXiv:2107.02270)."""


def mixed(one: str, other: str, share: float = 0.5) -> str:
    """Give a colour between two: `one` at a `share` of 0, `other` at 1.

    Returns
    -------
    str
        As ``"#rrggbb"``.
    """
    red, green, blue = (
        a + (b - a) * share for a, b in zip(to_rgb(one), to_rgb(other), strict=True)
    )
    return to_hex((red, green, blue))


def is_dark(color: Any = None) -> bool:
    """Tell whether a background is dark: by default that of axes in the settings in force."""
    red, green, blue = to_rgb(mpl.rcParams["axes.facecolor"] if color is None else color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5


def opacity(count: int, strength: float = 3.0) -> float:
    """Give the opacity of one of many lines or points, so that they neither fade nor clot.

    Parameters
    ----------
    count : int
        How many there are.
    strength : float, default 3
        How little each covers: thin lines and lone points can be stronger.

    Returns
    -------
    float
        `strength` over the root of `count`, but at least 0.08 and at most 0.9.
    """
    return min(0.9, max(0.08, strength / math.sqrt(max(1, count))))


def bee_colormap() -> Colormap:
    """Give viridis from the end that stands out of the background in force to one that does not.

    Without the very end, which would vanish.
    """
    start, stop = (1.0, 0.28) if is_dark() else (0.0, 0.82)
    shades = (start + (stop - start) * k / 255 for k in range(256))
    return ListedColormap([mpl.colormaps["viridis"](shade) for shade in shades])


def density_colormap() -> Colormap:
    """Give a map from the background in force, over the bees' colour, to the text's."""
    bee, _ = _accents()
    return _blend("density", [_background(), bee, _mix(bee, to_rgb(mpl.rcParams["text.color"]))])


def diverging_colormap() -> Colormap:
    """Give a map from the bees' colour, over the background in force, to the highlight's."""
    bee, highlight = _accents()
    text = to_rgb(mpl.rcParams["text.color"])
    ends = _mix(bee, text), _mix(highlight, text)
    return _blend("diverging", [ends[0], bee, _background(), highlight, ends[1]])


def _background() -> Color:
    return to_rgb(mpl.rcParams["axes.facecolor"])


def _accents() -> tuple[Color, Color]:
    cycle = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    return to_rgb(cycle[0]), to_rgb(cycle[1])


def _mix(one: Color, other: Color) -> Color:
    red, green, blue = ((a + b) / 2 for a, b in zip(one, other, strict=True))
    return red, green, blue


def _blend(name: str, colors: list[Color]) -> Colormap:
    return LinearSegmentedColormap.from_list(name, colors)
