"""The parts of `swarm.lift`."""
