"""The HTML of one picture: everything works without script, which only adds to it."""

from collections.abc import Callable
from html import escape

from ._shown import Figure, Movie, Picture, Player, Poster, Still

__all__ = ["MEDIA", "figure_html", "posters_html"]

MEDIA = "{{media}}/"
"""Stands in a player's HTML for the way from its page to the media folder."""

Url = Callable[[str], str]


def figure_html(
    shown: Picture,
    uid: str,
    url: Url,
    *,
    leads: bool = False,
    classes: str = "",
    number: str = "",
) -> tuple[str, str]:
    """Return the HTML before and after a picture's caption.

    Parameters
    ----------
    shown : Picture
    uid : str
        Its id, unique on the page and the same in every build.
    url : callable
        From a file's name in the store to its address seen from the page.
    leads : bool, default False
        Whether it stands on the first screen, so that its still must not wait.
    classes : str, default ""
        Further classes: for pages that are light whatever the reader's system prefers, for widths.
    number : str, default ""
        HTML to begin the caption with, as "Fig. 3".
    """
    more = f" {classes}" if classes else ""
    match shown:
        case Player():  # brings its own figure and caption
            html = _first(shown.html) if leads else shown.html
            html = html.replace("<img ", '<img class="dark-light" ').replace(MEDIA, url(""))
            html = html.replace("<figcaption>", f"<figcaption>{number}", 1)
            return f'<div class="sw-player{more}" id="{uid}">{html}', "</div>"
        case Movie():
            before, after = _movie(shown, url)
        case Figure():
            before, after = _plotly(shown, uid, url), ""
        case Still():
            before, after = _still(shown, url), ""
        case _:
            raise TypeError(f"a {shown.kind} is shown by its parts")
    head = (
        f'<figure class="sw-figure sw-{shown.kind}{more}" id="{uid}" role="group"'
        f' aria-label="{escape(shown.title or shown.alt)}"{_data(shown, url)}>'
        f"{_first(before) if leads else before}<figcaption>{number}"
    )
    return head, f"{after}</figcaption></figure>"


def _first(html: str) -> str:
    """Load the still at once; the one for dark pages waits until it is known to be shown."""
    return html.replace('loading="lazy"', 'loading="eager" fetchpriority="high"', 1)


def posters_html(
    posters: dict[str, Poster], alt: str, url: Url, sizes: str, width: int = 0
) -> str:
    """Return ``<img>`` tags of a poster in light and dark; the page's theme shows one.

    Their attributes say how wide it is at most, `width` or else its pixels, and keep its place.

    The class ``dark-light`` tells the PyData and Book themes that a picture suits dark pages.
    """
    return "".join(
        f'<img class="sw-{mode} dark-light" src="{url(poster.file(960))}"'
        f' srcset="{_srcset(poster, url)}" sizes="{sizes}"'
        f' width="{width or poster.width}"'
        f' height="{round((width or poster.width) * poster.height / poster.width)}"'
        f' alt="{escape(alt)}" loading="lazy" decoding="async">'
        for mode, poster in posters.items()
    )


def _srcset(poster: Poster, url: Url) -> str:
    return ", ".join(f"{url(name)} {width}w" for width, name in poster.files.items())


def _data(shown: Picture, url: Url) -> str:
    match shown:
        case Movie():
            return f' data-fps="{shown.fps:g}" data-frames="{shown.frames}"'
        case Figure():
            return (
                f' data-figure="{shown.figure}" data-src="{url(shown.data)}"'
                f' data-bundle="{shown.bundle}"'
            )
    return ""


def _movie(shown: Movie, url: Url) -> tuple[str, str]:
    videos = "".join(
        f'<video{f" class=sw-{mode}" if len(shown.sources) > 1 else ""} src="{url(source)}"'
        f' poster="{url(shown.posters[mode].file(960))}"'
        f' width="{shown.width}" height="{shown.height}" preload="none" controls muted loop'
        f' playsinline aria-label="{escape(shown.title)}">'
        f'<a href="{url(source)}">{escape(shown.title)}</a></video>'
        for mode, source in shown.sources.items()
    )
    bar = (
        '<div class="sw-bar" role="group" aria-label="Movie controls">'
        '<button type="button" data-play aria-label="Play">▶</button>'
        '<button type="button" data-step="-1" aria-label="One frame back">‹</button>'
        '<button type="button" data-step="1" aria-label="One frame on">›</button>'
        f'<input type="range" min="1" max="{shown.frames}" value="1" aria-label="Frame">'
        f"<output>– / {shown.frames}</output>"
        '<button type="button" data-speed aria-label="Speed: 1 times">1×</button>'
        '<button type="button" data-full aria-label="Full screen">⤢</button></div>'
    )
    size = shown.bytes
    weight = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"
    link = (
        f' <a class="sw-download" href="{url(shown.sources["light"])}" download>'
        f"Download the movie ({weight})</a>"
    )
    return f'<div class="sw-screen">{videos}</div>{bar}', link


def _plotly(shown: Figure, uid: str, url: Url) -> str:
    if shown.both:
        wide = "(min-width: 46rem) 46rem, 100vw"
        poster = posters_html(shown.both, shown.alt, url, wide)
    else:
        poster = (
            f'<svg viewBox="0 0 {shown.width} {shown.height}" aria-hidden="true"></svg>'
            f'<p class="sw-noposter">{escape(shown.alt)}</p>'
        )
    label = "Rotate in 3D" if shown.spatial else "Explore"
    return (
        f'<div class="sw-stage{" sw-spatial" * shown.spatial}" data-width="{shown.width}">{poster}'
        f'<button type="button" class="sw-mount" aria-describedby="{uid}-say">{label}</button>'
        f"</div>{_steps(shown)}"
        f'<p class="sw-say" id="{uid}-say" aria-live="polite"></p>'
        "<noscript><p>Without JavaScript this figure stays a still picture.</p></noscript>"
    )


def _still(shown: Still, url: Url) -> str:
    sizes = f"(min-width: 46rem) {shown.width}px, 100vw"
    html = posters_html(shown.both, shown.alt, url, sizes, width=shown.width)
    is_drawing = shown.posters["light"].file(1).endswith(".svg")
    if is_drawing and "dark" not in shown.posters:  # its black lines need white below them
        html = html.replace('class="sw-', 'class="sw-paper sw-')
    return html


def _steps(shown: Figure) -> str:
    """Return what steps through a figure's frames, below it, where it takes no room from it."""
    if not shown.steps:
        return ""
    now, last = escape(shown.steps[shown.step]), escape(shown.steps[-1])
    final = len(shown.steps) - 1
    return (
        '<div class="sw-bar" role="group" aria-label="Figure controls">'
        '<button type="button" data-play aria-label="Play">▶</button>'
        f'<input type="range" min="0" max="{final}" value="{shown.step}" aria-label="Step">'
        f"<output>{now} / {last}</output></div>"
    )
