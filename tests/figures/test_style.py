"""What the plotting style does to numbers."""

import torch

from onekl.figures.style import mosaic


def test_a_mosaic_has_its_pictures_in_rows_and_columns_with_a_frame_each():
    pictures = torch.arange(1.0, 2 * 3 * 4 * 5 + 1).view(2, 3, 4, 5)
    whole = mosaic(pictures)
    assert whole.shape == (2 * 6, 3 * 7)
    for row in range(2):
        for column in range(3):
            tile = whole[6 * row : 6 * row + 6, 7 * column : 7 * column + 7]
            assert torch.equal(tile[1:-1, 1:-1], pictures[row, column])
            assert tile.count_nonzero() == 4 * 5
