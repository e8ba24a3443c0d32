"""How a bee's own error is told."""

from typing import NoReturn

from swarm.core._record import Failure

__all__ = ["BeeError", "raise_failure"]


class BeeError(RuntimeError):
    """A bee raised; the original error is the ``__cause__``.

    Attributes
    ----------
    bee, seed, epoch : int
        The bee's index and seed, and the epoch in which it raised. Epoch k is
        what leads up to the k-th value, from 0.
    """

    def __init__(self, bee: int, seed: int, epoch: int, error: str) -> None:
        super().__init__(bee, seed, epoch, error)
        self.bee, self.seed, self.epoch, self.error = bee, seed, epoch, error

    def __str__(self) -> str:
        return (
            f"bee {self.bee} (seed {self.seed}) raised in epoch {self.epoch}: {self.error}. "
            f"To see it alone: torch.manual_seed({self.seed}), np.random.seed({self.seed}) and "
            "run the trainer; on_error='nan' keeps the other bees"
        )


def raise_failure(failure: Failure) -> NoReturn:
    """Raise the error of a bee, named."""
    error = failure.error
    raise BeeError(
        failure.bee, failure.seed, failure.epoch, f"{type(error).__name__}: {error}"
    ) from error
