"""The contract against circles of files, on packages that have one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

grimp = pytest.importorskip("grimp")
sys.path.append(str(Path(__file__).parents[1] / "tools"))
from circles import NoCircles  # noqa: E402

LAZY = "def f():\n    import planted.a\n"
FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from planted import a\n"


def found(folder: Path, files: dict[str, str], name: str, **options: object) -> list[list[str]]:
    package = folder / name
    for path, text in {"__init__.py": "", **files}.items():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text(text.replace("planted", name))
        (package / path).parent.joinpath("__init__.py").touch()
    sys.path.insert(0, str(folder))
    try:
        graph = grimp.build_graph(name, cache_dir=None)
    finally:
        sys.path.remove(str(folder))
    contract = NoCircles("no circles", {}, {"root": name, **options})
    check = contract.check(graph, verbose=False)
    assert check.kept == (not check.metadata["circles"])
    return check.metadata["circles"]


@pytest.mark.parametrize(
    ("number", "back"),
    list(enumerate(["import planted.a\n", LAZY, FOR_TYPES, "from planted.a import x\n"])),
)
def test_a_planted_circle_is_found(tmp_path: Path, number: int, back: str) -> None:
    name = f"planted{number}"
    files = {"a.py": "import planted.b.c\n", "b/c.py": "import planted.d\n", "d.py": back}
    assert found(tmp_path, files, name) == [[f"{name}.a", f"{name}.b.c", f"{name}.d"]]


def test_a_package_and_a_file_in_it(tmp_path: Path) -> None:
    files = {"b/__init__.py": "from planted.b.c import x\n", "b/c.py": "from planted.b import y\n"}
    assert found(tmp_path, files, "planted4") == [["planted4.b", "planted4.b.c"]]


def test_what_is_ignored_closes_no_circle(tmp_path: Path) -> None:
    files = {
        "a.py": "import planted.b\n",
        "b.py": "import planted.a\n",
        "c.py": "import planted.a\n",
    }
    ignored = {"ignore_imports": ["planted5.b -> planted5.*"]}
    assert found(tmp_path, files, "planted5", **ignored) == []


def test_two_files_that_only_meet_are_none(tmp_path: Path) -> None:
    files = {"a.py": "import planted.c\n", "b.py": "import planted.c\n", "c.py": ""}
    assert found(tmp_path, files, "planted6") == []
