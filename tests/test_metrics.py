from xml.etree import ElementTree

import numpy as np
import pytest

from swarm import metrics


def test_mse_loss_averages_over_the_last_axis():
    rng = np.random.default_rng(0)
    ypreds, y = rng.normal(size=(3, 4, 5)), rng.normal(size=5)
    losses = metrics.mse_loss(ypreds, y)
    assert losses.shape == (3, 4)
    assert losses[2, 1] == pytest.approx(sum((ypreds[2, 1, k] - y[k]) ** 2 for k in range(5)) / 5)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
def test_mse_loss_of_integers_does_not_wrap_around(dtype):
    ypreds, y = np.array([[0, 100, 1]]).astype(dtype), np.array([1, 0, 100]).astype(dtype)
    expected = np.mean((ypreds.astype(float) - y.astype(float)) ** 2)
    assert metrics.mse_loss(ypreds, y)[0] == expected


@pytest.mark.parametrize("y", [np.zeros(4), np.zeros((1, 5))])
def test_mse_loss_refuses_targets_that_do_not_match(y):
    with pytest.raises(ValueError, match="ypreds"):
        metrics.mse_loss(np.zeros((3, 5)), y)


SCORES = [5.0, 2.0, 4.0, 1.0, 0.5]


@pytest.mark.parametrize(
    ("criterion", "direction", "threshold", "expected"),
    [
        ("first", "below", 2.0, 1),
        ("always", "below", 2.0, 3),
        ("first", "above", 4.5, 0),
        ("always", "above", 0.5, 0),
        ("first", "below", 0.1, None),
        ("always", "above", 1.0, None),
    ],
)
def test_iteration_threshold(criterion, direction, threshold, expected):
    assert metrics.iteration_threshold(SCORES, threshold, criterion, direction) == expected


def test_nan_reaches_no_threshold():
    assert metrics.iteration_threshold([np.nan, 1.0], 2.0) == 1
    assert metrics.iteration_threshold([1.0, np.nan], 2.0, "always") is None


def test_no_scores_reach_nothing():
    assert metrics.iteration_threshold([], 1.0) is None
    assert metrics.iteration_threshold([], 1.0, "always") is None


def test_ratio_is_a_threshold_relative_to_the_reference():
    assert metrics.iteration_threshold_ratio(SCORES, 0.5) == 1
    assert metrics.iteration_threshold_ratio(SCORES, 0.5, reference_iteration=1) == 3
    assert metrics.iteration_threshold_ratio(SCORES, 0.5, criterion="always") == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.iteration_threshold([[1.0]], 1), r"\(1, 1\)"),
        (lambda: metrics.iteration_threshold(SCORES, 1, "last"), "'last'"),
        (lambda: metrics.iteration_threshold(SCORES, 1, "first", "under"), "'under'"),
        (lambda: metrics.iteration_threshold_ratio(SCORES, 1, reference_iteration=5), "5"),
        (lambda: metrics.iteration_threshold_ratio([], 1), "reference_iteration 0"),
        (lambda: metrics.iteration_threshold_ratio([-2.0, -1.0], 0.5), "negative, got -2.0"),
        (lambda: metrics.iteration_threshold_ratio([2.0, 1.0, -1.0], 0.5), "in iteration 2"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Findings


def test_findings_are_a_table_of_what_was_said_and_what_was_found():
    found = metrics.findings(
        ("share of a < b", "0.25", "0.24 ± 0.02", True), ("slope", "", "−1", np.bool_(True))
    )
    assert found.rows == (("share of a < b", "0.25", "0.24 ± 0.02"), ("slope", "", "−1"))
    assert str(found).splitlines()[1].split("  ") == [
        "share of a < b",
        "0.25",
        *[""] * 5,
        "0.24 ± 0.02",
    ]
    table = ElementTree.fromstring(found._repr_html_())
    cells = [[cell.text for cell in row] for row in table.iter("tr")]
    assert cells == [
        ["what", "the paper said", "we got"],
        ["share of a < b", "0.25", "0.24 ± 0.02"],
        ["slope", "–", "−1"],
    ]
    assert [cell.get("scope") for cell in table.iter("th")] == ["col"] * 3 + ["row"] * 2


def test_findings_that_no_paper_spoke_of_have_no_column_for_it():
    found = metrics.findings(("heads", "", "6", True), ("tails", "", "4", True))
    assert str(found) == "what   we got\nheads  6\ntails  4"
    assert found._repr_html_().count("<th") == 1 + 2 + 2  # <thead>, its cells, one a row
    assert "–" not in found._repr_html_()
    assert found.rows[0] == ("heads", "", "6")


def test_findings_that_do_not_hold_are_all_named():
    rows = [("a", "1", "2", False), ("b", "1", "1", True), ("c", "", "7", np.bool_(False))]
    with pytest.raises(AssertionError, match=r"a: 1 / 2; c: expected / 7$"):
        metrics.findings(*rows)


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        ([], ValueError, "at least one row"),
        ([("a", "b", True)], ValueError, "four parts"),
        (["abcd"], ValueError, "four parts"),
        ([("a", 1, "b", True)], TypeError, "must be strings"),
        ([("a", "1", "b", 1)], TypeError, "must be a bool"),
    ],
)
def test_malformed_findings_are_refused(rows, error, words):
    with pytest.raises(error, match=words):
        metrics.findings(*rows)
