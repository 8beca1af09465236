"""What training showed of an empirical claim: what a training notebook's verdict cell ends in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

VERDICTS = ("supported", "mixed", "not supported")
MIME = "application/vnd.onekl.finding+json"


@dataclass(frozen=True)
class Finding:
    """The verdict on an empirical claim.

    The ledger reads it from the outputs of the executed training notebooks.
    `effect` is one line with the effect size and its interval,
    `conditions` say on what data, device and budget.
    Its text must be the same on every machine: numbers in it are those of recorded runs.
    `record` is the name of the recorded run that it rests on; `from_record` sets it.
    Raises ValueError for another word than those of `VERDICTS`, for no seeds, and for an empty
    effect or no conditions.
    """

    id: str
    verdict: str
    seeds: int
    effect: str
    conditions: tuple[str, ...]
    record: str | None = None

    @classmethod
    def from_record(
        cls,
        record: Mapping[str, Any],
        id: str,
        verdict: str,
        effect: str,
        conditions: tuple[str, ...],
    ) -> Finding:
        """The verdict on the claim `id` that a recorded run leads to.

        `record` is what `recorded` returned.
        The number of seeds is the record's, and the first condition says which run it was: its
        profile, device, day and commit.
        """
        made = (
            f"recorded run {record['name']!r}: {record['profile']} profile, {record['device']}, "
            f"{record['date']}, commit {record['commit']}"
        )
        seeds = len(record["seeds"])
        return cls(id, verdict, seeds, effect, (made, *conditions), record["name"])

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(
                f"the verdict of {self.id} is {self.verdict!r}; "
                f"it must be one of {', '.join(VERDICTS)}"
            )
        if self.seeds < 1 or not self.effect or not self.conditions:
            raise ValueError(f"the finding on {self.id} needs seeds, an effect and conditions")

    def text(self) -> str:
        """The finding in plain text."""
        lines = [
            f"{self.id}: {self.verdict}",
            f"seeds: {self.seeds}",
            self.effect,
            *self.conditions,
        ]
        return "\n  ".join(lines)

    def markdown(self) -> str:
        """The finding as Markdown, for notebooks and the site."""
        facts = [self.effect, f"{self.seeds} seeds", *self.conditions]
        return "\n".join([f"**{self.id}: {self.verdict}**", "", *(f"- {fact}" for fact in facts)])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        shown = {**asdict(self), "conditions": list(self.conditions)}
        if self.record is None:
            del shown["record"]
        return {"text/plain": self.text(), "text/markdown": self.markdown(), MIME: shown}
