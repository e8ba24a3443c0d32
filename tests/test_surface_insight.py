"""Advice, spreads, spectra and ways between solutions, against closed forms and dense Hessians."""

import copy
import itertools
import re

import numpy as np
import pytest
import torch
from torch import nn

from swarm import figures, networks, surface
from swarm.surface import Curve, Paths, Plane, Surface, _curvature, _spectrum

mse = nn.functional.mse_loss
FLAT = Plane([0.0, 0.0], [1.0, 0.0], [0.0, 1.0], ("w1", "w2"))


def flat(net):
    return nn.utils.parameters_to_vector(net.parameters()).detach().numpy().astype(np.float64)


def bowl(xs, ys, sharp=1.0):
    return Surface(xs, ys, sharp * xs[None] ** 2 + ys[:, None] ** 2, FLAT)


# -- advice ---------------------------------------------------------------------------------------


def test_a_surface_with_nothing_amiss_is_left_without_advice():
    grid = np.linspace(-1, 1, 41)
    assert bowl(grid, grid).advice == ()


def test_a_grid_coarser_than_the_loss_bends_is_told_with_steps_that_would_do():
    class Wave(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.zeros(2, dtype=torch.float64))

        def forward(self, x):
            return torch.sin(40 * self.w[0]) + self.w[1] * x

    x = torch.ones(3, dtype=torch.float64)
    plane = surface.weight_plane(Wave(), ("w", 0), ("w", 1), labels=("across", "along"))

    def look(number):
        xs, ys = np.linspace(-1.03, 1, number), np.linspace(-1, 1, 31)
        return surface.loss_surface(Wave(), mse, x, 0.3 * x, plane, xs, ys)

    coarse = look(15)
    told = [words for words in coarse.advice if "coarse along across" in words]
    assert len(told) == 1
    assert not any("coarse along along" in words for words in coarse.advice)
    step = float(told[0].split("steps of ")[1].split(" ")[0])
    assert step < np.diff(coarse.xs)[0] / 2
    fine = look(int(2 / step) + 2)
    assert not any("coarse" in words for words in fine.advice)


def test_the_curvature_of_a_surface_is_that_at_its_lowest_point():
    torch.manual_seed(0)
    net = nn.Linear(2, 1, bias=False).double()
    x, y = torch.randn(30, 2).double(), torch.randn(30, 1).double()
    plane = surface.weight_plane(net, ("weight", (0, 0)), ("weight", (0, 1)))
    grid = np.linspace(-1, 1, 20)
    found = surface.loss_surface(net, mse, x, y, plane, grid, grid)
    np.testing.assert_allclose(found.curvature, 2 * (x**2).mean(dim=0).numpy(), rtol=1e-8)
    assert surface.loss_surface(net, mse, [(x, y)], None, plane, grid, grid).curvature is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda g: bowl(g + 3, g), r"edge of the window, at \(2, 0\)"),
        (lambda g: Surface(g, g, np.ones((21, 21)), FLAT), "the same all over"),
        (
            lambda g: Surface(g, g, np.where(np.hypot(*np.meshgrid(g, g)) < 0.3, 0.0, 1), FLAT),
            "saturates: over 9",
        ),
        (
            lambda g: Surface(g, g, np.where(g > 0.9, np.inf, bowl(g, g).values), FLAT),
            "42 of 441 values are not finite",
        ),
    ],
)
def test_what_is_amiss_with_a_surface_is_told(make, words):
    told = " ".join(make(np.linspace(-1, 1, 21)).advice)
    assert re.search(words, told), told


def path(coordinates, losses, on_plane, explained):
    points = np.asarray(coordinates, dtype=float)[None]
    losses, on_plane = (np.asarray(v, dtype=float)[None] for v in (losses, on_plane))
    return Paths(points, losses, on_plane, 0 * losses, FLAT, explained)


def test_what_is_amiss_with_a_path_is_told():
    grid = np.linspace(-1, 1, 41)
    shown = bowl(grid, grid)
    steps = np.linspace(0.9, 0, 10)
    inside = np.stack([steps, 0 * steps], axis=1)
    assert surface.advise(shown, path(inside, steps**2, steps**2, 0.9)) == ()
    assert "leaves out 60%" in surface.advise(shown, path(3 * inside, steps**2, steps**2, 1))[0]
    assert "explains only 30%" in surface.advise(shown, path(inside, steps**2, steps, 0.3))[0]
    told = surface.advise(shown, path(inside, steps**2, steps**2 + 0.5, 0.9))
    assert "off by up to 0.5 from the path's own, which falls by 0.81" in told[0]


def test_advice_outlives_saving(tmp_path):
    grid = np.linspace(-1, 1, 21)
    before = Surface(grid, grid, bowl(grid, grid).values, FLAT, "loss", (900.0, 2.0))
    after = Surface.load(before.save(tmp_path / "s.npz"))
    assert after.curvature == (900.0, 2.0)
    assert after.advice == before.advice != ()


# -- many planes ----------------------------------------------------------------------------------


def trained(seed=0, width=8, steps=300):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())
    net = nn.Sequential(*net, nn.Linear(width, 1)).double()
    x = torch.linspace(-3, 3, 60, dtype=torch.float64)[:, None]
    y = torch.sin(2 * x)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        mse(net(x), y).backward()
        optimizer.step()
    return net, x, y


def test_many_planes_show_what_each_of_them_shows():
    net, x, y = trained(steps=30)
    xs, ys = np.linspace(-1, 1, 9), np.linspace(-0.5, 1, 7)
    many = surface.loss_surfaces(net, mse, x, y, 5, xs, ys, seed=3, ignore_bias=False)
    assert many.values.shape == (5, 7, 9)
    for i in range(len(many)):
        plane = surface.random_plane(net, seed=3 + i, ignore_bias=False)
        one = surface.loss_surface(net, mse, x, y, plane, xs, ys)
        np.testing.assert_allclose(many[i].values, one.values, rtol=1e-10)
        np.testing.assert_array_equal(many[i].plane.u, plane.u)
    own = surface.loss_surfaces(net, mse, x, y, many.planes[1:3], xs, ys)
    np.testing.assert_allclose(own.values, many.values[1:3], rtol=1e-10)


def test_bands_and_spread_are_quantiles_over_planes():
    rng = np.random.default_rng(0)
    xs, ys = np.linspace(-1, 1, 5), np.array([-1.0, 0.1, 2.0])
    values = rng.random((40, 3, 5)) + 1
    many = surface.Surfaces(xs, ys, values, (FLAT,) * 40)
    np.testing.assert_array_equal(many.lines(), values[:, 1])
    np.testing.assert_allclose(many.band([0.25, 0.5])[1], np.median(values[:, 1], axis=0))
    low, middle, high = np.percentile(values, [25, 50, 75], axis=0)
    np.testing.assert_allclose(many.spread(), (high - low) / 2 / middle)


def test_planes_that_do_not_fit_are_refused():
    net, x, y = trained(steps=1)
    with pytest.raises(ValueError, match="no planes"):
        surface.loss_surfaces(net, mse, x, y, 0, [0, 1], [0, 1])
    with pytest.raises(ValueError, match="a plane lies among 2 weights"):
        surface.loss_surfaces(net, mse, x, y, [FLAT], [0, 1], [0, 1])
    with pytest.raises(TypeError, match="ignore_bias"):
        surface.loss_surfaces(net, mse, x, y, [FLAT], [0, 1], [0, 1], ignore_bias=True)


# -- layers and spectra ---------------------------------------------------------------------------


def matrix(net, loss, x, y):
    """The dense Hessian, gradient by gradient of the gradient."""
    parameters = list(net.parameters())
    grads = torch.autograd.grad(loss(net(x), y), parameters, create_graph=True)
    gradient = torch.cat([g.reshape(-1) for g in grads])
    rows = [torch.autograd.grad(g, parameters, retain_graph=True) for g in gradient]
    return torch.stack([torch.cat([p.reshape(-1) for p in row]) for row in rows]).numpy()


@pytest.fixture(params=["dense", "products"])
def how(request, monkeypatch):
    if request.param == "products":
        monkeypatch.setattr(_spectrum, "EXACT_BELOW", 4)
        monkeypatch.setattr(_curvature, "EXACT_BELOW", 4)
    return request.param


def test_layers_bend_as_their_blocks_of_the_dense_hessian(how):
    net, x, y = trained(steps=60)
    found = surface.layer_curvatures(net, mse, x, y, probes=400, seed=1)
    whole = matrix(net, mse, x, y)
    start = 0
    for (name, parameter), (found_name, layer) in zip(
        net.named_parameters(), found.items(), strict=True
    ):
        block = slice(start, start := start + parameter.numel())
        values = np.linalg.eigvalsh(whole[block, block])
        assert (name, parameter.numel()) == (found_name, layer.size)
        assert layer.largest == pytest.approx(values[-1], rel=1e-6)
        assert abs(layer.trace - values.sum()) <= 4 * layer.trace_error + 1e-9
        assert (layer.trace_error == 0) is (how == "dense")
    assert sum(layer.trace for layer in found.values()) == pytest.approx(
        np.trace(whole), abs=4 * sum(layer.trace_error for layer in found.values()) + 1e-8
    )


def test_the_error_of_a_trace_is_that_of_its_estimates(monkeypatch):
    monkeypatch.setattr(_spectrum, "EXACT_BELOW", 4)
    net, x, y = trained(steps=60)
    truth = np.trace(matrix(net, mse, x, y)[8:16, 8:16])
    off = []
    for seed in range(30):
        layer = surface.layer_curvatures(net, mse, x, y, probes=20, seed=seed)["0.bias"]
        off.append((layer.trace - truth) / layer.trace_error)
    assert 0.6 < np.sqrt(np.mean(np.square(off))) < 1.6  # 1 but for chance


def test_the_density_has_the_moments_and_the_shares_of_the_dense_spectrum(how):
    net, x, y = trained(steps=60)
    values = np.linalg.eigvalsh(matrix(net, mse, x, y))
    found = surface.spectral_density(net, mse, x, y, probes=60, steps=40, seed=0)
    assert found.shares.sum() == pytest.approx(1)
    chance = 1e-10 if how == "dense" else 0.15
    for power in (1, 2):
        assert found.moment(power) == pytest.approx(np.mean(values**power), rel=chance)
    np.testing.assert_allclose(
        [found.eigenvalues.min(), found.eigenvalues.max()], values[[0, -1]], rtol=1e-6, atol=1e-9
    )
    for at in (0.05 * values[-1], 0.5 * values[-1]):
        assert found.share_below(at) == pytest.approx(np.mean(values <= at), abs=0.05)
    span = np.ptp(values)
    at = np.linspace(values[0] - span, values[-1] + span, 3001)
    assert np.trapezoid(found.density(at), at) == pytest.approx(1, rel=1e-3)


def test_the_spectrum_of_a_linear_loss_is_one_point(how):
    x, y = torch.ones(3, 9), torch.zeros(3, 1)
    found = surface.spectral_density(nn.Linear(9, 1), lambda o, t: (o - t).mean(), x, y)
    np.testing.assert_array_equal(found.eigenvalues, 0)


# -- between solutions ----------------------------------------------------------------------------


def test_a_barrier_is_the_rise_above_the_line_between_the_ends():
    assert surface.barrier([0, 1, 2]) == 0
    assert surface.barrier([1, 0, 1]) == 0
    assert surface.barrier([0, 5, 2]) == 4
    assert surface.barrier([0, 5, 2], [0, 0.1, 1]) == pytest.approx(4.8)
    with pytest.raises(ValueError, match="two or more"):
        surface.barrier([1])


def test_a_curve_starts_and_ends_where_it_should():
    rng = np.random.default_rng(0)
    a, b, bend = rng.normal(size=(3, 7))
    ts = np.linspace(0, 1, 5)
    np.testing.assert_allclose(Curve(a, b).point(ts), (1 - ts[:, None]) * a + ts[:, None] * b)
    curve = Curve(a, b, bend)
    np.testing.assert_allclose(curve.point([0, 1]), [a, b])
    np.testing.assert_allclose(curve.point(0.5), (a + 2 * bend + b) / 4)
    with pytest.raises(ValueError, match=r"\(7,\), \(6,\) and"):
        Curve(a, b[:6], bend)


def test_a_trained_curve_goes_around_the_wall_that_a_straight_way_meets():
    (net, x, y), (other, _, _) = trained(0), trained(1)
    before = copy.deepcopy(net.state_dict())
    ts = np.linspace(0, 1, 41)
    ends = flat(net), flat(other)
    straight = surface.loss_at(net, mse, x, y, Curve(*ends).point(ts))
    np.testing.assert_allclose(straight, surface.loss_line(net, mse, x, y, *ends, ts))
    curve = surface.trained_curve(net, mse, x, y, *ends, steps=400)
    bent = surface.loss_at(net, mse, x, y, curve.point(ts))
    np.testing.assert_allclose(bent[[0, -1]], straight[[0, -1]])
    assert surface.barrier(bent) < 0.2 * surface.barrier(straight)
    same = surface.trained_curve(net, mse, x, y, *ends, steps=400)
    np.testing.assert_array_equal(same.bend, curve.bend)
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("layers", ["plain", "normed", "nested", "flat_net"])
def test_units_that_were_only_renumbered_are_found_again(layers):
    torch.manual_seed(0)
    net = {
        "plain": lambda: nn.Sequential(
            nn.Linear(2, 9), nn.GELU(), nn.Linear(9, 7, bias=False), nn.Tanh(), nn.Linear(7, 3)
        ),
        "normed": lambda: nn.Sequential(
            nn.Linear(2, 9), nn.LayerNorm(9), nn.ReLU(), nn.Linear(9, 7), nn.Linear(7, 3)
        ),
        "nested": lambda: nn.Sequential(
            nn.Sequential(nn.Linear(2, 9), nn.ReLU()), nn.Sequential(nn.Linear(9, 3))
        ),
        "flat_net": lambda: networks.flat_net(2, 9),
    }[layers]().double()
    x = torch.randn(20, 2).double() if layers != "flat_net" else torch.randn(20).double()
    twin = copy.deepcopy(net)
    rng = np.random.default_rng(0)
    linear = [m for m in twin.modules() if isinstance(m, nn.Linear)]
    norms, others = ([m for m in n.modules() if isinstance(m, nn.LayerNorm)] for n in (twin, net))
    with torch.no_grad():
        for norm, other in zip(norms, others, strict=True):
            norm.weight.uniform_(0.5, 1.5)
            other.weight.copy_(norm.weight)
        for i, (one, two) in enumerate(itertools.pairwise(linear)):
            order = rng.permutation(one.out_features)
            one.weight.copy_(one.weight[order])
            if one.bias is not None:
                one.bias.copy_(one.bias[order])
            two.weight.copy_(two.weight[:, order])
            if norms and i == 0:
                norms[0].weight.copy_(norms[0].weight[order])
        assert torch.allclose(net(x), twin(x))
    assert np.abs(flat(net) - flat(twin)).max() > 0.1
    np.testing.assert_allclose(surface.match_units(net, flat(net), flat(twin)), flat(net))


def test_matching_changes_no_answer_and_lowers_the_barrier():
    (net, x, y), (other, _, _) = trained(0, width=24), trained(1, width=24)
    matched = surface.match_units(net, flat(net), flat(other))
    assert not np.allclose(matched, flat(other))
    ts = np.linspace(0, 1, 41)
    ends = surface.loss_at(net, mse, x, y, np.stack([matched, flat(other)]))
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)
    assert np.linalg.norm(matched - flat(net)) < np.linalg.norm(flat(other) - flat(net))
    walls = [
        surface.barrier(surface.loss_line(net, mse, x, y, flat(net), end, ts))
        for end in (flat(other), matched)
    ]
    assert walls[1] < walls[0]


def tied():
    layer = nn.Linear(4, 4)
    return nn.Sequential(nn.Linear(2, 4), layer, nn.ReLU(), layer)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (nn.Linear(2, 2), "Sequential, got Linear"),
        (nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)), "not through Batch"),
        (tied(), "shares its weights"),
    ],
)
def test_units_of_other_networks_are_not_matched(net, message):
    with pytest.raises(ValueError, match=message):
        surface.match_units(net, flat(net), flat(net))


def test_the_caption_of_a_figure_carries_the_advice():
    grid = np.linspace(-1, 1, 21)
    good = figures.surface_figure(bowl(grid, grid)).layout.meta["caption"]
    edge = bowl(grid + 3, grid)
    shown = figures.surface_figure(edge).layout.meta["caption"]
    assert "edge of the window" in edge.advice[0]
    assert edge.advice[0] in shown
    assert "edge" not in good
    assert figures.contour_figure(edge, caption="Mine").layout.meta["caption"] == "Mine"


def many_planes(count=10):
    xs, ys = np.linspace(-1, 1, 7), np.linspace(-1, 1, 5)
    values = np.random.default_rng(0).random((count, 5, 7)) * np.logspace(0, 2, 7)
    return surface.Surfaces(xs, ys, values, (FLAT,) * count)


def test_a_band_holds_the_quantiles_of_the_lines():
    many = many_planes()
    figure = figures.band_figure(many)
    edges = many.band()
    for trace, (lower, upper) in zip(figure.data, ((0, 4), (1, 3)), strict=False):
        np.testing.assert_allclose(trace.y, [*edges[lower], *edges[upper][::-1]], rtol=1e-6)
    np.testing.assert_allclose(figure.data[-1].y, edges[2], rtol=1e-6)
    lines = [trace for trace in figure.data if trace.name.startswith("plane ")]
    assert len(lines) == 8
    for trace in lines:
        number = int(trace.name.removeprefix("plane "))
        np.testing.assert_allclose(trace.y, many.lines()[number], rtol=1e-6)
    assert figure.layout.yaxis.type == "log"
    assert figures.band_figure(many, log=False).layout.yaxis.type is None
    (axes,) = figures.still(figure).axes
    areas = [patch.get_xy()[:-1, 1] for patch in axes.patches]
    np.testing.assert_allclose(areas[0], [*edges[0], *edges[4][::-1]], rtol=1e-6)


def test_small_multiples_share_their_colours_and_fill_the_rows():
    many = many_planes()
    figure = figures.planes_figure(many, columns=4)
    assert len(figure.data) == 10
    ends = np.log10([many.values.min(), many.values.max()])
    for trace, values in zip(figure.data, many.values, strict=True):
        np.testing.assert_allclose(trace.z, np.log10(values), rtol=1e-5)
        np.testing.assert_allclose((trace.zmin, trace.zmax), ends)
    corners = {
        (a.domain[0], b.domain[1])
        for a, b in zip(figure.select_xaxes(), figure.select_yaxes(), strict=True)
    }
    assert len(corners) == 10
    assert len({left for left, _ in corners}) == 4
    assert sum(len(axes.collections) > 0 for axes in figures.still(figure).axes) >= 10
    with pytest.raises(ValueError, match="columns must be at least 1"):
        figures.planes_figure(many, columns=0)
