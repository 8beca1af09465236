"""The command `onekl`: `onekl claims` prints the ledger, `onekl bench` the speed figures."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from onekl.ledger import Row, as_json, ledger, notebooks_folder


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when it succeeded, 2 and one line on standard error when its input was no good."""
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

    figures = bench.bench()
    return (
        json.dumps(figures, ensure_ascii=False, indent=1) if options.json else bench.table(figures)
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="onekl", description="The claims ledger and the speed figures of the book One KL."
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
    lines = [f"{'id':7}{'verdict':13}{'mutants':10}{'numbers':9}{'error':9}{'chapter':14}claim"]
    for row in rows:
        if row.verdict is None:
            lines.append(f"{row.id:7}{'not yet':41}{row.chapter:14}{row.words}")
            continue
        if row.empirical:
            lines.append(
                f"{row.id:7}{row.verdict:15}{f'{row.seeds} seeds':26}{row.chapter:14}{row.words}"
            )
            continue
        mutants = f"{row.mutants_rejected}/{row.mutants_total}"
        lines.append(
            f"{row.id:7}{row.verdict:13}{mutants:10}{row.numeric_instances:<9}{row.max_error:<9.0e}{row.chapter:14}{row.words}"
        )
    done = sum(row.verdict is not None for row in rows)
    return "\n".join([*lines, f"{done} of {len(rows)} claims checked"])
