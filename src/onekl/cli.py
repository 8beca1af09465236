"""The command `onekl`: print the ledger, prove it again, measure speeds."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from onekl.ledger import Row, as_json, ledger, notebooks_folder


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when it succeeded, 1 when a check is not as committed.

    It is 2, with one line on standard error, when the input was no good.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError) as problem:
        print(f"onekl: {problem}", file=sys.stderr)
        return 2


def _claims(options: argparse.Namespace) -> int:
    rows = ledger(_notebooks(options))
    print(as_json(rows) if options.json else _table(rows))
    return 0


def _notebooks(options: argparse.Namespace) -> Path:
    return options.notebooks or notebooks_folder(Path.cwd())


def _check(options: argparse.Namespace) -> int:
    """Each claim as it is proved, with a progress bar on standard error, and the sum at the end."""
    from onekl.recheck import recheck, wanted  # only here, because it loads the examiner

    ids = wanted(options.ids)
    done = []
    with tqdm(total=len(ids), unit="claim", leave=False, disable=None) as bar:
        for one in recheck(ids, _notebooks(options)):
            bar.write(one.text(), file=sys.stdout)
            bar.update()
            done.append(one)
    apart = [one.id for one in done if one.differences]
    seconds = sum(one.seconds for one in done)
    end = f"not as committed: {', '.join(apart)}" if apart else "all as committed"
    print(f"{len(done)} claims in {seconds:.1f} s, {end}")
    return 1 if apart else 0


def _bench(options: argparse.Namespace) -> int:
    from onekl import bench  # only here, because it loads torch

    speeds = bench.bench()
    shown = json.dumps(speeds, ensure_ascii=False, indent=1) if options.json else None
    print(shown or bench.table(speeds))
    return 0


class _Parser(argparse.ArgumentParser):
    """A parser that complains in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Leave the program with 2 and the message."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="onekl", description="The claims ledger and the measured speeds of the book One KL."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    claims = commands.add_parser(
        "claims", help="print the ledger: every claim, its verdict and what showed it"
    )
    claims.add_argument("--json", action="store_true", help="as a JSON list of objects")
    claims.set_defaults(run=_claims)
    check = commands.add_parser(
        "check", help="prove claims again, and compare with the committed notebooks"
    )
    check.add_argument("ids", nargs="*", metavar="ID", help="claims, such as su-4; all if none")
    check.set_defaults(run=_check)
    for command in (claims, check):
        command.add_argument(
            "--notebooks", type=Path, metavar="FOLDER", help="the folder of the check notebooks"
        )
    bench = commands.add_parser(
        "bench", help="time the ledger, and the seed axis and the images beside plain PyTorch"
    )
    bench.add_argument("--json", action="store_true", help="as a JSON object")
    bench.set_defaults(run=_bench)
    return parser


def _table(rows: list[Row]) -> str:
    head = f"{'id':7}{'verdict':13}{'mutants':10}{'instances':11}{'chapter':14}claim"
    done = sum(row.verdict is not None for row in rows)
    lines = (f"{row.id:7}{_shown(row):34}{row.chapter:14}{row.words}" for row in rows)
    return "\n".join([head, *lines, f"{done} of {len(rows)} claims checked"])


def _shown(row: Row) -> str:
    """The verdict with the numbers behind it, in columns."""
    if row.verdict is None:
        return "not yet"
    if row.empirical:
        return f"{row.verdict:15}{row.seeds} seeds"
    mutants = f"{row.mutants_rejected}/{row.mutants_total}"
    return f"{row.verdict:13}{mutants:10}{row.instances:<11}"
