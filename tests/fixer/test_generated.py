"""Generated programs: after a fix their facts are those from before, but for the revision.

The comparison is made here, on what the linker says of every load, and on Python's own syntax
trees: not with what the fixer itself compares.
"""

from __future__ import annotations

import ast
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings, strategies as st

from loralint.config import Config
from loralint.engine import Request, gather
from loralint.facts import Known
from loralint.fix.applying import ALL, mend
from loralint.project import Project

COMMIT = "ef382358ec9e382308935a992d908de099b64c23"
IMPORTS = "import argparse\nfrom peft import PeftModel\nfrom transformers import AutoModel\n"
NAMES = ("one", "two", "größe")
KEYWORDS = ('device_map="auto"', "low_cpu_mem_usage = True", "torch_dtype='auto'", "**{'a': 1}")
WAYS = ("absent", "literal", "constant", "option", "parameter", "dict", "late")


@dataclass(frozen=True)
class Layout:
    """How a call is written down."""

    rows: bool
    comma: bool
    comment: bool
    tabs: bool


@dataclass(frozen=True)
class Program:
    """A script that loads for inference, in some way."""

    way: str
    keywords: tuple[str, ...]
    layout: Layout
    name: str
    quote: str
    crlf: bool
    inside: bool

    @property
    def text(self) -> str:
        body = self._body()
        if self.inside:
            body = "def main():\n" + "".join(f"    {line}\n" for line in body.splitlines())
            body += "\n\nmain()\n"
        text = f"{IMPORTS}\n{body}"
        return text.replace("\n", "\r\n") if self.crlf else text

    def _body(self) -> str:
        q, main = self.quote, f"{self.quote}main{self.quote}"
        given = {
            "absent": ("", ""),
            "literal": ("", f"revision={main}"),
            "constant": (f"REV = {main}  # branch\n", "revision=REV"),
            "option": (
                f"p = argparse.ArgumentParser()\np.add_argument('--rev', default={main})\n"
                "args = p.parse_args()\n",
                "revision=args.rev",
            ),
            "parameter": ("", "revision=rev"),
            "dict": (f"kw = {{'revision': {main}}}\n", "**kw"),
            "late": (f"c = dict(rev={main})\n", "revision=c['rev']"),
        }
        before, keyword = given[self.way]
        arguments = [f"{q}microsoft/phi-2{q}", *self.keywords, *([keyword] if keyword else [])]
        load = f"AutoModel.from_pretrained{self._call(arguments)}"
        if self.way == "parameter":
            indented = load.replace("\n", "\n    ")
            before = f"def load(rev):\n    return {indented}\n\n\n"
            load = f"load({main})"
        return (
            f"{before}{self.name} = {load}\n"
            f"model = PeftModel.from_pretrained({self.name}, {q}out/phi-2{q})\n"
        )

    def _call(self, arguments: list[str]) -> str:
        if not self.layout.rows:
            return f"({', '.join(arguments)}{', ' if self.layout.comma else ''})"
        indent = "\t" if self.layout.tabs else "    "
        comment = "  # größe, x" if self.layout.comment else ""
        rows = [f"{indent}{each}," for each in arguments]
        if not self.layout.comma:
            rows[-1] = rows[-1][:-1]
        return "(\n" + "\n".join(f"{row}{comment}" for row in rows) + "\n)"


PROGRAMS = st.builds(
    Program,
    way=st.sampled_from(WAYS),
    keywords=st.lists(st.sampled_from(KEYWORDS), unique=True, max_size=3).map(tuple),
    layout=st.builds(
        Layout, rows=st.booleans(), comma=st.booleans(), comment=st.booleans(), tabs=st.booleans()
    ),
    name=st.sampled_from(NAMES),
    quote=st.sampled_from(["'", '"']),
    crlf=st.booleans(),
    inside=st.booleans(),
)
TRAIN = f'''from peft import LoraConfig, get_peft_model
from transformers import AutoModel, Trainer

base = AutoModel.from_pretrained("microsoft/phi-2", revision="{COMMIT}")
model = get_peft_model(base, LoraConfig(r=32), revision="{COMMIT}")
Trainer(model=model).train()
model.save_pretrained("out/phi-2")
'''


def request(folder: Path) -> Request:
    return Request(str(folder), (str(folder),), Config(), cached=False, jobs=1)


def said(project: Project) -> list[object]:
    """Every load of the script but for its revision and its place."""
    return [
        (load.site.loader, load.site.repo_id, load.site.function, load.stage, load.inputs,
         [(name, value) for name, value in load.site.options if name != "keywords"])
        for load in project.loads if load.site.path == "serve.py"
    ]  # fmt: skip


def stripped(text: str) -> str:
    """A module's syntax tree without what pins."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            node.keywords = [each for each in node.keywords if each.arg != "revision"]
        if isinstance(node, ast.Constant) and node.value in ("main", COMMIT):
            node.value = "REVISION"
    return ast.dump(tree)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PROGRAMS)
def test_nothing_but_the_revision_changes(program: Program) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "train.py").write_text(TRAIN)
        serve = folder / "serve.py"
        serve.write_bytes(program.text.encode())
        before = gather(request(folder)).project
        mended = mend(request(folder), ALL)
        assert mended.settled and not mended.dropped
        assert list(mended.after) == ["serve.py"], "the pin of the other side arrives"
        serve.write_bytes(mended.after["serve.py"].content)

        after = gather(request(folder)).project
        assert said(after) == said(before)
        assert stripped(serve.read_text()) == stripped(program.text)
        revisions = [
            one.site.revision
            for one in after.loads
            if one.site.loader.endswith("AutoModel.from_pretrained")
        ]
        assert [getattr(one, "value", None) for one in revisions] == [COMMIT, COMMIT]
        assert serve.read_bytes().count(b"\r\n") in (0, serve.read_bytes().count(b"\n"))
        assert mend(request(folder), ALL).after == {}, "a second run changes nothing"


def test_the_pin_is_known(tmp_path: Path) -> None:
    """The generated project does pair: without a fix there would be nothing to compare."""
    (tmp_path / "train.py").write_text(TRAIN)
    revisions = [load.site.revision for load in gather(request(tmp_path)).project.loads]
    assert revisions == [Known(COMMIT)]
