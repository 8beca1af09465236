"""One plotting style for the whole book."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt

if TYPE_CHECKING:  # a check notebook uses the style without torch
    import torch
    from matplotlib.axes import Axes

# Okabe and Ito's palette, which colour-blind readers can tell apart; yellow is left out as too pale
# on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")


def use_style() -> None:
    """Set the book's style.

    It has a white background in light and dark themes, legible sizes and the palette above.
    """
    plt.rcParams.update(
        {
            "figure.facecolor": "white",
            "axes.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "axes.titlesize": 11,
            "legend.fontsize": 9,
            "xtick.labelsize": 9,
            "ytick.labelsize": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
            "axes.prop_cycle": plt.cycler(color=COLOURS),
        }
    )


def band(ax: Axes, steps: torch.Tensor, values: torch.Tensor, label: str, colour: str) -> None:
    """Draw the median over seeds as a line, and a band from the lowest seed to the highest.

    `steps` is (T,) and `values` is (T, S).
    """
    ax.fill_between(steps, values.amin(1), values.amax(1), color=colour, alpha=0.2, linewidth=0)
    ax.plot(steps, values.quantile(0.5, 1), color=colour, label=label)


def mosaic(pictures: torch.Tensor) -> torch.Tensor:
    """Pictures (R, C, H, W) in R rows and C columns, as one: (R·(H + 2), C·(W + 2)).

    Each has a frame of zeros, one pixel wide.
    """
    rows, columns, height, width = pictures.shape
    framed = pictures.new_zeros(rows, columns, height + 2, width + 2)
    framed[:, :, 1:-1, 1:-1] = pictures
    return framed.transpose(1, 2).flatten(2).flatten(0, 1)
