"""The dashes of lines."""

from typing import Any

DASHES = {"dash": "--", "dot": ":", "dashdot": "-.", "longdash": (0, (8, 3)),
          "longdashdot": (0, (8, 3, 1.5, 3))}  # fmt: skip


def dash_of(dash: str | None) -> Any:
    """Return matplotlib's style of a line for plotly's, also for lengths in pixels."""
    if dash and dash[0].isdigit():
        parts = [float(part.strip("px %")) for part in dash.replace(",", " ").split()]
        return 0, tuple(parts * (1 + len(parts) % 2))
    return DASHES.get(dash or "", "-")
