"""The player's colours, all made from the two styles; ``player.css`` has the same."""

import numpy as np

from swarm.style import DARK, LIGHT, Style, mixed

__all__ = ["MAP_ENDS", "OPACITY", "POINTS", "map_ends", "palette"]

OPACITY = 5.5
"""Strength of a bee's thin line, see `swarm.style.opacity`."""

POINTS = 10.0
"""Strength of a lone point."""

MAP_ENDS = {LIGHT: (0.02, 0.86), DARK: (0.24, 0.98)}
"""Viridis without the end that the background swallows."""


def palette(style: Style) -> dict[str, str]:
    """Give the colours by the names that they have in the style sheet, without ``--swarm-``."""
    dark = style is DARK
    return {
        "paper": style.background,
        "text": style.text,
        "soft": style.muted,
        "line": mixed(style.background, style.muted, 0.28),
        "grid": style.grid,
        "hover": mixed(style.background, style.muted, 0.1),
        "accent": style.bee if dark else mixed(style.bee, style.text, 0.35),
        "on-accent": style.background,
        "bees": style.bee,
        "bars": mixed(style.bee, style.background, 0.22),
        "truth": style.truth,
        "chosen": style.highlight,
        "deep": mixed(style.background, "black", 0.4)
        if dark
        else mixed(style.background, style.muted, 0.34),
        "high": mixed(style.background, style.muted, 0.28 if dark else 0.03),
        "contour": mixed(style.truth, style.background, 0.35 if dark else 0.2),
    }


def map_ends(style: Style) -> str:
    """Give the part of viridis that is used, as the style sheet says it."""
    return " ".join(f"{end:g}" for end in np.asarray(MAP_ENDS[style]))
