"""One stream for each purpose from each seed: the same name, the same numbers, and no others."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onekl.training.seeds import Seeds

NAMES = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)
NUMBERS = st.integers(-(2**40), 2**40)


def drawn(seed, name):
    return Seeds([seed]).child(name).normal(8)


@given(NUMBERS, NAMES, NUMBERS, NAMES)
def test_seed_and_name_decide_the_numbers(seed, name, other_seed, other_name):
    same = (seed, name) == (other_seed, other_name)
    assert torch.equal(drawn(seed, name), drawn(other_seed, other_name)) == same
    assert torch.equal(drawn(seed, name), drawn(seed, name))


def test_seeds_that_differ_beyond_32_bits_differ():
    """torch's own generator takes the lowest 32 bits of a seed and leaves the others out."""
    one, other = (torch.Generator().manual_seed(5 + high) for high in (0, 2**32))
    assert torch.equal(torch.rand(4, generator=one), torch.rand(4, generator=other))
    assert not torch.equal(drawn(5, "data"), drawn(5 + 2**32, "data"))


def test_a_seed_draws_the_same_whichever_stand_beside_it_and_whatever_was_drawn_before():
    first, second = Seeds([3, 11, 4]), Seeds([11])
    first.child("generator").uniform(100)
    assert torch.equal(first.child("data").normal(5)[1:2], second.child("data").normal(5))


@pytest.mark.parametrize("draw", ["normal", "uniform", "integers"])
def test_a_stream_that_has_been_drawn_from_cannot_be_asked_for_again(draw):
    seeds = Seeds([1, 2])
    stream = seeds.child("data")
    assert seeds.child("data") is stream  # nobody has had a number of it
    getattr(stream, draw)(3)
    with pytest.raises(ValueError, match="'data' has been drawn from already; keep the stream"):
        seeds.child("data")
    seeds.child("more data")


@pytest.mark.parametrize("name", ["", " ", "\n"])
def test_a_stream_needs_a_name(name):
    with pytest.raises(ValueError, match="a stream needs a name"):
        Seeds([1]).child(name)


@pytest.mark.parametrize("numbers", [[], [1, 1]])
def test_bad_seeds_are_refused(numbers):
    with pytest.raises(ValueError, match="distinct and at least one"):
        Seeds(numbers)


def test_saved_streams_go_on_where_they_were_and_those_asked_for_later_too():
    seeds = Seeds([2, 7])
    stream, other = seeds.child("data"), seeds.child("z")
    stream.normal(3), other.integers(9, 2)
    state, expected = seeds.get_state(), (stream.uniform(4), other.normal(4))
    again = Seeds([2, 7])
    again.child("data")
    again.set_state(state)
    stream.set_state(state["data"])
    assert torch.equal(stream.uniform(4), expected[0])
    assert torch.equal(again._children["data"].uniform(4), expected[0])
    assert torch.equal(again.child("z").normal(4), expected[1])
    with pytest.raises(ValueError, match="2 seeds, this run has 1"):
        Seeds([2]).set_state(state)


def test_the_numbers_are_what_they_are_called():
    stream = Seeds(range(50)).child("moments")
    normal, uniform, whole = stream.normal(2000), stream.uniform(2000), stream.integers(6, 2000)
    assert abs(normal.mean()) < 0.02 and abs(normal.std() - 1) < 0.02
    assert 0 <= uniform.min() and uniform.max() < 1 and abs(uniform.mean() - 0.5) < 0.01
    assert set(whole.unique().tolist()) == set(range(6)) and whole.dtype == torch.int64
    # seeds do not go together: a correlation of 2,000 pairs is about 1/√2000
    off = torch.corrcoef(normal) - torch.eye(50)
    assert off.abs().max() < 0.12


def test_real_numbers_have_torchs_default_dtype():
    before = torch.get_default_dtype()
    try:
        for dtype in (torch.float32, torch.float64):
            torch.set_default_dtype(dtype)
            stream = Seeds([0]).child("data")
            assert stream.normal(2).dtype == stream.uniform(2).dtype == dtype
    finally:
        torch.set_default_dtype(before)


def test_noise_of_no_dimensions_is_refused():
    """A black box that gets it would be a map, and its codes have no density."""
    with pytest.raises(ValueError, match="'noise' .* give noise one dimension or more"):
        Seeds([0, 1]).child("noise").normal(128, 0)
