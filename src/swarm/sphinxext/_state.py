"""What the extension knows of each page, kept with Sphinx's environment over builds."""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors import EnvironmentCollector

from ._shown import Picture, Poster

__all__ = ["Card", "Page", "all_pictures", "cards", "media_files", "page_of", "pages", "setup"]


@dataclass(frozen=True)
class Card:
    """What the card of a gallery page says."""

    claim: str = ""
    """HTML."""
    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    posters: dict[str, Poster] = field(default_factory=dict)
    film: dict[str, str] = field(default_factory=dict)
    """The movie to play while a reader points at the card, by mode."""
    panel: tuple[float, ...] = ()
    """The part of it that the card shows, and the movie's width over its height."""


@dataclass
class Page:
    """What is known of a page."""

    pictures: list[Picture] = field(default_factory=list)
    own: list[list[Picture]] = field(default_factory=list)
    """What its code and its directives show, in their order, a pair as one."""
    widths: set[str] = field(default_factory=set)
    """Of its pictures, as CSS lengths, where they are not as wide as the page."""
    card: Card | None = None
    cards: list[str] = field(default_factory=list)
    """The pages of which it shows cards."""
    borrows: set[str] = field(default_factory=set)
    """The pages of which it shows pictures."""
    waits: bool = False
    """Whether it has yet to be given them."""
    guesses: bool = False
    """Whether it asks its reader to guess."""
    problems: list[str] = field(default_factory=list)
    asks: set[str] = field(default_factory=set)
    """Files that it was read from, there or not, below the folder of sources."""


def pages(env: Any) -> dict[str, Page]:
    """Return ``{docname: page}``."""
    found: dict[str, Page] = env.__dict__.setdefault("swarm_pages", {})
    return found


def page_of(env: Any, docname: str | None = None) -> Page:
    """Return what is known of a page, by default the one that is being read."""
    return pages(env).setdefault(docname or env.docname, Page())


def cards(env: Any) -> dict[str, Card]:
    """Return the card of each gallery page."""
    return {name: page.card for name, page in sorted(pages(env).items()) if page.card}


def all_pictures(env: Any) -> list[Picture]:
    """Return the pictures of the whole site."""
    return [shown for _, page in sorted(pages(env).items()) for shown in page.pictures]


def media_files(env: Any) -> set[str]:
    """Return the names of all files in the store that the site's pages need."""
    posters = [p for card in cards(env).values() for p in card.posters.values()]
    of_cards = {name for poster in posters for name in poster.files.values()}
    return of_cards.union(*(shown.files() for shown in all_pictures(env)))


class _Collector(EnvironmentCollector):
    """Forgets pages that are gone, and takes over what parallel workers read."""

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        pages(env).pop(docname, None)

    def merge_other(
        self, app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment
    ) -> None:
        pages(env).update({name: pages(other)[name] for name in docnames if name in pages(other)})

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Pages note what they show where it is made."""

    def get_updated_docs(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Write pages with cards again if what one of their cards says has changed."""
        before = env.__dict__.get("swarm_cards_said", {})
        said = {
            name: [_said_of(env, shown) for shown in page.cards]
            for name, page in pages(env).items()
            if page.cards and name in env.found_docs
        }
        env.__dict__["swarm_cards_said"] = said
        return [name for name, words in said.items() if before.get(name) != words]


def _said_of(env: Any, docname: str) -> str:
    card = page_of(env, docname).card
    title = env.titles[docname].astext() if docname in env.titles else ""
    return json.dumps([title, dataclasses.asdict(card) if card else None], sort_keys=True)


def setup(app: Sphinx) -> None:
    """Register the collector."""
    app.add_env_collector(_Collector)
