"""Artists to a movie file, about as fast as the encoder can take frames.

A `Stage` draws what stands still once and, for each frame, only what moves.
`record` hands its frames to ffmpeg while the next ones are drawn. Nothing here
knows about swarms: `swarm.animator` sets the stage.
"""

from swarm._face import hand_on
from swarm.movie._encoder import EncoderError, Quality
from swarm.movie._movie import Movie
from swarm.movie._record import Progress, record
from swarm.movie._stage import Stage

__all__ = [
    "EncoderError",
    "Movie",
    "Progress",
    "Quality",
    "Stage",
    "record",
]

hand_on(__name__)
