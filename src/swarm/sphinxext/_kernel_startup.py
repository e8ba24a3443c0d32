# Run by IPython in each notebook kernel of a site build (named by PYTHONSTARTUP).
import swarm.sphinxext._notebook as _swarm_notebook

_swarm_notebook.register()
del _swarm_notebook
