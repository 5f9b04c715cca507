"""Plants one defect at a time into real train and inference pairs, and counts which are found.

    python benchmarks/faults/plant.py TREES [--only OWNER/NAME …] [--jobs N]

TREES holds the work trees of benchmarks/accuracy/README.md; the pairs are those of
benchmarks/accuracy/pairs.jsonl. Of each pair the two files, the files they import, those that
import them and the data files they name are copied into a temporary folder. Both load calls are
edited into a healthy pair (one commit on both sides), then into one faulty pair for each fault of
FAULTS. A fault is found if its rule is among the findings that the healthy copy does not have;
any other new finding that FAULTS does not allow counts as new elsewhere. Nothing is run but
loralint, and the work trees are only read.

Two groups are told apart:

- as written: the pair can be read from the code, and both sides load one Hub id;
- id written out: a true pair whose id comes from a command line or may be a folder. The healthy
  copy has a literal id on both sides. Copies whose pair loralint still cannot join are left out,
  and counted: what joins them in the repository is on a command line.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

PAIRS = Path(__file__).parents[1] / "accuracy" / "pairs.jsonl"
COMMIT = '"1a9c5d0f8e7b6a4c3d2e1f0a9b8c7d6e5f4a3b2c"'
OTHER_COMMIT = '"f0e1d2c3b4a5968778695a4b3c2d1e0f1a2b3c4d"'
WRITTEN_ID = '"Qwen/Qwen2.5-7B"'
OTHER_ID = '"mistralai/Mistral-7B-v0.3"'
# The place of the repository's id among a call's settings: not a keyword, whatever it is called.
ID = "<id>"
ID_KEYWORDS = ("pretrained_model_name_or_path", "model_name", "model_name_or_path")
SMALL_BITS = ("load_in_4bit", "load_in_8bit")
DATA = (".yaml", ".yml", ".json", ".toml", ".env")
LARGEST_DATA = 100_000

Row = dict[str, Any]
# What a call is given: keyword → code, or None for a keyword that is taken away.
Settings = Mapping[str, str | None]
# Rule, file, row, and the places that the finding relates to.
Finding = tuple[str, str, int, tuple[tuple[str, int], ...]]


def _bits(kind: str) -> Settings:
    config = f'BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="{kind}")'
    return {"quantization_config": config, **dict.fromkeys(SMALL_BITS)}


@dataclass(frozen=True)
class Fault:
    """One defect: what is changed in a healthy pair, and what may be found for it.

    `both` belongs to the healthy copy as well. `companions` are rules that follow from the same
    edit and may be reported beside the expected one, in the two files of the pair only.
    """

    name: str
    expected: str
    companions: frozenset[str] = frozenset()
    train: Settings = field(default_factory=dict)
    infer: Settings = field(default_factory=dict)
    adapter: Settings = field(default_factory=dict)
    both: Settings = field(default_factory=dict)
    resizes: bool = False
    # The fault makes sense only where something else than the base's id joins the pair.
    by_adapter: bool = False


# A load that has lost its revision is unpinned (LOR101), differs from its neighbours in the file
# (LOR211) and from its tokenizer (LOR203); remote code that `**kwargs` allows is unpinned (LOR105).
UNPINNED = frozenset({"LOR101", "LOR105", "LOR203", "LOR211"})

FAULTS = (
    Fault("revision dropped at inference", "LOR201", UNPINNED, infer={"revision": None}),
    Fault("revision dropped in training", "LOR201", UNPINNED, train={"revision": None}),
    Fault(
        "another commit at inference",
        "LOR201",
        frozenset({"LOR203"}),
        infer={"revision": OTHER_COMMIT},
    ),
    # Tokenizer and model of the inference side are now of two repositories.
    Fault(
        "another base at inference",
        "LOR202",
        frozenset({"LOR107", "LOR203", "LOR211"}),
        infer={ID: OTHER_ID},
        by_adapter=True,
    ),
    Fault("another 4-bit type at inference", "LOR204", infer=_bits("fp4"), both=_bits("nf4")),
    # Its revision is a commit: LOR105 has nothing to say.
    Fault("remote code at inference only", "LOR206", infer={"trust_remote_code": "True"}),
    Fault("embeddings resized at inference only", "LOR208", resizes=True),
    # The base is unpinned now, and the pair has two revisions.
    Fault(
        "revision in the adapter's call",
        "LOR107",
        UNPINNED | {"LOR201"},
        infer={"revision": None},
        adapter={"revision": COMMIT},
    ),
)


@dataclass(frozen=True)
class Case:
    """One labelled pair, and how its healthy copy is made."""

    label: Row
    tree: Path
    written_out: bool

    @property
    def name(self) -> str:
        train, infer = self.label["train"], self.label["infer"]
        places = f"{train['path']}:{train['line']} -> {infer['path']}:{infer['line']}"
        return f"{self.label['repo']} {places}"

    @property
    def paths(self) -> tuple[str, str]:
        return self.label["train"]["path"], self.label["infer"]["path"]


class Unsuited(Exception):
    """A pair that cannot be edited, or a fault that does not apply to it; the text says why."""


def main() -> None:
    """Plants, asks and prints."""
    options = _arguments()
    labels = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    cases = list(_cases(labels, options.trees.resolve(), options.only))
    with ThreadPoolExecutor(max_workers=options.jobs) as pool:
        results = []
        for result in pool.map(_tried, cases):
            results.append(result)
            print(f"{len(results)}/{len(cases)} {result.case.name}", file=sys.stderr, flush=True)
    for group, written_out in (("as written", False), ("id written out", True)):
        _print_group(group, [each for each in results if each.case.written_out == written_out])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("trees", type=Path, help="folder that holds the owner+name work trees")
    parser.add_argument("--only", nargs="+", metavar="OWNER/NAME")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _cases(labels: Iterable[Row], trees: Path, only: Sequence[str] | None) -> Iterator[Case]:
    for label in labels:
        if label["label"] != "pair" or label["kind"] or (only and label["repo"] not in only):
            continue
        tree = trees / label["repo"].replace("/", "+")
        if all(label[side]["path"].endswith(".py") for side in ("train", "infer")):
            yield Case(label, tree, not _is_as_written(label))


def _is_as_written(label: Row) -> bool:
    """Whether both sides load one Hub id that can be read from the code, and no folder."""
    texts = (label["base_train"], label["base_infer"])
    folder = any("local" in text or "./" in text or "recorded" in text for text in texts)
    return bool(label["decidable"]) and not folder


# One pair: copies, edits, questions.


@dataclass
class Result:
    """What became of the faults of one pair."""

    case: Case
    unsuited: str = ""
    joined: bool = False
    found: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    elsewhere: dict[str, list[Finding]] = field(default_factory=dict)


def _tried(case: Case) -> Result:
    result = Result(case)
    try:
        with tempfile.TemporaryDirectory() as folder:
            _try_faults(case, Path(folder), result)
    except (Unsuited, cst.ParserSyntaxError) as error:
        result.unsuited = str(error)
    return result


def _try_faults(case: Case, folder: Path, result: Result) -> None:
    _copy_needed(case.tree, case.paths, folder)
    healthy = _healthy(case, folder)
    _write(case, folder, healthy)
    result.joined = _is_joined(case, folder, healthy)
    if case.written_out and not result.joined:
        return
    base_line: dict[str, set[Finding]] = {}
    for fault in FAULTS:
        try:
            _check_applies(case, healthy, fault)
        except Unsuited:
            continue
        sound = healthy.with_settings(fault.both, fault.both)
        key = json.dumps(dict(fault.both))
        if key not in base_line:
            _write(case, folder, sound)
            base_line[key] = _findings(folder)
        _write(case, folder, sound.planted(fault))
        _judge(case, fault, _findings(folder) - base_line[key], result)


def _judge(case: Case, fault: Fault, new: set[Finding], result: Result) -> None:
    expected = [each for each in new if each[0] == fault.expected and each[1] in case.paths]
    (result.found if expected else result.missed).append(fault.name)
    allowed = fault.companions | {fault.expected}
    other = [each for each in new if each[0] not in allowed or each[1] not in case.paths]
    if other:
        result.elsewhere[fault.name] = sorted(other)


def _findings(folder: Path) -> set[Finding]:
    return {
        (
            each["code"],
            each["filename"],
            each["location"]["row"],
            tuple((side["filename"], side["location"]["row"]) for side in each["related"]),
        )
        for each in _asked(folder, "check")
    }


def _is_joined(case: Case, folder: Path, healthy: Healthy) -> bool:
    """Whether loralint reports the pair of the healthy copy at all."""
    wanted = [(path, call.row) for path, call in zip(case.paths, healthy.sides, strict=True)]
    return any(
        [(pair[side]["filename"], pair[side]["location"]["row"]) for side in ("train", "infer")]
        == wanted
        for pair in _asked(folder, "pairs")
    )


def _asked(folder: Path, command: str) -> list[Row]:
    """What loralint says of a folder; see trees.py for PYTHONSAFEPATH."""
    words = ["loralint", command, "--isolated", "--no-cache", "--output-format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise Unsuited(f"loralint {command} failed: {done.stderr.strip()[:200]}")
    return list(json.loads(done.stdout))


# Which faults apply to a pair.


def _check_applies(case: Case, healthy: Healthy, fault: Fault) -> None:
    label = case.label
    if fault.by_adapter and (case.written_out or label["how"] != "artifact-path"):
        raise Unsuited("only the base's id joins the pair")
    if healthy.is_unsloth and "quantization_config" in fault.both:
        raise Unsuited("unsloth has no BitsAndBytesConfig of its own")
    if "quantization_config" in fault.both and "merge" in healthy.infer_source:
        raise Unsuited("another quantisation is normal for a merge")
    if fault.adapter and healthy.adapter is None:
        raise Unsuited("no PeftModel.from_pretrained after the load")
    if "trust_remote_code" in fault.infer and any(call.open for call in healthy.sides):
        raise Unsuited("what **kwargs holds may be remote code already")
    if fault.resizes and not (healthy.sides[1].target and healthy.resizes_nothing):
        raise Unsuited("embeddings are resized already, or the model has no name")


# Copying: the files of both sides and what they need.


def _copy_needed(tree: Path, paths: Iterable[str], folder: Path) -> None:
    needed = _closure(tree, set(paths))
    needed |= {path for side in paths for path in _importers(tree, side)}
    texts = "\n".join(_text(tree / path) for path in needed)
    for path in tree.rglob("*"):
        if path.suffix in DATA and path.name in texts and _is_small(path):
            needed.add(path.relative_to(tree).as_posix())
    for name in needed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree / name, folder / name)


def _is_small(path: Path) -> bool:
    return path.is_file() and path.stat().st_size < LARGEST_DATA


def _closure(tree: Path, paths: set[str]) -> set[str]:
    """The files, those that they import, and the packages that they lie in."""
    seen: set[str] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        waiting += [found for found in _imports(tree, path) if found not in seen]
        inits = (parent / "__init__.py" for parent in Path(path).parents)
        waiting += [init.as_posix() for init in inits if (tree / init).is_file()]
    return seen


def _importers(tree: Path, path: str) -> Iterator[str]:
    """The files that import one file: a parameter's value may come from there."""
    stem = Path(path).stem
    for other in tree.rglob("*.py"):
        if stem in _text(other):
            name = other.relative_to(tree).as_posix()
            if path in _imports(tree, name):
                yield name


def _imports(tree: Path, path: str) -> set[str]:
    try:
        module = ast.parse(_text(tree / path))
    except (SyntaxError, ValueError):
        return set()
    folder = Path(path).parent
    found = set()
    for node in ast.walk(module):
        for name, level in _imported(node):
            roots = [folder, *folder.parents, Path("src")] if level == 0 else [folder]
            for _ in range(level - 1):
                roots = [root.parent for root in roots]
            found |= set(_resolved(tree, roots, name))
    return found


def _imported(node: ast.AST) -> Iterator[tuple[str, int]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, 0) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        module = node.module or ""
        yield module, node.level
        yield from ((f"{module}.{alias.name}".strip("."), node.level) for alias in node.names)


def _resolved(tree: Path, roots: Iterable[Path], name: str) -> Iterator[str]:
    if not name:
        return
    inside = name.replace(".", "/")
    for root in roots:
        for candidate in (root / f"{inside}.py", root / inside / "__init__.py"):
            if (tree / candidate).is_file():
                yield candidate.as_posix()
                return


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


# Editing: each version is made from the file as its author left it, in one pass.


@dataclass(frozen=True)
class Found:
    """A load call: where it starts, and the name that its result is bound to."""

    row: int
    column: int
    callee: str
    target: str = ""
    # Whether it takes `**kwargs`: what they hold cannot be taken away.
    open: bool = False


@dataclass(frozen=True)
class Edit:
    """What is done at one call."""

    path: str
    call: Found
    settings: Settings
    then: str = ""


@dataclass(frozen=True)
class Healthy:
    """A version of the pair: its calls, and what each is given."""

    sources: dict[str, str]
    sides: tuple[Found, Found]
    adapter: Found | None
    settings: tuple[Settings, Settings]
    resizes: bool = False
    adapter_settings: Settings = field(default_factory=dict)

    @property
    def is_unsloth(self) -> bool:
        return any("Fast" in side.callee for side in self.sides)

    @property
    def infer_source(self) -> str:
        return list(self.sources.values())[-1]

    @property
    def resizes_nothing(self) -> bool:
        return not any("resize_token_embeddings" in text for text in self.sources.values())

    def with_settings(self, train: Settings, infer: Settings) -> Healthy:
        settings = ({**self.settings[0], **train}, {**self.settings[1], **infer})
        return Healthy(self.sources, self.sides, self.adapter, settings)

    def planted(self, fault: Fault) -> Healthy:
        changed = self.with_settings(fault.train, fault.infer)
        return Healthy(
            changed.sources,
            changed.sides,
            changed.adapter,
            changed.settings,
            fault.resizes,
            fault.adapter,
        )


def _healthy(case: Case, folder: Path) -> Healthy:
    """The pair with one commit on both sides, no remote code, and the id written out if asked."""
    if "recorded" in case.label["base_infer"]:
        raise Unsuited("the inference side names no base: it is as the adapter records")
    sources = {path: (folder / path).read_text(encoding="utf-8") for path in case.paths}
    calls = {path: _load_calls(text) for path, text in sources.items()}
    train, infer = (
        _at_row(calls[path], case.label[side]["line"])
        for path, side in zip(case.paths, ("train", "infer"), strict=True)
    )
    settings: dict[str, str | None] = {"revision": COMMIT, "trust_remote_code": None}
    if any("Fast" in call.callee for call in (train, infer)):
        settings["load_in_4bit"] = "False"
    if case.written_out:
        settings |= {ID: WRITTEN_ID, "local_files_only": None}
    later = [call for call in calls[case.paths[1]] if call.row >= infer.row]
    peft = [call for call in later if call.callee.startswith("PeftModel")]
    return Healthy(sources, (train, infer), peft[0] if peft else None, (settings, settings))


def _at_row(calls: Iterable[Found], row: int) -> Found:
    for call in calls:
        if call.row == row and not call.callee.startswith(("PeftModel", "AutoPeft")):
            return call
    raise Unsuited("the load is no from_pretrained call, or an adapter's")


def _write(case: Case, folder: Path, version: Healthy) -> None:
    edits = [
        Edit(case.paths[0], version.sides[0], version.settings[0]),
        Edit(case.paths[1], version.sides[1], version.settings[1], _resizing(version)),
    ]
    if version.adapter is not None and version.adapter_settings:
        edits.append(Edit(case.paths[1], version.adapter, version.adapter_settings))
    for path, text in version.sources.items():
        mine = [edit for edit in edits if edit.path == path]
        (folder / path).write_text(_edited(text, mine), encoding="utf-8")


def _resizing(version: Healthy) -> str:
    return f"{version.sides[1].target}.resize_token_embeddings(32123)" if version.resizes else ""


def _load_calls(text: str) -> list[Found]:
    finder = _Finder()
    MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True).visit(finder)
    return finder.calls


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Found] = []
        self._target = ""

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:
        self._target = _bound(node)

    def visit_Call(self, node: cst.Call) -> None:
        callee = _dotted(node.func)
        if callee.endswith(".from_pretrained"):
            start = self.get_metadata(PositionProvider, node).start
            is_open = any(argument.star == "**" for argument in node.args)
            self.calls.append(Found(start.line, start.column, callee, self._target, is_open))


def _bound(node: cst.SimpleStatementLine) -> str:
    """The name in `name = X.from_pretrained(…)`; of a tuple (unsloth) the first."""
    statement = node.body[0]
    if not isinstance(statement, cst.Assign) or not isinstance(statement.value, cst.Call):
        return ""
    if not _dotted(statement.value.func).endswith(".from_pretrained"):
        return ""
    target: cst.BaseExpression = statement.targets[0].target
    if isinstance(target, cst.Tuple):
        target = target.elements[0].value
    return _dotted(target)


def _dotted(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return ""


def _edited(text: str, edits: Sequence[Edit]) -> str:
    """The text after the edits. Rows stay as they are: what is new goes on rows that exist."""
    wrapper = MetadataWrapper(cst.parse_module(text))
    module = wrapper.visit(_Editor(edits))
    uses_config = any("quantization_config" in edit.settings for edit in edits)
    return _importing(module.code) if uses_config else module.code


class _Editor(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, edits: Sequence[Edit]) -> None:
        super().__init__()
        self._edits = {(edit.call.row, edit.call.column, edit.call.callee): edit for edit in edits}
        self._then = ""

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        start = self.get_metadata(PositionProvider, original_node).start
        edit = self._edits.get((start.line, start.column, _dotted(original_node.func)))
        if edit is None:
            return updated_node
        self._then = edit.then
        return _given(updated_node, edit.settings)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        if not self._then:
            return updated_node
        added = cst.Expr(cst.parse_expression(self._then))
        self._then = ""
        return updated_node.with_changes(body=[*updated_node.body, added])


def _given(call: cst.Call, settings: Settings) -> cst.Call:
    arguments = [each for each in call.args if _keyword(each) not in settings]
    if settings.get(ID):
        arguments = _with_id(arguments, str(settings[ID]))
    for name, code in settings.items():
        if name != ID and code is not None:
            arguments.append(_argument(name, code))
    return call.with_changes(args=arguments)


def _with_id(arguments: list[cst.Arg], code: str) -> list[cst.Arg]:
    value = cst.parse_expression(code)
    for index, each in enumerate(arguments):
        if _keyword(each) in ID_KEYWORDS or (index == 0 and not each.keyword and not each.star):
            return [*arguments[:index], each.with_changes(value=value), *arguments[index + 1 :]]
    raise Unsuited("the call names no repository")


def _keyword(argument: cst.Arg) -> str:
    return argument.keyword.value if argument.keyword else ""


def _argument(name: str, code: str) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(cst.parse_expression(code), keyword=cst.Name(name), equal=tight)


def _importing(code: str) -> str:
    """The code with BitsAndBytesConfig imported, on the row of its first plain import."""
    plain = re.compile(r"^(import [\w., ]+?)[ \t]*(#.*)?$", re.MULTILINE)
    if not plain.search(code):
        raise Unsuited("no plain import to stand beside")
    return plain.sub(r"\1; from transformers import BitsAndBytesConfig", code, count=1)


# Printing.


def _print_group(name: str, results: Sequence[Result]) -> None:
    suited = [each for each in results if not each.unsuited]
    judged = [each for each in suited if each.joined or not each.case.written_out]
    joined = sum(each.joined for each in judged)
    print(f"{name}: {len(results)} pairs, {len(suited)} that can be edited, {joined} joined\n")
    for reason, count in Counter(each.unsuited for each in results if each.unsuited).items():
        print(f"  left out: {count} ({reason})")
    if unjoined := len(suited) - len(judged):
        print(f"  left out: {unjoined} (nothing in the code joins them)")
    _print_table(judged)
    for each in judged:
        _print_places(each)
    print()


def _print_table(results: Sequence[Result]) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for each in results:
        _count(counts, "found", each.found)
        _count(counts, "missed", each.missed)
        _count(counts, "new elsewhere", each.elsewhere)
    columns = ("found", "missed", "new elsewhere")
    print(f"  {'fault':<40} rule    {'  '.join(columns)}")
    for fault in FAULTS:
        cells = "  ".join(f"{counts[fault.name][name]:>{len(name)}}" for name in columns)
        print(f"  {fault.name:<40} {fault.expected}  {cells}")
    sums = "  ".join(f"{_total(counts.values(), name):>{len(name)}}" for name in columns)
    print(f"  {'all':<40}         {sums}\n")


def _count(counts: dict[str, Counter[str]], column: str, faults: Iterable[str]) -> None:
    for fault in faults:
        counts[fault][column] += 1


def _total(counters: Iterable[Counter[str]], name: str) -> int:
    return sum(counts[name] for counts in counters)


def _print_places(result: Result) -> None:
    state = "" if result.joined else " (the pair is not reported)"
    for fault in result.missed:
        print(f"  MISSED {fault}: {result.case.name}{state}")
    for fault, findings in result.elsewhere.items():
        for code, path, row, _ in findings:
            print(f"  ELSEWHERE {fault}: {code} {path}:{row} in {result.case.name}")


if __name__ == "__main__":
    main()
