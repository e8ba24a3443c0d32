"""Pictures as files that open by themselves, without a network."""

import os
from pathlib import Path
from typing import Any, TypeVar

from swarm._files import written_whole

__all__ = ["save"]

T = TypeVar("T")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ colour-scheme: light; background: white; font-family: system-ui, sans-serif; }}
body {{ margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }}
.figure {{ aspect-ratio: {ratio}; min-height: 32rem; width: 100%; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def save(picture: T, destfile: str | os.PathLike[str]) -> T:
    """Write an interactive picture to an HTML page that needs nothing else.

    Parameters
    ----------
    picture : plotly figure, or anything with a ``_repr_html_``
        For example a `swarm.player.Player`.
    destfile : path-like
        Name of the page, ending in ``.html``. The page works offline; a
        plotly figure brings plotly.js along, some 5 MB.

    Returns
    -------
    object
        The same picture, so that a notebook cell that saves it also shows it.

    Raises
    ------
    ValueError
        If the name does not end in ``.html``.
    TypeError
        If `picture` has no HTML.
    FileNotFoundError
        If there is no such folder.
    """
    path = Path(destfile)
    if path.suffix != ".html":
        raise ValueError(f"destfile must end in .html, got {str(destfile)!r}")
    page = _page(picture, path.stem)
    with written_whole(path) as part:
        part.write_text(page, encoding="utf-8")
    return picture


def _page(picture: Any, name: str) -> str:
    ratio = "auto"
    if hasattr(picture, "to_html"):
        # As wide as the page, and as high as its shape asks for, also on a telephone.
        picture = type(picture)(picture)
        ratio = f"{picture.layout.width or 800} / {picture.layout.height or 560}"
        picture.update_layout(width=None, height=None, autosize=True)
        figure = picture.to_html(
            full_html=False,
            include_plotlyjs=True,
            div_id="picture",
            auto_play=False,
            config={"responsive": True, "displaylogo": False},
        )
        body = f'<div class="figure">{figure}</div>'
    elif hasattr(picture, "_repr_html_"):
        body = picture._repr_html_()
    else:
        raise TypeError(
            f"cannot make a page of a {type(picture).__name__}; pass a plotly figure or a "
            "player, or use the object's own way to save itself"
        )
    return _PAGE.format(title=name.replace("_", " "), ratio=ratio, body=body)
