"""The product with an exponential, against mpmath at every size."""

import itertools

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics import DTYPES, extremes, wrong
from onekl.training.scaled import times_exp


@given(st.floats(-80, 80, width=32), st.floats(-1e5, 1e5, width=32))
def test_at_ordinary_exponents_it_is_the_product_to_the_last_bit(exponent, value):
    for dtype in DTYPES:
        value_, exponent_ = (torch.tensor([one], dtype=dtype) for one in (value, exponent))
        assert torch.equal(times_exp(value_, exponent_), value_ * torch.exp(exponent_))


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_is_the_product_at_all_extremes(dtype):
    pairs = list(itertools.product(extremes(dtype).tolist(), repeat=2))
    values, exponents = torch.tensor(pairs, dtype=dtype).T
    with mpmath.workdps(50):
        for value, exponent, found in zip(
            values.tolist(), exponents.tolist(), times_exp(values, exponents).tolist()
        ):
            right = mpmath.mpf(value) * mpmath.exp(max(exponent, -1e6))
            assert wrong(found, right, abs(right), dtype) is None, (value, exponent, found)


@pytest.mark.parametrize("dtype", DTYPES)
def test_infinite_values_stay_infinite_and_zeros_zero(dtype):
    exponents = extremes(dtype)
    for value in (torch.inf, -torch.inf, 0.0):
        assert (times_exp(torch.full_like(exponents, value), exponents) == value).all()
    assert (times_exp(torch.ones_like(exponents), torch.tensor(-torch.inf)) == 0).all()


def test_a_number_without_axes_takes_the_dtype_of_the_others():
    value = torch.ones(2, dtype=torch.float32)
    assert times_exp(value, torch.tensor(1.0, dtype=torch.float64)).dtype == torch.float32
    exponent = torch.ones(2, dtype=torch.float64)
    assert times_exp(value, exponent).dtype == torch.float64
