"""The loss over a plane of weights, and the paths that networks take through it.

Weights are explicit coordinates here: the caller's network is copied, never
walked about. Everything is evaluated on the data given, so a surface is exact
at its grid points up to the rounding of the network's own precision.
"""

from swarm._face import hand_on
from swarm.surface._advice import advise
from swarm.surface._between import Curve, barrier, match_units, trained_curve
from swarm.surface._curvature import hessian_eigenvalues
from swarm.surface._loss import loss_at, loss_line, loss_paths, loss_surface
from swarm.surface._planes import Plane, pca_plane, random_plane, three_point_plane, weight_plane
from swarm.surface._spectrum import (
    LayerCurvature,
    SpectralDensity,
    layer_curvatures,
    spectral_density,
)
from swarm.surface._spread import Surfaces, loss_surfaces
from swarm.surface._surface import Paths, Surface

__all__ = [
    "Curve",
    "LayerCurvature",
    "Paths",
    "Plane",
    "SpectralDensity",
    "Surface",
    "Surfaces",
    "advise",
    "barrier",
    "hessian_eigenvalues",
    "layer_curvatures",
    "loss_at",
    "loss_line",
    "loss_paths",
    "loss_surface",
    "loss_surfaces",
    "match_units",
    "pca_plane",
    "random_plane",
    "spectral_density",
    "three_point_plane",
    "trained_curve",
    "weight_plane",
]

hand_on(__name__)
