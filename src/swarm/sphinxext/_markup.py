"""The HTML of one picture: everything works without script, which only adds to it."""

from collections.abc import Callable
from html import escape
from typing import Any

from ._media import MEDIA

__all__ = ["figure_html", "picture_files", "thumbnail"]

Spec = dict[str, Any]


def figure_html(spec: Spec, uid: str, url: Callable[[str], str]) -> tuple[str, str]:
    """Return the HTML before and after a picture's caption.

    Parameters
    ----------
    spec : dict
        From `swarm.sphinxext.publish`.
    uid : str
        Its id, unique on the page and the same in every build.
    url : callable
        From a file's name in the store to its address seen from the page.
    """
    if spec["kind"] == "player":  # brings its own figure and caption
        html = spec["html"].replace(MEDIA, url(""))
        return f'<div class="sw-player" id="{uid}">{html}', "</div>"
    before, after = _PARTS[spec["kind"]](spec, uid, url)
    head = (
        f'<figure class="sw-figure sw-{spec["kind"]}" id="{uid}" role="group"'
        f' aria-label="{escape(spec["title"] or spec["alt"])}"{_data(spec, url)}>'
        f"{before}<figcaption>"
    )
    return head, f"{after}</figcaption></figure>"


def picture_files(spec: Spec) -> set[str]:
    """Return the names of all files in the store that a picture needs on the site."""
    files = set(spec.get("files", ()))
    for item in spec.get("items", ()):
        files |= picture_files(item)
    for mode in ("light", "dark"):
        if part := spec.get(mode):
            files |= {*part["poster"]["files"].values(), part.get("src", "")}
    return (files | {spec.get("data", ""), spec.get("social", "")}) - {""}


def thumbnail(spec: Spec) -> dict[str, Spec] | None:
    """Return the posters ``{"light": …, "dark": …}`` to stand for a picture on a card."""
    for item in (spec, *spec.get("items", ())):
        if "light" in item:
            return {mode: item.get(mode, item["light"])["poster"] for mode in ("light", "dark")}
    return None


def posters_html(
    posters: dict[str, Spec], alt: str, url: Callable[[str], str], sizes: str, extra: str = ""
) -> str:
    """Return ``<img>`` tags of a poster in light and dark; the page's theme shows one."""
    return "".join(
        f'<img class="sw-{mode}" src="{url(_name(poster, 960))}" srcset="{_srcset(poster, url)}"'
        f' sizes="{sizes}" width="{poster["width"]}" height="{poster["height"]}"'
        f' alt="{escape(alt)}" loading="lazy" decoding="async"{extra}>'
        for mode, poster in posters.items()
    )


def _name(poster: Spec, width: int) -> str:
    files = {int(w): name for w, name in poster["files"].items()}
    return str(files[min(files, key=lambda w: (w < width, abs(w - width)))])


def _srcset(poster: Spec, url: Callable[[str], str]) -> str:
    return ", ".join(f"{url(name)} {width}w" for width, name in poster["files"].items())


def _data(spec: Spec, url: Callable[[str], str]) -> str:
    if spec["kind"] == "movie":
        return f' data-fps="{spec["fps"]:g}" data-frames="{spec["frames"]}"'
    if spec["kind"] == "plotly":
        return (
            f' data-figure="{spec["figure"]}" data-src="{url(spec["data"])}"'
            f' data-bundle="{spec["bundle"]}"'
        )
    return ""


def _movie(spec: Spec, uid: str, url: Callable[[str], str]) -> tuple[str, str]:
    modes = [mode for mode in ("light", "dark") if mode in spec]
    videos = "".join(
        f'<video{f" class=sw-{mode}" if len(modes) > 1 else ""} src="{url(spec[mode]["src"])}"'
        f' poster="{url(_name(spec[mode]["poster"], 960))}"'
        f' width="{spec["width"]}" height="{spec["height"]}" preload="none" controls muted loop'
        f' playsinline aria-label="{escape(spec["title"])}">'
        f'<a href="{url(spec[mode]["src"])}">{escape(spec["title"])}</a></video>'
        for mode in modes
    )
    bar = (
        '<div class="sw-bar" role="group" aria-label="Movie controls">'
        '<button type="button" data-play aria-label="Play">▶</button>'
        '<button type="button" data-step="-1" aria-label="One frame back">‹</button>'
        '<button type="button" data-step="1" aria-label="One frame on">›</button>'
        f'<input type="range" min="1" max="{spec["frames"]}" value="1" aria-label="Frame">'
        f"<output>– / {spec['frames']}</output>"
        '<button type="button" data-speed aria-label="Speed: 1 times">1×</button>'
        '<button type="button" data-full aria-label="Full screen">⤢</button></div>'
    )
    size = spec["bytes"]
    weight = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{max(1, round(size / 1e3))} kB"
    link = (
        f' <a class="sw-download" href="{url(spec["light"]["src"])}" download>'
        f"Download the movie ({weight})</a>"
    )
    return f'<div class="sw-screen">{videos}</div>{bar}', link


def _plotly(spec: Spec, uid: str, url: Callable[[str], str]) -> tuple[str, str]:
    size = f"{spec['width']} / {spec['height']}"
    if "light" in spec:
        posters = {mode: spec[mode]["poster"] for mode in ("light", "dark")}
        poster = posters_html(posters, spec["alt"], url, "(min-width: 46rem) 46rem, 100vw")
    else:
        poster = f'<p class="sw-noposter">{escape(spec["alt"])}</p>'
    label = "Rotate in 3D" if spec["spatial"] else "Explore"
    return (
        f'<div class="sw-stage" style="aspect-ratio:{size}">{poster}'
        f'<button type="button" class="sw-mount" aria-describedby="{uid}-say">{label}</button>'
        "</div>"
        f'<p class="sw-say" id="{uid}-say" aria-live="polite"></p>'
        "<noscript><p>Without JavaScript this figure stays a still picture.</p></noscript>"
    ), ""


def _still(spec: Spec, uid: str, url: Callable[[str], str]) -> tuple[str, str]:
    posters = {mode: spec[mode]["poster"] for mode in ("light", "dark")}
    return posters_html(posters, spec["alt"], url, f"(min-width: 46rem) {spec['width']}px, 100vw",
                        f' style="max-width:{spec["width"]}px"'), ""  # fmt: skip


_PARTS = {"movie": _movie, "plotly": _plotly, "still": _still}
