"""The GAN page's numbers are those of the recorded run."""

import torch

from onekl.measure.intervals import confidence_interval
from onekl.training.records import recorded
from paths import ROOT


def test_the_chapter_prints_the_recorded_numbers():
    """The rows of the GAN chapter's tables are those of the recorded run."""
    page = (ROOT / "book/gan.md").read_text(encoding="utf-8")
    for values in recorded("gan")["values"].values():
        cells = [
            confidence_interval(scale * torch.tensor(values[key]))
            for key, scale in (("modes", 1), ("high_quality", 100), ("reverse_kl", 1))
        ]
        printed = [
            f"{c.mean:.{n}f} [{c.low:.{n}f}, {c.high:.{n}f}]" for c, n in zip(cells, (1, 1, 2))
        ]
        assert f"| ours, 32 seeds | {' | '.join(printed)} |" in page
