"""One plotting style for the whole book."""

import matplotlib.pyplot as plt

# Okabe and Ito's palette, which colour-blind readers can tell apart; yellow is left out as too pale on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")


def use_style():
    """Set the book's style: white background in light and dark themes, legible sizes, the palette above."""
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


def band(ax, steps, values, label, colour):
    """Draw the median over seeds as a line, and a band from the lowest seed to the highest.

    ``steps`` is (T,) and ``values`` is (T, S).
    """
    ax.fill_between(steps, values.amin(1), values.amax(1), color=colour, alpha=0.2, linewidth=0)
    ax.plot(steps, values.median(1).values, color=colour, label=label)
