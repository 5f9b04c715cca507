"""The lowest versions that pyproject.toml allows, as requirements for pip: one a line.

    python tools/lowest.py [EXTRA ...]

Those of the program itself and of the extras that are named. Torch is left out: its low versions
have no build for the CPU on the indices that are asked, and the one of the tests is taken.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    from pip._vendor import tomli as tomllib

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
_LOWEST = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\d.]+)(?P<marker>\s*;.*)?")
LEFT_OUT = {"torch"}


def lowest(extras: list[str]) -> list[str]:
    """Each requirement at its lower bound; ValueError where one has none."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return [_pinned(one) for one in dict.fromkeys(wanted) if not one.startswith(tuple(LEFT_OUT))]


def _pinned(requirement: str) -> str:
    found = _LOWEST.fullmatch(requirement)
    if found is None:
        raise ValueError(f"{requirement}: no lower bound that could be tested")
    return f"{found['name']}=={found['version']}{found['marker'] or ''}"


if __name__ == "__main__":
    print("\n".join(lowest(sys.argv[1:])))
