"""Names that branches define differently: each meaning is a possible one, and none is the only."""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.linker.building import AUTO, linked, repo, short


def definitions(model: str) -> str:
    """A function and a class that say which model there is."""
    return (
        f"def base():\n    return {model!r}\n"
        f"class Settings:\n    model = {model!r}\n    def base(self):\n        return {model!r}\n"
    )


STUB = indent(definitions("a/stub"), "    ")
REAL = indent(definitions("a/real"), "    ")
FACADES = {
    "star first": f"try:\n    from .impl import *\nexcept ImportError:\n{STUB}",
    "star last": f"if missing:\n{STUB}else:\n    from .impl import *\n",
    "by name": f"try:\n    from .impl import base, Settings\nexcept ImportError:\n{STUB}",
    "both here": f"if available():\n{REAL}else:\n{STUB}",
    "defined anew": f"if missing:\n{STUB}else:\n{STUB}    from .impl import *\n{REAL}",
}
USES = {
    "function": "base()",
    "field": "Settings.model",
    "object's field": "Settings().model",
    "method": "Settings().base()",
}


def models(facade: str, use: str, **more: str) -> list[object]:
    """Which models a script may load that gets them by a facade."""
    script = (
        f"{AUTO}from package import base, Settings\nAutoModelForCausalLM.from_pretrained({use})"
    )
    impl = more or {"package/impl.py": definitions("a/real")}
    project = linked({"package/__init__.py": facade, "main.py": script, **impl})
    (load,) = project.loads
    found = short(load.site.repo_id)
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("facade", FACADES.values(), ids=FACADES)
def test_a_stub_in_one_branch_and_the_real_thing_in_the_other(facade: str, use: str) -> None:
    assert sorted(map(str, models(facade, use))) == ["a/real", "a/stub"]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_star_that_does_not_have_the_name(use: str) -> None:
    facade = FACADES["star first"]
    assert models(facade, use, **{"package/impl.py": "other = 1\n"}) == ["a/stub"]


@pytest.mark.parametrize("inside", ["", "def run():\n    "])
def test_used_where_it_is_defined(inside: str) -> None:
    script = f"{AUTO}if available():\n{REAL}else:\n{STUB}"
    assert repo(f"{script}{inside}AutoModelForCausalLM.from_pretrained(base())\n") == [
        "a/real",
        "a/stub",
    ]


def test_the_last_of_one_branch_counts() -> None:
    script = f"{AUTO}{definitions('a/old')}{definitions('a/new')}"
    assert repo(f"{script}AutoModelForCausalLM.from_pretrained(Settings().base())\n") == "a/new"
    script = f"{AUTO}if x:\n{STUB}{definitions('a/new')}"
    assert repo(f"{script}AutoModelForCausalLM.from_pretrained(base())\n") == "a/new"


def test_what_stands_before_a_branch_stays_a_meaning() -> None:
    script = f"{AUTO}{definitions('a/real')}if x:\n{STUB}"
    assert repo(f"{script}AutoModelForCausalLM.from_pretrained(base())\n") == ["a/real", "a/stub"]


def test_a_property_is_what_its_getter_gives() -> None:
    assert (
        repo(f"""{AUTO}
class Settings:
    @property
    def model(self):
        return "a/b"
    @model.setter
    def model(self, value):
        self.given = value
AutoModelForCausalLM.from_pretrained(Settings().model)
""")
        == "a/b"
    )
