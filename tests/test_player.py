"""What a recorded swarm becomes before a browser sees it."""

import base64
import functools
import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps

from swarm import figures, player
from swarm._drawing import evenly
from swarm.player import Player
from swarm.player._colors import map_ends, palette
from swarm.player._pack import pack
from swarm.style import CATEGORIES, DARK, LIGHT
from swarm.surface import Paths, Plane, Surface


def wave(bees=12, epochs=30, points=40, seed=0):
    """A swarm that goes from flat lines to sine waves: x, y and ypred (bee, epoch, point)."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-3, 3, points)
    shift = 0.2 * rng.normal(size=(bees, 1, 1))
    progress = np.linspace(0, 1, epochs)[:, None]
    return x, np.sin(x), progress * np.sin(x + shift) + 0.1 * shift


def bowl():
    xs, ys = np.linspace(-2, 2, 21), np.linspace(-1, 1, 11)
    return xs, ys, 1 + xs[None, :] ** 2 + 4 * ys[:, None] ** 2


def spirals(bees=7, epochs=25):
    """Positions (bee, epoch, 2)."""
    angle = np.linspace(0, 6, epochs) + np.arange(bees)[:, None]
    radius = np.linspace(0.9, 0.1, epochs)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


@functools.cache
def waves() -> Player:
    """A player that several tests read, so that its pictures are drawn once."""
    x, y, ypred = wave()
    return player.curves(x, ypred, y)


def read(made: Player) -> dict:
    """The recording as the page's script receives it, parsed apart from our own code."""
    found = re.fullmatch(
        r'\(\(window\.swarmscape\|\|=\{\}\)\.swarms\|\|=\{\}\)\["(swarm-[0-9a-f]{16})"\]=(.*);\n',
        made.script,
    )
    assert found
    assert found[1] == made.name
    return json.loads(found[2])


def unpack(packed: dict) -> np.ndarray:
    """Undo the packing step by step in Python integers; an oracle for both decoders."""
    epochs, bees, points = packed["shape"]
    raw = zlib.decompress(base64.b64decode(packed["data"]))
    size = epochs * bees * points
    coded = [raw[at] + 256 * raw[size + at] for at in range(size)]
    errors = np.array([c // 2 if c % 2 == 0 else -(c + 1) // 2 for c in coded], dtype=object)
    if packed["smooth"]:
        levels = errors.reshape(epochs, bees, points).cumsum(axis=0).cumsum(axis=2) % 65536
    else:
        levels = (errors.reshape(bees, points, epochs).cumsum(axis=2) % 65536).transpose(2, 0, 1)
    return np.where(levels == 65535, np.nan, packed["low"] + packed["step"] * levels.astype(float))


@pytest.mark.parametrize("smooth", [True, False])
def test_packing_keeps_values_within_half_a_step(smooth):
    values = np.random.default_rng(1).normal(size=(5, 6, 7))
    packed = pack(values, (-3.0, 3.0), steps=1024, smooth=smooth)
    assert packed.step == 6 / 1024
    assert np.abs(packed.values() - values).max() <= packed.step / 2 * 1.0001
    np.testing.assert_allclose(packed.values(), unpack(packed.to_json()), atol=1e-12)


@pytest.mark.parametrize("smooth", [True, False])
def test_gaps_survive_packing_and_touch_nothing_else(smooth):
    values = np.random.default_rng(2).normal(size=(4, 3, 9))
    values[1, 2, 3:5] = np.nan
    values[3, 0, 0] = np.inf
    packed = pack(values, (-3.0, 3.0), steps=512, smooth=smooth)
    decoded = packed.values()
    np.testing.assert_array_equal(np.isnan(decoded), ~np.isfinite(values))
    np.testing.assert_allclose(
        decoded[np.isfinite(values)], values[np.isfinite(values)], atol=packed.step
    )
    np.testing.assert_allclose(decoded, unpack(packed.to_json()), atol=1e-12)


def test_what_lies_far_outside_stays_outside():
    values = np.array([[[-1e9, -4.0, 0.5, 4.0, 1e9]]])
    decoded = pack(values, (0.0, 1.0), steps=2048, smooth=True).values()[0, 0]
    np.testing.assert_allclose(decoded[1:4], [-4, 0.5, 4], atol=1e-3)
    assert decoded[0] < -10
    assert decoded[4] > 10


def test_a_small_swarm_is_recorded_whole():
    x, y, ypred = wave()
    weights = np.random.default_rng(3).normal(size=(12, 30, 5))
    made = player.curves(x, ypred, y, values=weights, values_label="weights")
    recorded = read(made)
    assert made.thinned == ""
    assert recorded["epochs"] == list(range(30))
    assert recorded["bees"] == list(range(12))
    np.testing.assert_allclose(recorded["x"], x, atol=1e-6)
    np.testing.assert_allclose(recorded["truth"], y, atol=1e-6)
    curves = recorded["arrays"]["ypred"]
    np.testing.assert_allclose(unpack(curves).transpose(1, 0, 2), ypred, atol=curves["step"])
    values = recorded["arrays"]["values"]
    np.testing.assert_allclose(unpack(values).transpose(1, 0, 2), weights, atol=values["step"])


def test_final_loss_is_the_mean_squared_error_of_the_last_epoch_by_default():
    x, y, ypred = wave()
    recorded = read(player.curves(x, ypred, y))
    np.testing.assert_allclose(recorded["loss"], [np.mean((b[-1] - y) ** 2) for b in ypred], 1e-6)


def test_losses_with_epochs_count_at_the_last():
    x, _, ypred = wave()
    losses = np.random.default_rng(4).uniform(1, 2, (12, 30))
    recorded = read(player.curves(x, ypred, loss=losses, loss_scale="log"))
    np.testing.assert_allclose(recorded["loss"], losses[:, -1], 1e-6)
    assert recorded["lossScale"] == "log"


def test_one_bee_far_worse_than_the_others_does_not_take_all_the_colours():
    x, _, ypred = wave(bees=200)
    losses = np.linspace(1, 2, 200)
    losses[77] = 1e6
    low, high = read(player.curves(x, ypred, loss=losses))["lossRange"]
    assert low == 1
    assert high < 2.1


def test_a_bee_without_a_final_loss_is_kept_and_said_to_be_unknown():
    x, y, ypred = wave()
    ypred[4, 20:] = np.nan
    recorded = read(player.curves(x, ypred, y))
    assert recorded["loss"][4] is None
    assert None not in recorded["loss"][:4] + recorded["loss"][5:]
    decoded = unpack(recorded["arrays"]["ypred"])
    assert np.isnan(decoded[20:, 4]).all()
    assert np.isfinite(decoded[:20]).all()


def test_unsorted_points_are_sorted_together():
    x, y, ypred = wave()
    order = np.random.default_rng(5).permutation(len(x))
    shuffled = player.curves(x[order], ypred[:, :, order], y[order])
    assert shuffled.script == player.curves(x, ypred, y).script


@pytest.mark.parametrize("max_bytes", [300_000, 150_000, 75_000])
def test_thinning_meets_the_budget_and_keeps_first_and_last(max_bytes):
    rng = np.random.default_rng(6)
    x, y, ypred = wave(bees=150, epochs=90, points=80)
    ypred = ypred + 0.02 * rng.normal(size=ypred.shape[:2])[:, :, None]
    made = player.curves(x, ypred, y, max_bytes=max_bytes)
    assert len(made.script.encode()) <= max_bytes
    assert len(made.script.encode()) > 0.7 * max_bytes
    recorded = read(made)
    epochs, bees = recorded["epochs"], recorded["bees"]
    assert (epochs[0], epochs[-1], bees[0], bees[-1]) == (0, 89, 0, 149)
    assert (recorded["x"][0], recorded["x"][-1]) == (-3, 3)
    assert len(epochs) == 48 or len(bees) == 150  # bees only go when few epochs are left
    assert f"{len(epochs)} of 90 epochs" in made.thinned
    assert made.thinned in made.html()
    kept = ypred[np.ix_(bees, epochs)].transpose(1, 0, 2)
    points = [int(np.abs(x - at).argmin()) for at in recorded["x"]]
    curves = recorded["arrays"]["ypred"]
    np.testing.assert_allclose(unpack(curves), kept[:, :, points], atol=curves["step"])


def test_thinned_bees_keep_their_own_losses():
    x, _, ypred = wave(bees=300, epochs=60, points=50)
    ypred = ypred + np.random.default_rng(7).normal(size=ypred.shape)
    losses = np.arange(300) + 1.0
    made = player.curves(x, ypred, loss=losses, max_bytes=300_000)
    recorded = read(made)
    assert 60 <= len(recorded["bees"]) < 300
    np.testing.assert_array_equal(recorded["loss"], losses[recorded["bees"]])
    assert f"{len(recorded['bees'])} of 300 bees" in made.thinned


def test_a_budget_that_cannot_be_met_is_an_error():
    x, y, ypred = wave()
    with pytest.raises(ValueError, match=r"max_bytes=500 is too little: \d+ bytes are needed"):
        player.curves(x, ypred, y, max_bytes=500)


@pytest.mark.parametrize(("count", "keep"), [(400, 48), (10, 10), (7, 2), (3, 2)])
def test_even_spacing_hits_both_ends_without_repeats(count, keep):
    indices = evenly(count, keep)
    assert len(indices) == keep
    assert (indices[0], indices[-1]) == (0, count - 1)
    assert np.ptp(np.diff(indices)) <= 1


def test_even_spacing_of_one_is_the_first():
    assert list(evenly(1, 1)) == [0]


def test_recorded_epochs_keep_the_numbers_given():
    x, y, ypred = wave(epochs=5)
    numbers = [0, 10, 100, 1000, 10000]
    assert read(player.curves(x, ypred, y, epochs=numbers))["epochs"] == numbers


def test_a_loss_map_keeps_its_orientation_and_scale():
    xs, ys, losses = bowl()
    made = player.descent((xs, ys, losses), spirals(), surface_scale="log")
    recorded = read(made)
    assert recorded["surface"]["xs"] == [-2, 2]
    assert recorded["surface"]["ys"] == [-1, 1]
    assert recorded["surface"]["scale"] == "log"
    ground = recorded["arrays"]["surface"]
    np.testing.assert_allclose(unpack(ground)[0], np.log10(losses), atol=ground["step"])
    positions = recorded["arrays"]["positions"]
    np.testing.assert_allclose(
        unpack(positions).transpose(1, 0, 2), spirals(), atol=positions["step"]
    )


@pytest.mark.parametrize(("factor", "log"), [(29, False), (31, True)])
def test_colors_are_logarithmic_from_a_range_of_thirty_as_in_a_surface_figure(factor, log):
    xs, ys = np.linspace(-2, 2, 21), np.linspace(-1, 1, 11)
    losses = np.geomspace(1, factor, 231).reshape(11, 21)
    plane = Plane([0, 0], [1, 0], [0, 1], ("w1", "w2"))
    landscape = Surface(xs, ys, losses, plane)
    recorded = read(player.descent(landscape, spirals(), np.linspace(1, factor, 7)))
    assert (recorded["surface"]["scale"] == "log") == (recorded["lossScale"] == "log") == log
    assert (figures.surface_figure(landscape).data[0].surfacecolor is not None) == log


def test_a_surface_and_paths_are_taken_as_they_are():
    xs, ys, losses = bowl()
    plane = Plane([0, 0], [1, 0], [0, 1], ("left", "right"))
    still = np.zeros((7, 25))
    final = np.random.default_rng(8).uniform(1, 2, (7, 25))
    paths = Paths(spirals(), final, final, still, plane, 1.0)
    recorded = read(player.descent(Surface(xs, ys, losses, plane), paths))
    assert (recorded["xlabel"], recorded["ylabel"]) == ("left", "right")
    np.testing.assert_allclose(recorded["loss"], final[:, -1], 1e-6)
    pieces = read(player.descent((xs, ys, losses), spirals(), final))
    assert pieces["arrays"] == recorded["arrays"]
    other = Surface(xs, ys, losses, Plane([0, 1], [1, 0], [0, 1]))
    with pytest.raises(ValueError, match="another plane"):
        player.descent(other, paths)


def test_true_points_may_have_an_x_of_their_own():
    x, _, ypred = wave()
    recorded = read(player.curves(x, ypred, (np.array([2.0, -1.0]), np.array([0.5, 0.25]))))
    assert (recorded["truthX"], recorded["truth"]) == ([-1, 2], [0.25, 0.5])
    assert recorded["loss"] is None


def test_a_map_with_a_loss_of_zero_is_linear():
    xs, ys, losses = bowl()
    recorded = read(player.descent((xs, ys, losses - 1), spirals()))
    assert recorded["surface"]["scale"] == "linear"
    ground = recorded["arrays"]["surface"]
    np.testing.assert_allclose(unpack(ground)[0], losses - 1, atol=ground["step"])


def test_a_large_map_is_resampled_from_end_to_end():
    xs, ys = np.linspace(-2, 2, 501), np.linspace(-1, 1, 333)
    losses = 1 + xs[None, :] + ys[:, None] + 3  # linear, so interpolation is exact
    recorded = read(player.descent((xs, ys, losses), spirals(), surface_scale="linear"))
    ground = recorded["arrays"]["surface"]
    assert ground["shape"] == [1, 201, 201]
    expected = 4 + np.linspace(-2, 2, 201)[None, :] + np.linspace(-1, 1, 201)[:, None]
    np.testing.assert_allclose(unpack(ground)[0], expected, atol=ground["step"])


def test_a_flat_map_can_be_drawn():
    xs, ys, losses = bowl()
    assert player.descent((xs, ys, np.ones_like(losses)), spirals()).poster().ndim == 3


X, Y, CURVES = wave()
XS, YS, LOSSES = bowl()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, CURVES[0]), r"data must have shape \(bee, epoch, N\)"),
        ((X, CURVES[:0]), r"data must have shape .* none of them 0, got \(0, 30, 40\)"),
        ((X, np.full_like(CURVES, np.nan)), "data has not one finite number"),
        ((X[1:], CURVES), r"x must have one finite number for each of the 40 points"),
        ((np.where(X > 2, np.nan, X), CURVES), "with NaN or infinity"),
        ((np.ones_like(X), CURVES), "at least two different points"),
        ((X, CURVES, Y[1:]), r"truth must have the shape of x, \(40,\)"),
        ((X, CURVES, Y, np.ones(5)), r"loss must have shape \(bee,\) = \(12,\)"),
        ((X, CURVES, Y, None, np.ones((12, 29, 3))), r"values must have the bees and epochs"),
    ],
)
def test_curves_that_do_not_fit_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        player.curves(*arguments)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"ylim": (1, 1)}, r"ylim must be \(low, high\) with low < high, got \(1, 1\)"),
        ({"epochs": [1, 2]}, r"epochs must have 30 numbers"),
        ({"loss_scale": "sqrt"}, "loss_scale must be 'auto', 'linear' or 'log', got 'sqrt'"),
        (
            {"loss": np.zeros(12), "loss_scale": "log"},
            r"needs positive values, but the lowest final loss is 0; leave out loss_scale='log'",
        ),
    ],
)
def test_settings_that_make_no_sense_are_named(keywords, message):
    with pytest.raises(ValueError, match=message):
        player.curves(X, CURVES, **keywords)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((XS, YS, LOSSES.T), spirals()), "it is transposed: rows must be y"),
        (
            ((XS, YS[:-1], LOSSES), spirals()),
            r"values of the surface must have shape \(Y, X\) = \(10, 21\)",
        ),
        (((XS**3, YS, LOSSES), spirals()), "xs of the surface must be evenly spaced"),
        (((XS[::-1], YS, LOSSES), spirals()), "xs of the surface must be two or more ascending"),
        (((XS, YS, LOSSES), np.ones((3, 4, 3))), r"paths must have shape \(bee, epoch, 2\)"),
        (
            ((XS, YS, LOSSES * np.nan), spirals()),
            "values of the surface has not one finite number",
        ),
    ],
)
def test_descents_that_do_not_fit_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        player.descent(*arguments)


def test_a_log_map_of_losses_that_are_not_positive_is_an_error():
    with pytest.raises(
        ValueError,
        match=r"positive values, but the lowest loss of the surface is -1; leave out surface_s",
    ):
        player.descent((XS, YS, LOSSES - 2), spirals(), surface_scale="log")


def test_written_files_are_those_that_the_page_asks_for(tmp_path):
    made = waves()
    written = made.write(tmp_path / "new" / "folder")
    page = made.html("media")
    asked = set(re.findall(r'(?:src|srcset|href)="media/([^"]+)"', page))
    assert asked == {path.name for path in written}
    assert {path.name for path in (tmp_path / "new" / "folder").iterdir()} == asked
    assert written[0].read_text("utf-8") == made.script
    assert all(path.read_bytes()[8:12] == b"WEBP" for path in written[1:])


def test_the_same_swarm_makes_the_same_files(tmp_path):
    one, two = (player.curves(X, CURVES, Y) for _ in range(2))
    assert [path.name for path in one.write(tmp_path)] == [p.name for p in two.write(tmp_path)]
    assert player.curves(X, CURVES + 0.1, Y).name != one.name


def test_nothing_is_written_where_one_file_fails(tmp_path, monkeypatch):
    made = waves()
    real = type(tmp_path).write_bytes

    def full(path, content):
        if "narrow" in path.name:
            real(path, content[:10])
            raise OSError("No space left on device")
        return real(path, content)

    monkeypatch.setattr(type(tmp_path), "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        made.write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "taken").write_text("here")
    with pytest.raises(FileExistsError):
        waves().write(tmp_path / "taken")


def test_the_figure_says_what_it_shows():
    made = player.curves(X, CURVES, Y, title="Waves & <bees>", caption="A < B.")
    page = made.html()
    assert 'role="group" aria-label="Waves &amp; &lt;bees&gt;"' in page
    assert "<figcaption><strong>Waves &amp; &lt;bees&gt;.</strong> A &lt; B.</figcaption>" in page
    assert page.count(f'alt="{made.alt}"') == 2
    assert "12 curves of y over x" in made.alt
    assert "after epoch 29" in made.alt
    assert ">Play with the swarm</button>" in page
    assert "<script" not in page
    assert not re.search(r"\son\w+=", page)


def test_markup_in_a_label_cannot_end_a_script():
    made = player.curves(X, CURVES, Y, xlabel="</script><b>")
    assert "</script" not in made.script
    assert read(made)["xlabel"] == "</script><b>"


@pytest.mark.parametrize("narrow", [False, True])
def test_posters_are_drawn_for_light_and_dark(narrow):
    made = player.curves(X, CURVES, Y, values=np.ones((12, 30, 2)))
    light, dark = made.poster(narrow=narrow), made.poster(True, narrow=narrow)
    assert light.shape == ((800, 716, 3) if narrow else (828, 1104, 3))
    assert tuple(light[0, 0]) == (255, 255, 255)
    assert tuple(dark[0, 0]) == (0x13, 0x14, 0x16)


def test_a_notebook_gets_everything_in_one_piece():
    made = player.descent(((XS, YS, LOSSES)), spirals())
    page = made._repr_html_()
    assert made.script in page
    assert "class SwarmPlayer" in page
    assert "--swarm-paper" in page
    for address in re.findall(r'(?:src|srcset|href)="([^"]*)"', page):
        assert address.startswith("data:") or not address


class Film:
    """As much of a movie as the player reads."""

    def __init__(self, folder):
        self.path, self.dark = folder / "film.mp4", folder / "film.dark.mp4"
        self.path.write_bytes(b"light film" * 1000)
        self.dark.write_bytes(b"dark film" * 1000)
        self.width, self.height, self.title = 640, 480, "A film"


def test_a_movie_is_there_without_a_script_and_to_download(tmp_path):
    made = player.curves(X, CURVES, Y, movie=Film(tmp_path))
    written = {path.name: path for path in made.write(tmp_path / "out")}
    page = made.html("up/")
    (video,) = re.findall(r"<noscript><video [^>]*></video></noscript>", page)
    for fact in ("controls", "muted", 'preload="none"', 'width="640"', 'height="480"'):
        assert fact in video
    (source,) = re.findall(r' src="up/([^"]+)"', video)
    assert written[source].read_bytes() == b"light film" * 1000
    assert f'href="up/{source}" download' in page


def test_the_script_has_the_colours_of_the_still_picture():
    text = Path(player.__file__).with_name("player.js").read_text("utf-8")
    (listed,) = re.findall(r"const VIRIDIS = \[(.*?)\]", text, re.S)
    anchors = [bytes.fromhex(code) for code in re.findall(r'"([0-9a-f]{6})"', listed)]
    expected = colormaps["viridis"](np.linspace(0, 1, len(anchors)), bytes=True)[:, :3]
    assert np.abs(np.array([list(a) for a in anchors]) - expected).max() <= 1
    (listed,) = re.findall(r"const CATEGORIES = \[(.*?)\]", text, re.S)
    assert [f"#{code}" for code in re.findall(r'"([0-9a-f]{6})"', listed)] == list(CATEGORIES)


def test_the_style_sheet_has_the_colors_of_the_styles_and_no_others():
    text = Path(player.__file__).with_name("player.css").read_text("utf-8")
    for name, light in palette(LIGHT).items():
        pair = f"var(--swarm-light, {light}) var(--swarm-dark, {palette(DARK)[name]})"
        assert f"--swarm-{name}: {pair};" in text
    assert f"var(--swarm-light, {map_ends(LIGHT)}) var(--swarm-dark, {map_ends(DARK)})" in text
    assert len(re.findall(r"#[0-9a-f]{3,8}\b", text)) == 2 * len(palette(LIGHT))


def luminance(color):
    parts = np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [
        0.2126,
        0.7152,
        0.0722,
    ]


@pytest.mark.parametrize("style", [LIGHT, DARK])
def test_words_of_the_player_can_be_read(style):
    colors = palette(style)
    for front, back in (
        ("text", "paper"), ("soft", "paper"), ("on-accent", "accent"), ("text", "hover"),
    ):  # fmt: skip
        low, high = sorted(luminance(colors[name]) for name in (front, back))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)


RATES, WIDTHS = (0.1, 0.01, 1.0), (2, 8)


def swarms(points=40, bees=6, epochs=9, missing=()):
    """A hive over learning rate and width: curves, weights (as many as the width) and losses."""
    rng = np.random.default_rng(11)
    x = np.linspace(-2, 2, points)
    made = []
    for lr in RATES:
        for width in WIDTHS:
            if (lr, width) in missing:
                continue
            ypred = rng.normal(size=(bees, epochs, 1)) + lr * np.sin(x)
            weights = rng.normal(size=(bees, epochs, width))
            loss = lr * (1 + rng.uniform(size=(bees, epochs)))
            made.append(
                {
                    "lr": lr,
                    "width": width,
                    "x": x,
                    "ypred": ypred,
                    "weights": weights,
                    "loss": loss,
                }
            )
    return made


def test_a_hive_holds_every_setting_at_its_knobs():
    hive = swarms()
    made = player.hive(hive, ("lr", "width"), values="weights")
    recorded = read(made)
    assert recorded["knobs"] == [
        {"label": "lr", "values": ["0.01", "0.1", "1"]},
        {"label": "width", "values": ["2", "8"]},
    ]
    assert recorded["bees"] == list(range(6))
    curves, weights = (unpack(recorded["arrays"][name]) for name in ("ypred", "values"))
    for place, (entry, at) in enumerate(zip(hive, recorded["settings"], strict=True)):
        turned = [knob["values"][i] for knob, i in zip(recorded["knobs"], at, strict=True)]
        assert turned == [f"{entry['lr']:g}", str(entry["width"])]
        mine = slice(6 * place, 6 * place + 6)
        step = recorded["arrays"]["ypred"]["step"]
        np.testing.assert_allclose(
            curves[:, mine].transpose(1, 0, 2), entry["ypred"], atol=0.51 * step
        )
        np.testing.assert_allclose(recorded["loss"][mine], entry["loss"][:, -1], 1e-6)
        drawn = weights[:, mine].transpose(1, 0, 2)
        step = recorded["arrays"]["values"]["step"]
        np.testing.assert_allclose(
            drawn[..., : entry["width"]], entry["weights"], atol=0.51 * step
        )
        assert np.isnan(drawn[..., entry["width"] :]).all()


def test_the_poster_of_a_hive_is_that_of_its_middle_setting():
    hive = swarms()
    one_width = [entry for entry in hive if entry["width"] == 2]
    made = player.hive(one_width, "lr", ylim=(-4, 4), loss_scale="linear")
    (middle,) = (entry for entry in one_width if entry["lr"] == 0.1)
    scene, arrays = made.recording.setting(made.recording.middle)
    step = made.recording.arrays["ypred"].step
    np.testing.assert_allclose(
        arrays["ypred"].transpose(1, 0, 2), middle["ypred"], atol=0.51 * step
    )
    np.testing.assert_allclose(scene["loss"], middle["loss"][:, -1], 1e-6)
    assert "6 curves of y over x at lr 0.1, after epoch 8" in made.alt
    without = [{k: v for k, v in entry.items() if k != "loss"} for entry in one_width]
    alone = player.curves(middle["x"], middle["ypred"], ylim=(-4, 4))
    drawn = player.hive(without, "lr", ylim=(-4, 4)).poster()
    np.testing.assert_array_equal(drawn, alone.poster())


def test_fields_of_a_hive_are_named_made_or_shared():
    hive = swarms()
    named = player.hive(hive, ("lr", "width"), values="weights", loss="loss")
    made = player.hive(
        hive, ("lr", "width"), data=lambda swarm: swarm["ypred"], values=lambda s: s["weights"]
    )
    assert made.script == named.script
    shared = read(player.hive(hive, ("lr", "width"), truth=np.zeros(40)))
    assert shared["truth"] == [0] * 40
    labelled = read(player.hive(hive, {"lr": "learning rate", "width": "neurons"}))
    assert [knob["label"] for knob in labelled["knobs"]] == ["learning rate", "neurons"]


def test_a_hive_may_have_gaps_and_knobs_that_are_no_numbers():
    hive = [{**entry, "act": np.tanh if entry["width"] == 2 else "relu"} for entry in swarms()]
    recorded = read(player.hive(hive, ("act", "lr")))
    assert recorded["knobs"][0]["values"] == ["tanh", "relu"]
    some = read(player.hive(swarms(missing=[(0.1, 8), (1.0, 2)]), ("lr", "width")))
    assert len(some["settings"]) == 4


def test_a_hive_is_thinned_to_its_budget_alike_in_all_settings():
    rng = np.random.default_rng(12)
    hive = [
        {**entry, "ypred": entry["ypred"] + 0.3 * rng.normal(size=entry["ypred"].shape)}
        for entry in swarms(points=60, bees=40, epochs=50)
    ]
    made = player.hive(hive, ("lr", "width"), max_bytes=350_000)
    assert 0.6 * 350_000 < len(made.script.encode()) <= 350_000
    recorded = read(made)
    bees, epochs = recorded["bees"], recorded["epochs"]
    assert (bees[0], bees[-1], epochs[0], epochs[-1]) == (0, 39, 0, 49)
    assert f"{len(epochs)} of 50 epochs" in made.thinned
    points = [int(np.abs(hive[0]["x"] - at).argmin()) for at in recorded["x"]]
    curves = recorded["arrays"]["ypred"]
    for place, entry in enumerate(hive):
        kept = entry["ypred"][np.ix_(bees, epochs, points)].transpose(1, 0, 2)
        drawn = unpack(curves)[:, place * len(bees) : (place + 1) * len(bees)]
        np.testing.assert_allclose(drawn, kept, atol=0.51 * curves["step"])
        mine = recorded["loss"][place * len(bees) : (place + 1) * len(bees)]
        np.testing.assert_allclose(mine, entry["loss"][bees, -1], 1e-6)


def test_points_and_their_names_are_recorded():
    rng = np.random.default_rng(13)
    points = rng.normal(size=(4, 7, 5, 2))
    made = player.scatter(points, ["b", "a", "b", "c", "a"], loss=np.arange(4) + 1.0, bee=2)
    recorded = read(made)
    packed = recorded["arrays"]["points"]
    drawn = unpack(packed).transpose(1, 0, 2).reshape(4, 7, 5, 2)
    np.testing.assert_allclose(drawn, points, atol=0.51 * packed["step"])
    assert [recorded["names"][i] for i in recorded["labels"]] == ["b", "a", "b", "c", "a"]
    assert recorded["bee"] == 2
    for axis in (0, 1):
        low, high = recorded["view"]["xy"[axis]]
        assert low < points[..., axis].min() < points[..., axis].max() < high
    single = read(player.scatter(points[:, :, 0]))
    assert single["arrays"]["points"]["shape"] == [7, 4, 2]


def test_thinned_points_keep_their_names():
    rng = np.random.default_rng(14)
    labels = rng.integers(0, 3, 500)
    points = np.tile(rng.normal(size=(40, 60, 1, 2)), (1, 1, 500, 1))
    points += 10 * labels[:, None] + rng.normal(size=(40, 60, 500, 2))
    made = player.scatter(points, labels, max_bytes=400_000)
    recorded = read(made)
    assert len(recorded["labels"]) < 500
    packed = recorded["arrays"]["points"]
    drawn = unpack(packed).reshape(*packed["shape"][:2], -1, 2).mean(axis=(0, 1, 3))
    np.testing.assert_array_equal(np.rint(drawn / 10), recorded["labels"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: player.hive([], "lr"), "no swarm"),
        (lambda: player.hive(swarms(), "rate"), "'rate' is no parameter .* has lr, width"),
        (lambda: player.hive(swarms(), "lr"), r"two swarms have lr=0.1; make a knob of what else"),
        (lambda: player.hive(swarms(), ("lr", "width"), values="bias"), "'bias' is no field"),
        (lambda: player.hive(swarms(), ("lr", "width"), "bars"), "kind must be one of 'curves'"),
        (lambda: player.hive(swarms(), []), "at least one parameter"),
        (
            lambda: player.hive([swarms()[0], swarms(points=30)[2]], "lr"),
            "x must be the same in all settings",
        ),
        (
            lambda: player.hive([swarms()[0], swarms(bees=5)[2]], "lr"),
            "as many bees, epochs and points in all settings",
        ),
        (lambda: player.scatter(np.zeros((2, 3, 4, 3))), r"points must have shape \(bee, epoch"),
        (lambda: player.scatter(np.zeros((2, 3, 4, 2)), [1, 2]), "labels must have one entry"),
        (lambda: player.scatter(np.zeros((2, 3, 11, 2)), range(11)), "at most ten kinds, got 11"),
        (lambda: player.scatter(np.zeros((2, 3, 4, 2)), bee=2), "bee must be one of 0 to 1"),
    ],
)
def test_hives_and_points_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_misspelt_argument_of_a_hive_is_named():
    with pytest.raises(TypeError, match="no argument 'ylabl'; did you mean 'ylabel'"):
        player.hive(swarms(), ("lr", "width"), ylabl="y")


def test_pictures_keep_their_rows_and_what_lies_on_them():
    rng = np.random.default_rng(15)
    images = rng.uniform(-1, 3, size=(3, 5, 4, 6))
    images[1, 2, 0, 3] = np.nan
    points = np.array([[0.5, 1.5], [2.0, 0.0]])
    made = player.image(images, points, [0, 1], extent=(0, 3, 0, 2), limits=(-1, 3), label="odds")
    recorded = read(made)
    packed = recorded["arrays"]["images"]
    assert (recorded["rows"], recorded["columns"]) == (4, 6)
    drawn = unpack(packed).transpose(1, 0, 2).reshape(3, 5, 4, 6)
    np.testing.assert_allclose(drawn, images, atol=0.51 * 4 / 255)
    assert recorded["view"] == {"x": [0, 3], "y": [0, 2]}
    assert recorded["dots"] == {"at": points.tolist(), "values": [0, 1]}
    assert "the odds over x and y: the mean of 3 bees, after epoch 4" in made.alt


def test_thinned_pictures_keep_their_corners():
    rng = np.random.default_rng(16)
    images = rng.uniform(size=(4, 40, 64, 48))
    made = player.image(images, max_bytes=150_000)
    recorded = read(made)
    rows, columns = recorded["rows"], recorded["columns"]
    assert 24 <= rows < 64
    assert columns / 48 == pytest.approx(rows / 64, abs=1 / 48)
    assert f"{rows} of 64 rows, and as large a share of the columns" in made.thinned
    packed = recorded["arrays"]["images"]
    drawn = unpack(packed).transpose(1, 0, 2)
    drawn = drawn.reshape(*drawn.shape[:2], rows, columns)
    corners = np.ix_(recorded["bees"], recorded["epochs"], [0, -1], [0, -1])
    np.testing.assert_allclose(
        drawn[:, :, [0, -1]][..., [0, -1]], images[corners], atol=0.51 * packed["step"]
    )


@pytest.mark.parametrize("narrow", [False, True])
def test_the_key_of_a_poster_is_whole(narrow):
    points = np.random.default_rng(0).normal(size=(1, 2, 6, 2))
    made = player.scatter(points, labels=[f"the feature number {i}" for i in range(6)])
    pixels = made.poster(narrow=narrow)
    below = pixels[int(0.8 * len(pixels)) :]
    assert (below != pixels[0, 0]).any()
    assert (below[:, :4] == pixels[0, 0]).all()
    assert (below[:, -4:] == pixels[0, 0]).all()


def test_a_poster_shows_the_mean_picture_or_the_chosen_bees():
    images = np.zeros((2, 3, 8, 8))
    images[1] = 1.0
    share = {}
    for bee in (None, 0, 1):
        drawn = player.image(images, limits=(0, 1), bee=bee).poster()
        ends = [bytes.fromhex(color[1:]) for color in (LIGHT.bee, LIGHT.highlight)]
        share[bee] = [(drawn == list(end)).all(axis=-1).mean() for end in ends]
    assert share[0][0] > 0.3 > 0.02 > share[0][1]
    assert share[1][1] > 0.3 > 0.02 > share[1][0]
    assert max(share[None]) < 0.02  # but for the ends of the key


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"points": [[0, 0, 0]]}, r"points must be finite, of shape \(M, 2\), got \(1, 3\)"),
        ({"points": [[0, 0]], "targets": [1, 2]}, "one finite value for each of 1 points"),
        ({"extent": (1, 0, 0, 1)}, r"extent must be \(low, high\)"),
        ({"bee": 9}, "bee must be one of 0 to 1"),
    ],
)
def test_pictures_that_do_not_fit_are_named(keywords, message):
    with pytest.raises(ValueError, match=message):
        player.image(np.zeros((2, 3, 4, 4)), **keywords)


def test_seconds_since_1970_keep_their_digits():
    x = 1.7e9 + np.arange(41.0)
    curves = 1.7e9 + np.random.default_rng(17).uniform(0, 40, (3, 4, 41))
    recorded = read(player.curves(x, curves, x))
    np.testing.assert_allclose(np.subtract(recorded["x"], 1.7e9), np.arange(41), atol=1e-4)
    np.testing.assert_allclose(np.subtract(recorded["truth"], 1.7e9), np.arange(41), atol=1e-4)
    packed = recorded["arrays"]["ypred"]
    assert packed["step"] < 0.1
    np.testing.assert_allclose(unpack(packed).transpose(1, 0, 2), curves, atol=packed["step"])


def test_one_wild_bee_leaves_the_others_their_resolution_and_is_said_to_leave():
    x, y, ypred = wave(bees=200)
    ypred[77] *= 1e9
    made = player.curves(x, ypred, y)
    recorded = read(made)
    low, high = recorded["view"]["y"]
    assert -2 < low < -1 < 1 < high < 2
    assert "1 of 200 bees leaves the plot, which shows y from" in made.html()
    packed = recorded["arrays"]["ypred"]
    drawn = unpack(packed).transpose(1, 0, 2)
    tame = np.delete(np.arange(200), 77)
    np.testing.assert_allclose(drawn[tame], ypred[tame], atol=0.51 * (high - low) / 2048)
    assert not ((drawn[77, -1] > low) & (drawn[77, -1] < high)).all()
