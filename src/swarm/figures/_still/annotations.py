"""Writes the annotations of a layout, with their arrows."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from swarm.figures._still import read
from swarm.figures._still.panel import PIXEL, Panel
from swarm.figures._still.where import Key, is_drawn, panel_of, spot

_ACROSS = {"left": "left", "center": "center", "right": "right"}
_UP = {"top": "top", "middle": "center", "bottom": "bottom"}


def write_annotations(picture: Figure, panels: Mapping[Key, Panel], notes: Any) -> None:
    """Write annotations on flat axes, or on the figure itself where it has none."""
    for note in notes:
        if note.visible is False or not note.text:
            continue
        if not panels:
            _on_paper(picture, note)
        elif is_drawn(panels, note.xref) and is_drawn(panels, note.yref):
            _write(panels, note)


def stretch(panels: Mapping[Key, Panel], notes: Any) -> None:
    """Make axes that have no range reach to annotations that are placed by data."""
    for note in notes:
        refs = {"x": note.xref, "y": note.yref}
        if (
            panels
            and note.visible is not False
            and all(is_drawn(panels, r) for r in refs.values())
        ):
            panel = panel_of(panels, refs, note.x, note.y)
            x, y = _spots(panel, note)
            panel.axes.update_datalim([(x.at, y.at)], updatex=x.in_data, updatey=y.in_data)


def _spots(panel: Panel, note: Any) -> tuple[Any, Any]:
    return (
        spot(panel, "x", note.xref, 0.5 if note.x is None else note.x, logarithm=True),
        spot(panel, "y", note.yref, 0.5 if note.y is None else note.y, logarithm=True),
    )


def _write(panels: Mapping[Key, Panel], note: Any) -> None:
    panel = panel_of(panels, {"x": note.xref, "y": note.yref}, note.x, note.y)
    x, y = _spots(panel, note)
    arrow = note.showarrow is not False
    shift = PIXEL * (note.xshift or 0), PIXEL * (note.yshift or 0)
    away: tuple[float, float] = shift
    coords: Any = "offset points"
    if arrow:
        tail = -10 if note.ax is None else note.ax, -30 if note.ay is None else note.ay
        if note.axref in (None, "pixel") and note.ayref in (None, "pixel"):
            away = shift[0] + PIXEL * tail[0], shift[1] - PIXEL * tail[1]
        elif (note.axref, note.ayref) == (note.xref, note.yref):
            ends = (
                spot(panel, "x", note.axref, tail[0], logarithm=True),
                spot(panel, "y", note.ayref, tail[1], logarithm=True),
            )
            away, coords = (ends[0].at, ends[1].at), (ends[0].transform, ends[1].transform)
        else:
            raise ValueError(
                f"still cannot draw an annotation from axref={note.axref!r} to xref={note.xref!r};"
                " give both ends in one unit, or the tail in pixels"
            )
    ha, va = _anchors(note, arrow)
    text = panel.axes.annotate(
        read.plain(note.text), (x.at, y.at), away, xycoords=(x.transform, y.transform),
        textcoords=coords, ha=ha, va=va, annotation_clip=x.in_data and y.in_data,
        arrowprops=_arrow(note) if arrow else None, zorder=6, **_look(note),
    )  # fmt: skip
    # What belongs to a part without traces takes no room from the part beside it.
    text.set_in_layout(all(place.in_data or -0.2 <= place.at <= 1.2 for place in (x, y)))
    if text.arrow_patch is not None:
        text.arrow_patch.set_clip_on(False)


def _anchors(note: Any, arrow: bool) -> tuple[str, str]:
    """Return which point of the words is placed; on the paper, the one nearest to its edge."""
    across, up = note.xanchor or "auto", note.yanchor or "auto"
    if across == "auto":
        at = float(note.x) if note.xref == "paper" and not arrow and note.x is not None else 0.5
        across = "left" if at < 1 / 3 else "right" if at > 2 / 3 else "center"
    if up == "auto":
        at = float(note.y) if note.yref == "paper" and not arrow and note.y is not None else 0.5
        up = "bottom" if at < 1 / 3 else "top" if at > 2 / 3 else "middle"
    return _ACROSS[across], _UP[up]


def _arrow(note: Any) -> dict[str, Any]:
    head = 1 if note.arrowhead is None else note.arrowhead
    wide = 1 if note.arrowwidth is None else note.arrowwidth
    return {
        "arrowstyle": "-" if head == 0 else "-|>,head_length=0.35,head_width=0.15",
        "color": read.rgba(note.arrowcolor or note.font.color or "#444"),
        "linewidth": PIXEL * wide,
        "shrinkA": 0,
        "shrinkB": PIXEL * (note.standoff or 0),
    }


def _look(note: Any) -> dict[str, Any]:
    look: dict[str, Any] = {
        "rotation": -(note.textangle or 0),
        "multialignment": note.align or "center",
        "rotation_mode": "default",
    }
    if note.font.color:
        look["color"] = read.rgba(note.font.color)
    if note.opacity is not None:
        look["alpha"] = note.opacity
    if note.bgcolor or note.bordercolor:
        clear = "rgba(0,0,0,0)"
        look["bbox"] = {
            "facecolor": read.rgba(note.bgcolor or clear),
            "edgecolor": read.rgba(note.bordercolor or clear),
            "linewidth": PIXEL * (1 if note.borderwidth is None else note.borderwidth),
            "pad": PIXEL * (1 if note.borderpad is None else note.borderpad),
        }
    return look


def _on_paper(picture: Figure, note: Any) -> None:
    """Write on a figure without flat axes, such as into the hole of a pie."""
    if note.showarrow is not False:
        raise ValueError(
            "still cannot draw showarrow of an annotation on a figure without flat axes; make it "
            "False, or show the figure itself instead of its still"
        )
    ha, va = _anchors(note, arrow=False)
    picture.text(float(note.x), float(note.y), read.plain(note.text), ha=ha, va=va, **_look(note))
