"""The command `onekl`: `onekl claims` prints the ledger, `onekl bench` the measured speeds."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import NoReturn

from onekl.ledger import Row, as_json, ledger, notebooks_folder


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when it succeeded.

    It is 2, with one line on standard error, when the input was no good.
    """
    options = _parser().parse_args(arguments)
    try:
        print(options.run(options))
    except (ValueError, OSError) as problem:
        print(f"onekl: {problem}", file=sys.stderr)
        return 2
    return 0


def _claims(options: argparse.Namespace) -> str:
    rows = ledger(options.notebooks or notebooks_folder(Path.cwd()))
    return as_json(rows) if options.json else _table(rows)


def _bench(options: argparse.Namespace) -> str:
    from onekl import bench  # only here, because it loads torch

    speeds = bench.bench()
    if options.json:
        return json.dumps(speeds, ensure_ascii=False, indent=1)
    return bench.table(speeds)


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
    claims.add_argument(
        "--notebooks", type=Path, metavar="FOLDER", help="the folder of the check notebooks"
    )
    claims.set_defaults(run=_claims)
    bench = commands.add_parser(
        "bench", help="time the seed axis and the image training beside plain PyTorch"
    )
    bench.add_argument("--json", action="store_true", help="as a JSON object")
    bench.set_defaults(run=_bench)
    return parser


def _table(rows: list[Row]) -> str:
    head = f"{'id':7}{'verdict':13}{'mutants':10}{'numbers':9}{'error':9}{'chapter':14}claim"
    done = sum(row.verdict is not None for row in rows)
    lines = (f"{row.id:7}{_shown(row):41}{row.chapter:14}{row.words}" for row in rows)
    return "\n".join([head, *lines, f"{done} of {len(rows)} claims checked"])


def _shown(row: Row) -> str:
    """The verdict with the numbers behind it, in columns."""
    if row.verdict is None:
        return "not yet"
    if row.empirical:
        return f"{row.verdict:15}{row.seeds} seeds"
    mutants = f"{row.mutants_rejected}/{row.mutants_total}"
    return f"{row.verdict:13}{mutants:10}{row.numeric_instances:<9}{row.max_error:<9.0e}"
