"""Seeds as an axis: from each seed one random stream for each purpose, drawn side by side."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch


class Seeds:
    """S seeds, and from each of them a stream of random numbers for each purpose.

    `child(name)` gives the streams of that name. The same name gives the same numbers in every
    run with these seeds, different names never do, and seed s draws the same numbers whichever
    seeds stand beside it.
    `seeds` are distinct whole numbers, at least one; anything else raises ValueError.
    """

    def __init__(self, seeds: Iterable[int], device: str | torch.device = "cpu") -> None:
        self.numbers = [int(seed) for seed in seeds]
        if not self.numbers or len(set(self.numbers)) < len(self.numbers):
            raise ValueError(f"seeds must be distinct and at least one, got {self.numbers}")
        self.device = torch.device(device)
        self._children: dict[str, Stream] = {}
        self._saved: dict[str, list[str]] = {}  # of streams not asked for yet

    def __len__(self) -> int:
        return len(self.numbers)

    def child(self, name: str) -> Stream:
        """The streams for the purpose `name`, such as "generator" or "data".

        ValueError for a name without letters, and for one whose stream has been drawn from: two
        parts of a run that ask for one name would get the same numbers, or depend on their order.
        """
        if not name.strip():
            raise ValueError("a stream needs a name that says what its numbers are for")
        found = self._children.get(name)
        if found is None:
            found = self._children[name] = self._stream(name)
            if name in self._saved:
                found.set_state(self._saved.pop(name))
        elif found.is_consumed:
            raise ValueError(
                f"the stream {name!r} has been drawn from already; keep the stream that you have, "
                "or give this purpose a name of its own"
            )
        return found

    def _stream(self, name: str) -> Stream:
        return Stream(self.numbers, name, self.device)

    def get_state(self) -> dict[str, list[str]]:
        """The positions of all streams by name."""
        return {name: child.get_state() for name, child in self._children.items()}

    def set_state(self, states: Mapping[str, list[str]]) -> None:
        """Put the streams to the positions that `get_state` returned, also those asked for later.

        Positions of another number of seeds raise ValueError.
        """
        wrong = [name for name, of_seeds in states.items() if len(of_seeds) != len(self.numbers)]
        if wrong:
            raise ValueError(
                f"the saved state has {len(states[wrong[0]])} seeds, this run has "
                f"{len(self.numbers)}"
            )
        self._saved = dict(states)
        for name in self._children.keys() & self._saved.keys():
            self._children[name].set_state(self._saved.pop(name))


class Stream:
    """One stream of random numbers for each of S seeds, for one purpose; `Seeds.child` makes it.

    Every draw has a leading axis S, or `copies`·S where each of so many arms gets the same numbers.
    Numbers are drawn on the CPU and then moved, so they are the same on every device. Real numbers
    have torch's default dtype, float32 unless a program has set float64.
    """

    def __init__(
        self, seeds: Iterable[int], name: str, device: torch.device, copies: int = 1
    ) -> None:
        self.name, self.device, self.copies = name, device, copies
        self._generators = [_generator(seed, name) for seed in seeds]
        self._start = self.get_state()

    def __len__(self) -> int:
        return self.copies * len(self._generators)

    @property
    def is_consumed(self) -> bool:
        """Whether a number has been drawn."""
        return self.get_state() != self._start

    def _draw(self, one: Callable[[np.random.Generator], np.ndarray]) -> torch.Tensor:
        drawn = np.stack([one(generator) for generator in self._generators])
        found = torch.from_numpy(drawn).to(self.device)
        return found.repeat(self.copies, *[1] * (found.ndim - 1)) if self.copies > 1 else found

    def normal(self, *shape: int) -> torch.Tensor:
        """Standard normal numbers, (S, *shape).

        An axis of length 0 raises ValueError: a network that gets no noise is a map.
        """
        if 0 in shape:
            raise ValueError(
                f"{self.name!r} was asked for normal numbers of shape {shape}, which are none; "
                "give noise one dimension or more"
            )
        return self._draw(lambda generator: generator.standard_normal(shape, _dtype()))

    def uniform(self, *shape: int) -> torch.Tensor:
        """Numbers uniform on [0, 1), (S, *shape)."""
        return self._draw(lambda generator: generator.random(shape, _dtype()))

    def integers(self, high: int, *shape: int) -> torch.Tensor:
        """Whole numbers uniform on 0 … high − 1, (S, *shape), int64."""
        return self._draw(lambda generator: generator.integers(high, size=shape))

    def get_state(self) -> list[str]:
        """The S streams' positions."""
        return [json.dumps(generator.bit_generator.state) for generator in self._generators]

    def set_state(self, states: list[str]) -> None:
        """Put the S streams to the positions that `get_state` returned."""
        for generator, state in zip(self._generators, states):
            generator.bit_generator.state = json.loads(state)


def _dtype() -> type[np.floating]:
    return np.float64 if torch.get_default_dtype() == torch.float64 else np.float32


def _generator(seed: int, name: str) -> np.random.Generator:
    """The stream of a seed for a purpose.

    PyTorch's own generator takes 32 bits of a seed, so few that two streams could meet; here all
    256 bits of a hash decide.
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
