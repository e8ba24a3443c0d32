"""The parts of `swarm.player`."""
