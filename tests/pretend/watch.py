"""The runs of a notebook, watched: where a step waits for the device, and that runs go on."""

from __future__ import annotations

import copy
import math

from onekl.training import run as runs
from onekl.training.run import Run
from pretend.cut import replace_everywhere


class Watch:
    """What happens in the runs of `onekl.training.run` as long as `monkeypatch` lasts.

    `quiet` counts the steps that log nothing and check nothing, and `waits` are the waits in them.
    With `stop` every run is stopped in its middle, what it keeps is put back to its start, and it
    goes on from its checkpoint; `resumed` counts these.
    What a loop changes and does not give to its run is not put back, and so not noticed.
    """

    def __init__(self, monkeypatch, device, stop):
        self.device, self.stop = device, stop
        self.quiet, self.resumed, self.waits = 0, 0, []
        self._logged, self._made = False, {}
        self._init, self._steps = Run.__init__, Run.steps
        for name in ("__init__", "steps"):
            monkeypatch.setattr(Run, name, self._watched(getattr(self, name.strip("_"))))
        monkeypatch.setattr(Run, "log", self._loud(Run.log))
        check = runs.require_finite
        replace_everywhere(monkeypatch, check, self._loud(check))

    @staticmethod
    def _watched(method):
        return lambda run, *args, **options: method(run, *args, **options)

    def _loud(self, function):
        def loud(*args, **options):
            self._logged = True
            return function(*args, **options)

        return loud

    def init(self, run, *args, **options):
        """Run.__init__, whose arguments are kept."""
        self._made[run] = args, options
        self._init(run, *args, **options)

    def steps(self, run, total):
        """Run.steps, in which each step is watched."""
        stopped = self.stop and total > 1
        steps = self._stopped(run, total) if stopped else _begun(self._steps, run, total)
        for step in steps:
            before, self._logged = len(self.device.syncs), False
            yield step
            if not self._logged:
                self.quiet += 1
                self.waits += self.device.syncs[before:]

    def _stopped(self, run, total):
        """Run.steps, stopped before the step `middle`, and gone on with from the checkpoint."""
        middle, start = total // 2, _state(run)
        run.seconds, first = math.inf, _begun(self._steps, run, total)
        for step in first:
            if step == middle:
                break
            yield step
            run.seconds = 0.0 if step == middle - 1 else math.inf
        first.close()
        _put_back(run, start)
        args, options = self._made[run]
        self._init(run, *args, **options)
        for step in _begun(self._steps, run, total):
            assert step >= middle, f"run {run.name!r} started again from step {step}"
            yield step
        self.resumed += 1


def _begun(steps, run, total):
    """The run's steps, asked for from one place, because a run goes on only under one caller."""
    return steps(run, total)


def _state(run):
    parts = {name: copy.deepcopy(part.state_dict()) for name, part in run.state.items()}
    return parts, copy.deepcopy(run.generator.get_state())


def _put_back(run, state):
    parts, streams = state
    for name, part in run.state.items():
        part.load_state_dict(parts[name])
    run.generator.set_state(streams)
