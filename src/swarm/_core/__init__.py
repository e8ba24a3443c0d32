"""The parts of `swarm.core`."""
