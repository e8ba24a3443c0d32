"""How the site is built; `nox -s docs` runs it.

Settings from the environment: SWARM_FULL=0 makes the fast preview, and
SWARM_ONLY=NAME runs one gallery script alone. SWARM_VERSION=dev adds a switch between
the versions that lie beside this one, by their list in ../versions.json.
"""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "docs" / "_tools"))  # the order of the cards
os.environ.setdefault("SWARM_DARK", "1")  # movies in a dark version too
os.environ.setdefault("SOURCE_DATE_EPOCH", "1767225600")  # for pages that repeat byte by byte

from swarm import __version__, env  # noqa: E402  (reads the environment set above)

ONLY = os.environ.get("SWARM_ONLY", "")

SECTIONS = (  # of the gallery, in the order in which to read them
    "first_flights",
    "inside_the_weights",
    "surfaces",
    "optimisers",
    "many_networks",
    "under_the_hood",
)

project = "Swarmscape"
author = "The Swarmscape developers"
copyright = "2026, the Swarmscape developers"
version = release = __version__
language = "en"

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
    "swarm.sphinxext",
    "sphinx_copybutton",
    "sphinx_sitemap",
    "sphinxext.opengraph",
    "notfound.extension",
]
templates_path = ["_templates"]
exclude_patterns = [
    "_tools",
    "auto_gallery/**/*.py",
    "api/generated/*",
    "sg_execution_times.rst",
    "auto_gallery/**/sg_execution_times.rst",
]
nitpicky = True
nitpick_ignore_regex = [
    (r"py:obj", r".*"),  # plain `names` link where they can, and need not
    # Other projects' names: their inventories are not at hand when building offline.
    (r"py:.*", r"(torch|numpy|np|nn|matplotlib|plotly|go|joblib|scipy|PIL|sphinx)\..*"),
]
suppress_warnings = ["config.cache"]  # sphinx-gallery keeps a compiled pattern in its settings
if ONLY:
    suppress_warnings.append("myst-nb.lexer")  # notebooks that do not run name no language

# --- pictures and executed pages

swarm_cache = "../build/cache"
swarm_sources = ["../src"]  # pages run again when what they import has changed
swarm_fingerprint = f"full {env.FULL}, dark {env.DARK}"  # and all of them when this has

swarm_mode = "full" if env.FULL else "preview: fewer bees, epochs and pixels"
swarm_terms = [  # of the glossary, to be linked where a page first uses them
    "bee", "swarm", "hive", "epoch", "lifting", "gradient", "learning rate", "momentum",
    "Hessian", "sharpness", "edge of stability", "filter normalisation", "residual",
]  # fmt: skip
swarm_repository = "swarmscape/swarmscape"

sphinx_gallery_conf = {
    "examples_dirs": "../gallery",
    "gallery_dirs": "auto_gallery",
    "filename_pattern": re.escape(os.sep)
    + (rf"{re.escape(ONLY)}\.py$" if ONLY else r"[a-z]\w*\.py$"),
    "ignore_pattern": r"(__init__|conftest)\.py$",
    "subsection_order": [f"../gallery/{section}" for section in SECTIONS] + ["*"],
    "within_subsection_order": "reading.ReadingOrder",
    "backreferences_dir": "api/generated",
    "doc_module": ("swarm",),
    "image_scrapers": ("swarm.sphinxext.scraper",),
    "reset_modules": ("swarm.sphinxext.reset",),
    "capture_repr": ("_repr_html_", "__repr__"),
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 1e9,
    "css": (),
    "first_notebook_cell": (
        "# Install Swarmscape where it is missing, as on Colab.\n"
        "try:\n    import swarm\nexcept ImportError:\n    %pip install -q swarmscape"
    ),
}

nb_execution_mode = "off" if ONLY else "cache"
nb_execution_cache_path = str(ROOT / "build" / "cache" / "notebooks")
nb_execution_timeout = 900
nb_execution_show_tb = True
nb_execution_in_temp = True  # movies that a page makes stay out of the sources
nb_merge_streams = True
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "dollarmath", "linkify"]
myst_heading_anchors = 3
myst_linkify_fuzzy_links = False

# --- reference

default_role = "autolink"  # `name` in a docstring is a link wherever there is such a name
autosummary_generate = False  # which would import everything in each build, and finds nothing
autodoc_typehints = "none"  # the docstrings give types and shapes
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# --- looks

html_theme = "furo"
html_title = "Swarmscape"
html_baseurl = os.environ.get("SWARM_SITE_URL", "https://swarmscape.github.io/swarmscape/")
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_context = {"site_version": os.environ.get("SWARM_VERSION", "")}  # see site.js
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/versions.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_favicon = "_static/favicon.svg"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": "https://github.com/swarmscape/swarmscape/",
    "source_branch": "main",
    "source_directory": "docs/",
    "top_of_page_buttons": ["edit"],
    "light_css_variables": {
        "color-brand-primary": "#1d5fc2",
        "color-brand-content": "#1a57b5",
        "color-brand-visited": "#5b4bb7",
        "color-foreground-primary": "#1b1e24",
        "color-foreground-secondary": "#545962",
        "color-foreground-muted": "#646a74",
        "color-background-secondary": "#f7f8fa",
        "color-background-border": "#e3e6eb",
        "color-code-background": "#f7f8fa",
        "color-api-name": "#1a57b5",
        "color-api-pre-name": "#545962",
        "sw-on-brand": "#ffffff",
    },
    "dark_css_variables": {
        "color-brand-primary": "#6ea8fe",
        "color-brand-content": "#7db1ff",
        "color-brand-visited": "#b3a6ff",
        "color-foreground-primary": "#e4e6ea",
        "color-foreground-secondary": "#a5abb6",
        "color-foreground-muted": "#9097a3",
        "color-background-secondary": "#1a1c20",
        "color-background-border": "#2d3037",
        "color-code-background": "#1a1c20",
        "color-api-name": "#7db1ff",
        "color-api-pre-name": "#a5abb6",
        "sw-on-brand": "#10131a",
    },
}
if not env.FULL:
    html_theme_options["announcement"] = (
        "<strong>Preview build.</strong> Fewer bees, epochs and pixels than on the published site."
    )
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sitemap_url_scheme = "{link}"
sitemap_locales = [None]
sitemap_excludes = ["404.html", "search.html", "genindex.html", "py-modindex.html"]
sitemap_show_lastmod = False
ogp_site_url = html_baseurl
ogp_image = "_static/social.png"
ogp_social_cards = {"enable": False}
notfound_urls_prefix = "/" + html_baseurl.split("://", 1)[-1].partition("/")[2]


def escape_star(app, what, name, obj, options, lines):
    """Let docstrings say ``(bee, epoch, *dims)``, which reST would read as emphasis."""
    for number, line in enumerate(lines):
        parts = line.split("`")  # every second one is literal
        parts[::2] = [part.replace("*dims", r"\*dims") for part in parts[::2]]
        lines[number] = "`".join(parts)


def finish_context(app, page, template, context, doctree):
    """Repair what axe finds in the theme, and let scripts wait until the page is there."""
    tree = context.get("furo_navigation_tree")
    if tree:
        context["furo_navigation_tree"] = tree.replace(
            'role="heading"', 'role="heading" aria-level="2"'
        )
    if "body" in context:  # its items are no list items
        context["body"] = context["body"].replace(
            '<div role="list" class="citation-list">', "<div>"
        )
    if '<div class="cell ' not in context.get("body", ""):  # each style sheet makes readers wait
        context["css_files"] = [
            sheet for sheet in context["css_files"] if "mystnb." not in str(sheet.filename)
        ]
    unwanted = ("sg-tags.js",)  # sphinx-gallery's filter; ours is gallery.js
    context["script_files"] = [
        script
        if page == "search"  # whose inline scripts do not wait
        or "documentation_options" in str(script.filename)
        or "defer" in script.attributes
        else type(script)(
            script.filename, priority=script.priority, **{**script.attributes, "defer": "defer"}
        )
        for script in context["script_files"]
        if not str(script.filename).endswith(unwanted)
    ]


def write_robots(app, exception):
    """Welcome every robot, and name the sitemap."""
    if exception is None and app.builder.name == "html":
        text = f"User-agent: *\nAllow: /\n\nSitemap: {html_baseurl}sitemap.xml\n"
        Path(app.outdir, "robots.txt").write_text(text, "utf-8")


def setup(app):
    app.connect("build-finished", write_robots)
    app.connect("html-page-context", finish_context, priority=900)
    app.connect("autodoc-process-docstring", escape_star, priority=100)
