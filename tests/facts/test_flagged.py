"""The pass over flagged calls: what it confirms, and the edits that it makes of intents."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from loralint.config import Config
from loralint.diagnostics import AddKeyword, Fix, RenameKeyword
from loralint.engine import Request, gather
from loralint.engine.confirming import Confirming
from loralint.fix.rows import Rows
from loralint.read import extract
from loralint.read.flagged import WrittenCall, written_calls
from loralint.read.rewriting import rewritten
from loralint.source import Place, Source

IMPORT = "from transformers import AutoModel as M\n"


def call_in(text: str) -> tuple[Place, WrittenCall]:
    """The call that loads in a module, and what is read again of it."""
    source = Source("a.py", "python", text.encode())
    fact = next(one for one in extract(source).calls if "from_pretrained" in one.text)
    place = Place("a.py", fact.span)
    (written,) = written_calls(source, [place])
    assert written.confirms(fact)
    return place, written


def added(text: str) -> str:
    place, written = call_in(IMPORT + text)
    edits = rewritten(AddKeyword(place, "revision", '"v1"'), written, lambda module: None)
    return Rows(IMPORT + text).edited(edits).removeprefix(IMPORT)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("M.from_pretrained()", 'M.from_pretrained(revision="v1")'),
        ("M.from_pretrained('a/b')", "M.from_pretrained('a/b', revision=\"v1\")"),
        ("M.from_pretrained('a/b',)", "M.from_pretrained('a/b', revision=\"v1\",)"),
        ("M.from_pretrained('a/b', **kw)", "M.from_pretrained('a/b', **kw, revision=\"v1\")"),
        ("M.from_pretrained(*a, x=1)", 'M.from_pretrained(*a, x=1, revision="v1")'),
        ("M.from_pretrained(x for x in y)", 'M.from_pretrained((x for x in y), revision="v1")'),
        ("M.from_pretrained((x for x in y))", 'M.from_pretrained((x for x in y), revision="v1")'),
        ("M.from_pretrained('ä/b')  # ü", "M.from_pretrained('ä/b', revision=\"v1\")  # ü"),
        (
            "x = (\n    M\n    .from_pretrained('a/b')\n)",
            "x = (\n    M\n    .from_pretrained('a/b', revision=\"v1\")\n)",
        ),
        (
            "M.from_pretrained(\n    'a/b',  # which\n)",
            "M.from_pretrained(\n    'a/b',  # which\n    revision=\"v1\",\n)",
        ),
        (
            "M.from_pretrained(\n    'a/b'\n)",
            "M.from_pretrained(\n    'a/b',\n    revision=\"v1\"\n)",
        ),
        (
            "M.from_pretrained(\n    'a/b'  # which\n)",
            "M.from_pretrained(\n    'a/b', revision=\"v1\"  # which\n)",
        ),
        (
            'M.from_pretrained("""a\n/b""", x=1,\n  y=2)',
            'M.from_pretrained("""a\n/b""", x=1,\n  y=2,\n  revision="v1")',
        ),
    ],
)
def test_a_keyword_goes_in_as_the_call_is_laid_out(before: str, after: str) -> None:
    assert added(before) == after


def test_a_keyword_that_is_there_is_not_given_again() -> None:
    place, written = call_in(f"{IMPORT}M.from_pretrained('a/b', revision=None)")
    assert rewritten(AddKeyword(place, "revision", '"v1"'), written, lambda module: None) == ()
    assert rewritten(RenameKeyword(place, "rev", "revision"), written, lambda module: None) == ()


def test_a_call_that_a_framework_makes_later_has_no_place_for_a_keyword() -> None:
    place, written = call_in(f"{IMPORT}model = {{'type': M.from_pretrained, 'x': 'a/b'}}")
    assert rewritten(AddKeyword(place, "revision", '"v1"'), written, lambda module: None) == ()


def test_rows_without_their_prompts_are_read_and_changed() -> None:
    rows = [">>> M.from_pretrained(\n", "...     'a/b'\n", "... )"]
    page = {"cells": [{"cell_type": "code", "source": [IMPORT, *rows]}], "metadata": {}}
    page["cells"] = [{"cell_type": "code", "source": each} for each in ([IMPORT], rows)]
    source = Source("n.ipynb", "notebook", json.dumps(page).encode())
    fact = extract(source).calls[0]
    place = Place("n.ipynb", fact.span, fact.cell)
    (written,) = written_calls(source, [place])
    assert written.confirms(fact)
    (edit,) = rewritten(AddKeyword(place, "revision", "x"), written, lambda module: None)
    assert (edit.place.cell, edit.place.span.start.row) == (2, 2)


class TestConfirming:
    """What facts say of a call has to be what stands there."""

    def judged(self, folder: Path, **changes: object) -> tuple[int, tuple[str, ...]]:
        """How many findings and which calls that are read otherwise, of facts with changes."""
        from loralint.config.selectors import enabled
        from loralint.engine.judge import judge
        from loralint.rules import RULES

        (folder / "a.py").write_text(f"{IMPORT}M.from_pretrained('a/b', x=1)\n")
        request = Request(root=str(folder), scopes=(str(folder),), config=Config(), cached=False)
        gathered = gather(request)
        files = gathered.project.files
        call = msgspec.structs.replace(files["a.py"].calls[0], **changes)
        files["a.py"] = msgspec.structs.replace(files["a.py"], calls=(call,))
        outcome = judge(request, gathered, enabled(request.config, RULES))
        return len(outcome.diagnostics), tuple(one.what for one in outcome.skipped)

    def test_what_is_confirmed_is_flagged(self, tmp_path: Path) -> None:
        assert self.judged(tmp_path) == (1, ())

    def test_another_callee_is_not_flagged(self, tmp_path: Path) -> None:
        assert self.judged(tmp_path, text="N.from_pretrained('a/b', x=1)") == (0, ("call",))

    def test_a_keyword_that_the_facts_lack_is_not_flagged(self, tmp_path: Path) -> None:
        call = extract(Source("a.py", "python", f"{IMPORT}M.from_pretrained('a/b')".encode()))
        arguments = call.calls[0].arguments
        assert self.judged(tmp_path, arguments=arguments) == (0, ("call",))


def test_a_fix_without_a_place_is_words(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"{IMPORT}M.from_pretrained('a/b', revision='v')\n")
    gathered = gather(
        Request(root=str(tmp_path), scopes=(str(tmp_path),), config=Config(), cached=False)
    )
    call = gathered.project.files["a.py"].calls[0]
    intent = AddKeyword(Place("a.py", call.span), "revision", "x")
    fix = Fix("safe", "pass it", intents=(intent,))
    assert Confirming(gathered).fixes([fix]) == [Fix("display", "pass it")]
