"""What the face of a package does beside importing: it takes over what it hands on."""

import sys

__all__ = ["hand_on"]


def hand_on(face: str) -> None:
    """Let what a package hands on say that it lives there, in reprs, links, errors and pickles.

    Parameters
    ----------
    face : str
        The package's name; everything in its ``__all__`` that is defined further in
        gets it as its ``__module__``.
    """
    package = sys.modules[face]
    for name in package.__all__:
        thing = getattr(package, name)
        if getattr(thing, "__module__", "").startswith(f"{face}._"):
            thing.__module__ = face
