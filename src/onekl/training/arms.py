"""Arms × seeds: several ways to train, side by side in one stack, alike in all that is random."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from onekl.training.seeds import Seeds, Stream

Arm = TypeVar("Arm", bound=Hashable)


class Arms(Seeds, Generic[Arm]):
    """A arms on S seeds each, as the A·S rows of one stack of networks.

    An arm is a named tuple of what it does differently, such as Arm(loss="su-41", rate=0.5).
    Row a·S + s is arm a on seed s. Its streams give every arm the same numbers, so that arms start
    alike and see the same data, and seed s of an arm is what that arm trains alone.
    ValueError for no arms, for two that are equal, and for arms of different kinds.
    """

    def __init__(
        self, arms: Sequence[Arm], seeds: Iterable[int], device: str | torch.device = "cpu"
    ) -> None:
        super().__init__(seeds, device)
        self.arms = list(arms)
        if not self.arms:
            raise ValueError("a stack needs at least one arm")
        twice = [arm for place, arm in enumerate(self.arms) if arm in self.arms[:place]]
        if twice:
            raise ValueError(f"two arms are {twice[0]}; leave one out, or say what differs")
        if len({type(arm) for arm in self.arms}) > 1:
            raise ValueError("the arms have different fields; make them of one named tuple")

    def __len__(self) -> int:
        return len(self.arms) * len(self.numbers)

    def _stream(self, name: str) -> Stream:
        return Stream(self.numbers, name, self.device, copies=len(self.arms))

    def column(self, field: str) -> torch.Tensor:
        """The arms' numbers of that field, a rate or a weight such as λ, one for each row: (A·S,).

        ValueError, with the arm, for a number that is negative or not finite.
        """
        numbers = [float(getattr(arm, field)) for arm in self.arms]
        for arm, number in zip(self.arms, numbers):
            if not 0 <= number < float("inf"):
                raise ValueError(f"{field} is {number:g} in {arm}; give a number of 0 or more")
        return self._rows(torch.tensor(numbers))

    def where(self, **fields: Any) -> torch.Tensor:
        """Which rows are of arms with these values of their fields: bool, (A·S,)."""
        chosen = [
            all(getattr(arm, field) == value for field, value in fields.items())
            for arm in self.arms
        ]
        return self._rows(torch.tensor(chosen))

    def _rows(self, of_arms: torch.Tensor) -> torch.Tensor:
        return of_arms.repeat_interleave(len(self.numbers)).to(self.device)

    def apply(
        self,
        field: str,
        functions: Mapping[Any, Callable[..., torch.Tensor]],
        *tensors: torch.Tensor,
    ) -> torch.Tensor:
        """What each arm's own function makes of its own rows of the tensors, in the rows' order.

        `functions` has one for each value of the field, such as the loss that is named in it; a
        value without one raises ValueError. An arm's result, and its gradient, do not depend on the
        rows of the others.
        """
        values = [getattr(arm, field) for arm in self.arms]
        missing = [value for value in values if value not in functions]
        if missing:
            raise ValueError(f"no function is given for the arms with {field} = {missing[0]!r}")
        own_rows = zip(*(self.split(tensor).values() for tensor in tensors))
        return torch.cat([functions[value](*rows) for value, rows in zip(values, own_rows)])

    def network(self, stack: nn.Module, arm: Arm) -> nn.Module:
        """A copy of the S networks of one arm, out of a stack of A·S."""
        alone = copy.deepcopy(stack)
        for part in (*alone.parameters(), *alone.buffers()):
            part.data = self.split(part.data)[arm].clone()
        return alone

    def split(self, values: torch.Tensor) -> dict[Arm, torch.Tensor]:
        """The rows (A·S, …) by arm: {arm: (S, …)}."""
        if len(values) != len(self):
            raise ValueError(
                f"{len(values)} rows are not {len(self.arms)} arms × {len(self.numbers)} seeds"
            )
        return dict(zip(self.arms, values.split(len(self.numbers))))
