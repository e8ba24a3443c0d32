"""The parts of `swarm.figures.still`."""
