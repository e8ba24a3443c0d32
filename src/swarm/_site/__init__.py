"""How movies and figures get onto a site: the parts of `swarm.sphinxext`."""
