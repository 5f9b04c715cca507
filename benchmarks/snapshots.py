"""What two versions of loralint say of the same projects, and where they differ.

    python benchmarks/snapshots.py cases --out PROJECTS [--more CASES ...]
    python benchmarks/snapshots.py save --loralint CHECKOUT --out FOLDER PROJECT ...
    python benchmarks/snapshots.py compare OLD NEW [--only KIND] [--project NAME] [-n 3] [--json]

`cases` writes every project that the tests hold, once, as folders. `save` keeps all that one
checkout says of projects (`check`, `check --strict`, `inventory`, `pairs`, what was not decided)
and what it cost. `compare` pairs up two such folders and counts the differences by kind.
"""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from snapshot.comparing import differences
from snapshot.report import as_json, as_text, costs
from snapshot.saving import Options, save


def main() -> int:
    """Do what was asked."""
    given = _parser().parse_args()
    code: int = given.run(given)
    return code


def _parser() -> argparse.ArgumentParser:
    described, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=described, epilog=usage, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    _add_cases(commands.add_parser("cases", help="write the projects that the tests hold"))
    _add_save(commands.add_parser("save", help="save what a checkout says of projects"))
    _add_compare(commands.add_parser("compare", help="where two snapshots differ"))
    return parser


def _add_cases(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_cases)
    parser.add_argument("--out", type=Path, required=True, help="a folder that does not exist")
    parser.add_argument(
        "--more", type=Path, nargs="*", default=[], help="folders of cases: NAME/case.json"
    )


def _cases(given: argparse.Namespace) -> int:
    from snapshot.cases import write_all

    print(f"{write_all(given.out, given.more)} projects")
    return 0


def _add_save(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_save)
    parser.add_argument("--loralint", type=Path, required=True, help="checkout to run")
    parser.add_argument("--out", type=Path, required=True, help="folder of the snapshot")
    parser.add_argument("projects", type=Path, nargs="+", metavar="PROJECT")
    parser.add_argument(
        "--forked",
        action="store_true",
        help="import once for all runs: for many small projects (costs are without imports)",
    )
    parser.add_argument("--settings", action="store_true", help="with the settings of projects")
    parser.add_argument("--hash-seed", type=int, default=0, help="PYTHONHASHSEED (default: 0)")
    parser.add_argument("--limit", type=int, default=600, help="seconds a command (default: 600)")
    parser.add_argument("--resume", action="store_true", help="but for what is saved already")


def _save(given: argparse.Namespace) -> int:
    options = Options(
        given.loralint.resolve(), given.forked, given.settings, given.hash_seed, given.limit
    )
    save(options, given.out, [project.resolve() for project in given.projects], given.resume)
    return 0


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_compare)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="KIND", help="kinds that begin so: 'finding'"
    )
    parser.add_argument("--project", default="*", metavar="NAME", help="a name, or a pattern")
    parser.add_argument("-n", type=int, default=3, help="examples of each kind (default: 3)")
    parser.add_argument("--json", action="store_true", help="all differences, as JSON")


def _compare(given: argparse.Namespace) -> int:
    for snapshot in (given.old, given.new):
        if not (snapshot / "answers").is_dir():
            raise SystemExit(f"{snapshot} is no snapshot")
    every = differences(given.old, given.new, lambda name: fnmatchcase(name, given.project))
    found = [one for one in every if one.kind.startswith(tuple(given.only))]
    if given.json:
        print(as_json(found))
    else:
        print(*as_text(found, given.n, given.only != [""]), sep="\n")
        print(*costs(given.old, given.new), sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
