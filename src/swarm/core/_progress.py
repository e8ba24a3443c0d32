"""One progress bar for a swarm."""

from tqdm import tqdm

__all__ = ["Progress"]


class Progress:
    """One bar: epochs while lifting, bees while looping.

    Parameters
    ----------
    bees : int
        How many there are.
    show : bool or None
        None shows it on a terminal only.
    """

    def __init__(self, bees: int, show: bool | None) -> None:
        self._bees = bees
        self._bar = tqdm(total=bees, unit="bee", disable=None if show is None else not show)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def bee(self, count: int = 1) -> None:
        """Count bees that have ended."""
        if self._bar.disable:
            return
        if self._bar.unit != "bee":
            self._bar.unit = "bee"
            self._bar.set_description("one after another", refresh=False)
            self._bar.reset(total=self._bees)
        self._bar.update(count)

    def epoch(self, epoch: int) -> None:
        """Count epochs of a chunk."""
        if self._bar.disable:
            return
        if self._bar.unit != "epoch":
            self._bar.unit = "epoch"
            self._bar.set_description("lifted", refresh=False)
            self._bar.reset()
            self._bar.total = None
        self._bar.update(1)
