"""Seeds as an axis: one random stream per seed, drawn side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch


class Seeds:
    """One random generator for each of S seeds.

    Every draw has a leading axis S, and seed s draws the same numbers whichever seeds stand beside
    it.
    Numbers are drawn on the CPU and then moved, so they are the same on every `device`.
    `seeds` are distinct whole numbers, at least one; anything else raises ValueError.
    """

    def __init__(self, seeds: Iterable[int], device: str | torch.device = "cpu") -> None:
        self.numbers = [int(seed) for seed in seeds]
        if not self.numbers or len(set(self.numbers)) < len(self.numbers):
            raise ValueError(f"seeds must be distinct and at least one, got {self.numbers}")
        self.device = torch.device(device)
        self._generators = [torch.Generator().manual_seed(seed) for seed in self.numbers]

    def __len__(self) -> int:
        return len(self.numbers)

    def _draw(self, one: Callable[[torch.Generator], torch.Tensor]) -> torch.Tensor:
        return torch.stack([one(generator) for generator in self._generators]).to(self.device)

    def normal(self, *shape: int) -> torch.Tensor:
        """Standard normal numbers, (S, *shape)."""
        return self._draw(lambda generator: torch.randn(shape, generator=generator))

    def uniform(self, *shape: int) -> torch.Tensor:
        """Numbers uniform on [0, 1), (S, *shape)."""
        return self._draw(lambda generator: torch.rand(shape, generator=generator))

    def integers(self, high: int, *shape: int) -> torch.Tensor:
        """Whole numbers uniform on 0 … high − 1, (S, *shape)."""
        return self._draw(lambda generator: torch.randint(high, shape, generator=generator))

    def get_state(self) -> list[torch.Tensor]:
        """The S streams' positions, as a list of tensors."""
        return [generator.get_state() for generator in self._generators]

    def set_state(self, states: Sequence[torch.Tensor]) -> None:
        """Put the S streams back to the positions that `get_state` returned.

        Positions of another number of streams raise ValueError.
        """
        if len(states) != len(self):
            raise ValueError(f"the saved state has {len(states)} seeds, this run has {len(self)}")
        for generator, state in zip(self._generators, states):
            generator.set_state(state)
