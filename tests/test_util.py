import numpy as np
import pytest
import torch

from swarm import _files, util


def draws():
    return torch.rand(3).tolist(), np.random.rand(3).tolist()


def test_seed_as_gives_what_manual_seeding_gives():
    with util.seed_as(7):
        inside = draws()
    torch.manual_seed(7)
    np.random.seed(7)
    assert inside == draws()


def test_seed_zero_is_a_seed():
    with util.seed_as(0):
        first = draws()
    draws()
    with util.seed_as(0):
        assert draws() == first


def test_seed_as_restores_both_generators_after_an_exception():
    torch.manual_seed(1)
    np.random.seed(1)
    expected = draws()
    torch.manual_seed(1)
    np.random.seed(1)
    with pytest.raises(KeyError), util.seed_as(99):
        raise KeyError(draws())
    assert draws() == expected


def test_seed_as_none_leaves_the_state_and_restores_it():
    torch.manual_seed(3)
    expected = torch.rand(1).item()
    torch.manual_seed(3)
    with util.seed_as(None):
        assert torch.rand(1).item() == expected
    assert torch.rand(1).item() == expected


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_as_refuses_a_seed_that_numpy_cannot_take(seed):
    with pytest.raises(ValueError, match=str(seed)), util.seed_as(seed):
        pass


def test_transpose_turns_rows_into_columns():
    assert util.transpose([(1, "a"), (2, "b"), (3, "c")]) == [[1, 2, 3], ["a", "b", "c"]]
    with pytest.raises(ValueError, match="shorter"):
        util.transpose([(1, 2), (3,)])


def test_merge_dicts_refuses_overlapping_keys_by_name():
    assert util.merge_dicts({"a": 1}, {"b": 2}) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="width"):
        util.merge_dicts({"width": 1, "lr": 2}, {"width": 3})


def test_dict_slicer_yields_a_dict_for_each_row_and_checks_lengths_at_once():
    rows = util.dict_slicer({"a": np.arange(2), "b": ["x", "y"]})
    assert list(rows) == [{"a": 0, "b": "x"}, {"a": 1, "b": "y"}]
    with pytest.raises(ValueError, match=r"'a': 2, 'b': 1"):
        util.dict_slicer({"a": [1, 2], "b": [1]})


def test_a_file_is_written_whole(tmp_path):
    target = tmp_path / "x.txt"
    with _files.written_whole(target) as part:
        part.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["x.txt"]
    (tmp_path / "plain").touch()
    assert target.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_that_fails_halfway_leaves_the_older_one(tmp_path):
    target = tmp_path / "x.txt"
    target.write_text("older")
    with pytest.raises(KeyboardInterrupt), _files.written_whole(target) as part:
        raise KeyboardInterrupt(part.write_text("half"))
    assert target.read_text() == "older"
    assert [file.name for file in tmp_path.iterdir()] == ["x.txt"]


def test_a_missing_folder_is_named_at_once(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match="no folder"),
        _files.written_whole(tmp_path / "a/b"),
    ):
        pass


def test_content_is_named_by_its_sha_256():
    assert _files.content_name(b"abc") == "ba7816bf8f01cfea"  # FIPS 180-2, appendix B.1
    assert _files.content_name(b"") == "e3b0c44298fc1c14"
