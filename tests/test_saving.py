import re

import plotly.graph_objects as go
import pytest

from swarm.figures._save import save


@pytest.fixture
def figure():
    return go.Figure(go.Scatter(x=[1, 2], y=[3, 5]))


def test_a_figure_becomes_a_page_that_asks_no_server(figure, tmp_path):
    assert save(figure, tmp_path / "a_line.html") is figure
    page = (tmp_path / "a_line.html").read_text(encoding="utf-8")
    assert "<title>a line</title>" in page
    assert '"y":[3,5]' in page
    assert not re.search(r"<(script|link|img)[^>]*https?://", page)


def test_a_figure_with_frames_waits_for_its_reader_and_keeps_its_shape(figure, tmp_path):
    figure.frames = [go.Frame(data=[go.Scatter(y=[1, 2])], name="1")]
    figure.update_layout(height=620)
    save(figure, tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "Plotly.addFrames" in page
    assert "Plotly.animate(" not in page.rpartition("Plotly.addFrames")[2]
    assert "aspect-ratio: 800 / 620" in page
    assert figure.layout.height == 620


def test_anything_with_html_becomes_a_page(tmp_path):
    class Picture:
        def _repr_html_(self):
            return "<p>hello</p>"

    save(Picture(), tmp_path / "x.html")
    assert "<p>hello</p>" in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_an_older_page_stays_when_the_picture_is_bad(tmp_path):
    target = tmp_path / "x.html"
    target.write_text("older")
    with pytest.raises(TypeError, match="int"):
        save(3, target)
    assert target.read_text() == "older"
    assert [file.name for file in tmp_path.iterdir()] == ["x.html"]


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [("x.png", ValueError, r"\.html.*x\.png"), ("no/x.html", FileNotFoundError, "no folder")],
)
def test_a_bad_name_is_refused(figure, tmp_path, name, error, message):
    with pytest.raises(error, match=message):
        save(figure, tmp_path / name)
