"""Places on a flat figure in the coordinates of its shapes and annotations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.transforms import Transform

from swarm.figures._still.panel import Panel

Key = tuple[str, ...]


@dataclass(frozen=True)
class Spot:
    """A number along one direction of some axes, and what places it: data or a share of them."""

    panel: Panel
    letter: str
    at: float
    in_data: bool

    @property
    def transform(self) -> Transform:
        axes = self.panel.axes
        found: Transform = axes.transData if self.in_data else axes.transAxes
        return found


def is_drawn(panels: Mapping[Key, Panel], ref: str | None) -> bool:
    """Tell whether the axis that a reference names has been drawn."""
    return ref in (None, "paper") or any(ref.split(" ")[0] in key for key in panels)


def panel_of(panels: Mapping[Key, Panel], refs: Mapping[str, str | None], x: Any, y: Any) -> Panel:
    """Return the panel that holds a place, or is nearest to it where it is one on the paper."""
    names = {(ref or letter).split(" ")[0] for letter, ref in refs.items()} - {"paper"}
    fitting = [panel for key, panel in panels.items() if names <= set(key)]
    fitting = fitting or [panel for key, panel in panels.items() if names & set(key)]
    found = fitting or [*panels.values()]
    paper = [c for c in "xy" if refs[c] == "paper"]

    def away(panel: Panel) -> float:
        total = 0.0
        for letter, at in (("x", x), ("y", y)):
            if letter in paper:
                low, high = domain_of(panel, letter)
                total += max(low - float(at), float(at) - high, 0.0) ** 2
        return total

    return min(found, key=away)


def domain_of(panel: Panel, letter: str) -> tuple[float, float]:
    """Return where a panel begins and ends on the paper, 0-1."""
    low, high = getattr(panel, letter).axis.domain or (0, 1)
    return float(low), float(high)


def spot(panel: Panel, letter: str, ref: str | None, value: Any, *, logarithm: bool) -> Spot:
    """Return where a value is in the coordinates that a reference names."""
    if ref == "paper":
        low, high = domain_of(panel, letter)
        return Spot(panel, letter, (float(value) - low) / (high - low), False)
    if ref and ref.endswith(" domain"):
        return Spot(panel, letter, float(value), False)
    side = getattr(panel, letter)
    return Spot(panel, letter, side.spot(value, logarithm=logarithm), True)
