"""What pytest gives a test by name: fixtures and the rows of `parametrize`."""

from __future__ import annotations

import pytest

from tests.whole.running import Small, table

HEAD = "import pytest\nfrom pytest import fixture, mark\nfrom transformers import AutoModel\n\n\n"
TEST = "def test_it(name):\n    AutoModel.from_pretrained(name)\n"
METHOD = (
    "    def _load(self, repo):\n        return AutoModel.from_pretrained(repo)\n\n"
    "    def test_it(self, name):\n        self._load(name)\n"
)

TESTS = {
    "a fixture": f'@pytest.fixture\ndef name():\n    return "org/a"\n\n\n{TEST}',
    "a fixture of a scope": (
        f'@pytest.fixture(scope="module")\ndef name():\n    return "org/a"\n\n\n{TEST}'
    ),
    "a fixture by its name": f'@fixture\ndef name():\n    return "org/a"\n\n\n{TEST}',
    "a fixture of a fixture": (
        '@pytest.fixture\ndef base():\n    return "org"\n\n\n'
        f'@pytest.fixture\ndef name(base):\n    return f"{{base}}/a"\n\n\n{TEST}'
    ),
    "a fixture of the class": (
        'class TestModel:\n    @pytest.fixture(scope="class")\n    def name(self):\n'
        f'        return "org/a"\n\n{METHOD}'
    ),
    "rows": f'@pytest.mark.parametrize("name", ["org/a"])\n{TEST}',
    "rows by a name": f'@mark.parametrize("name", ["org/a"])\n{TEST}',
    "columns": (
        '@pytest.mark.parametrize("other, name", [("x", "org/a"), ("y", "org/a")])\n'
        "def test_it(other, name):\n    AutoModel.from_pretrained(name)\n"
    ),
    "columns in a tuple": (
        '@pytest.mark.parametrize(("name", "other"), [("org/a", 1)])\n'
        "def test_it(name, other):\n    AutoModel.from_pretrained(name)\n"
    ),
}


@pytest.mark.parametrize("case", table(TESTS))
@pytest.mark.parametrize("large", [False, True])
def test_what_a_test_is_given(small: Small, case: str, *, large: bool) -> None:
    more = "def other(x):\n    return x\n\n\n" * (700 if large else 0)
    small.write({"test_model.py": HEAD + more + TESTS[case]})
    assert small.ids() == ["org/a"]


UNKNOWN = {
    "no fixture": f'def name():\n    return "org/a"\n\n\n{TEST}',
    "no test": (
        '@pytest.fixture\ndef name():\n    return "org/a"\n\n\n'
        "def load(name):\n    AutoModel.from_pretrained(name)\n"
    ),
    "parameters of a fixture": (
        '@pytest.fixture(params=["org/a"])\ndef name(request):\n    return request.param\n\n\n'
        + TEST
    ),
}


@pytest.mark.parametrize("case", table(UNKNOWN))
def test_what_it_is_not_given(small: Small, case: str) -> None:
    small.write({"test_model.py": HEAD + UNKNOWN[case]})
    (found,) = small.ids()
    assert str(found).startswith("?")
