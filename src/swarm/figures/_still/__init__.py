"""The parts of `swarm.still`."""
