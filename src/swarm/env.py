"""Settings that come from the environment, read once when this module is imported."""

import os

__all__ = ["DARK", "FULL"]


def _flag(name: str, default: bool) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if text in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
        return default if not text else text in {"1", "true", "yes", "on"}
    raise ValueError(f"{name}={text!r} is neither yes nor no; set {name}=1 or {name}=0")


FULL: bool = _flag("SWARM_FULL", True)
"""Whether to run experiments at full size: true unless ``SWARM_FULL=0``.

Someone who downloads a gallery script gets what the page shows; the site's
fast build sets ``SWARM_FULL=0``.
"""

DARK: bool = _flag("SWARM_DARK", False)
"""Whether movies are drawn in a dark version too: only if ``SWARM_DARK=1``, as the site does."""
