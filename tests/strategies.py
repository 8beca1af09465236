"""Random tables for property tests."""

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

# cells that are zero, tiny, of order one, and equal often enough to make conditionals agree
CELL = st.one_of(st.just(0.0), st.sampled_from([1.0, 2.0]), st.floats(1e-12, 1.0))


@st.composite
def tables(draw, shape, count=2):
    weights = [draw(arrays(float, shape, elements=CELL)) for _ in range(count)]
    assume(all(w.sum() > 0 for w in weights))
    return [w / w.sum() for w in weights]


JOINTS = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(tables)
