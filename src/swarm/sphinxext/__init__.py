"""A Sphinx extension that puts movies, plotly figures and players on a site's pages.

Add it to ``extensions`` after sphinx-gallery or myst-nb, whichever the site
uses; the guide *Publishing* says how. Pages work without script, ask no
foreign server for anything, and load what moves only when a reader wants it.
"""

from swarm._face import hand_on
from swarm.sphinxext._cache import fingerprint
from swarm.sphinxext._gallery import reset, scraper
from swarm.sphinxext._media import publish
from swarm.sphinxext._setup import setup

__all__ = [
    "fingerprint",
    "publish",
    "reset",
    "scraper",
    "setup",
]

hand_on(__name__)
