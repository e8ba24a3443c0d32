"""A question before a surprise: by mouse and by key, remembered, without a script, and printed."""

import pytest

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("default")]

CONF = 'extensions = ["swarm.sphinxext"]\nhtml_theme = "furo"\n'
PAGE = """\
Home
====

.. guess:: How many of the ten learn?
   :right: 2

   - None.
   - All of them.
   - It depends on the weather, on the day of the week, and on other things as well.

   For the step is small.

.. guess:: And how fast?
   :right: 1

   - Fast.
   - Slowly.

   Look.
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory, published):
    sphinx = pytest.importorskip("sphinx.application", reason="needs the docs group")
    from sphinx.util.docutils import docutils_namespace

    root = tmp_path_factory.mktemp("asking")
    (root / "conf.py").write_text(CONF)
    (root / "index.rst").write_text(PAGE)
    with docutils_namespace():
        sphinx.Sphinx(root, root, root / "html", root / "trees", "html", status=None).build()
    return published(root / "html")


def test_a_choice_is_judged_and_remembered(home, new_page):
    page = new_page()
    page.goto(home)
    box = page.locator(".sw-guess").first
    buttons, why = box.locator("button"), box.get_by_text("For the step is small.")
    assert buttons.count() == 3
    assert not why.is_visible()
    buttons.nth(0).click()
    assert why.is_visible()
    assert box.get_by_role("status").inner_text().startswith("Not so")
    assert buttons.nth(0).get_attribute("aria-pressed") == "true"
    assert "sw-right" in buttons.nth(1).get_attribute("class")
    page.reload()
    assert why.is_visible()
    assert buttons.nth(0).get_attribute("aria-pressed") == "true"
    other = page.locator(".sw-guess").nth(1)
    assert not other.get_by_text("Look.").is_visible()


def test_keys_choose_and_a_right_choice_is_told(home, new_page):
    page = new_page()
    page.goto(home)
    box = page.locator(".sw-guess").first
    box.locator("button").nth(0).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert box.get_by_role("status").inner_text() == "That is right."
    assert box.locator("[aria-pressed=true]").inner_text().startswith("All of them.")


def test_answers_fold_on_a_telephone(home, new_page):
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto(home)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for button in page.locator(".sw-guess button").all():
        assert button.bounding_box()["height"] >= 36


def test_without_a_script_answers_are_a_list_and_the_right_one_unfolds(home, new_page):
    page = new_page(java_script_enabled=False)
    page.goto(home)
    box = page.locator(".sw-guess").first
    assert box.locator("button").count() == 0
    assert box.locator("li").count() == 3
    box.locator("summary").click()
    assert box.get_by_text("For the step is small.").is_visible()


def test_paper_shows_the_answer(home, new_page):
    page = new_page()
    page.goto(home)
    page.emulate_media(media="print")
    why = page.locator(".sw-guess").first.get_by_text("For the step is small.")
    assert why.bounding_box()["height"] > 0
    assert why.evaluate("node => node.checkVisibility({contentVisibilityAuto: true})")
