"""EM is timed beside scikit-learn's on the same path; how fast, no test asserts."""

from onekl.chapters.em import bench


def test_both_sides_follow_the_same_path():
    measures = bench.mixtures((1, 2), steps=3, repetitions=1)
    assert [row["starts"] for row in measures["rows"]] == [1, 2]
    assert all(row["apart"] < 1e-10 and row["ours"] > 0 for row in measures["rows"])
    assert bench.text(measures)[-1].endswith(" apart")
