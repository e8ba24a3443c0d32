"""In which order to read the pages of a section: the simplest first."""

from pathlib import Path

ORDER = (
    # first flights
    "distribution_of_weights",
    "deeper_or_wider",
    # inside the weights
    "born_dead",
    "superposition",
    "bass_before_treble",
    "learning_in_steps",
    "classes_in_a_triangle",
    "wide_enough_linear",
    # surfaces
    "two_weight_surface",
    "hundred_descents",
    "step_that_should_explode",
    "slices_of_a_classifier",
    "one_more_neuron",
    # optimisers
    "learning_rate_and_momentum",
    "the_race",
    "adam_walks_the_wrong_way",
    "edge_of_stability",
    "maximum_margin",
    # many networks
    "ten_thousand_bees",
    "is_3407_lucky",
    "error_peaks_at_n",
    "dropout_and_the_gap",
    "one_network_a_pixel",
    # under the hood
    "how_fast_is_a_swarm",
)


class ReadingOrder:
    """Sort key of sphinx-gallery; a page that is not in the list comes after the others."""

    def __init__(self, folder: str) -> None:
        """Take the folder, which does not matter."""

    def __call__(self, filename: str) -> tuple[int, str]:
        """Return the place of a script, and its name."""
        name = Path(filename).stem
        return ORDER.index(name) if name in ORDER else len(ORDER), name
