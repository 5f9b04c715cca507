"""Commands in YAML: the steps of GitHub workflows, and the services of docker compose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import yaml

from loralint.catalog.commands import tool_of_image
from loralint.facts import Known, Value
from loralint.read.dockerfile import exec_form
from loralint.read.documents import Node, parse_yaml
from loralint.read.shell_words import Fragment
from loralint.read.words import Environment, choice, unfollowed

_WORKFLOW = re.compile(r"(.*/)?\.github/(workflows|actions)/.+\.ya?ml|(.*/)?action\.ya?ml")
_COMPOSE = re.compile(r"(.*/)?(docker-)?compose[\w.-]*\.ya?ml")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_NAME = re.compile(r"\s*(?:env|matrix|inputs|vars)\.([\w-]+)\s*")
_PLAIN = re.compile(r"[\w./:@%+,${}-]*")
_ITEM = re.compile(r"\s*-\s+")

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""As YAML counts rows."""


def is_one(path: str) -> bool:
    """Whether a file is a workflow or a compose file."""
    return bool(_WORKFLOW.fullmatch(path) or _COMPOSE.fullmatch(path))


def fragments(path: str, text: str) -> Iterator[Fragment]:
    """The pieces of shell of a file; none where it is no YAML."""
    try:
        documents = parse_yaml(text).documents
    except (yaml.YAMLError, ValueError, RecursionError):
        return iter(())
    if not documents:
        return iter(())
    lines = _LINE_END.split(text)
    is_compose = _COMPOSE.fullmatch(path) is not None
    return _services(documents[0], lines) if is_compose else _steps(documents[0], lines)


def _pairs(node: Node | None) -> dict[str, Node]:
    entries = node.entries or {} if node is not None else {}
    return {key: entry.node for key, entry in entries.items()}


def _items(node: Node | None) -> list[Node]:
    return [entry.node for entry in (node.items or ())] if node is not None else []


# --- GitHub -------------------------------------------------------------------------------------


def _steps(root: Node, lines: list[str]) -> Iterator[Fragment]:
    top = _pairs(root)
    common = _variables(top.get("env"))
    jobs = [*_pairs(top.get("jobs")).values(), *([top["runs"]] if "runs" in top else [])]
    for job in map(_pairs, jobs):
        matrix: Environment = {}
        for name, node in _pairs(_pairs(job.get("strategy")).get("matrix")).items():
            values = [Known(item.text) for item in _items(node) if item.span is not None]
            if values:
                matrix[name] = choice(values)
        environment = {**common, **matrix, **_variables(job.get("env"))}
        for step in map(_pairs, _items(job.get("steps"))):
            yield from _step(step, environment, lines)


def _step(step: dict[str, Node], environment: Environment, lines: list[str]) -> Iterator[Fragment]:
    run, shell, folder = step.get("run"), step.get("shell"), step.get("working-directory")
    program = shell.text if shell is not None else "bash"
    if run is None or run.span is None or not ("bash" in program or program.split()[:1] == ["sh"]):
        return
    known = {**environment, **_variables(step.get("env"))}
    # Also under the names that expressions get in the shell's text.
    known |= {_name_of(name): value for name, value in known.items()}
    where = folder.text.strip("./") if folder is not None and "$" not in folder.text else ""
    yield _fragment(run, lines, known, where)


def _variables(node: Node | None) -> Environment:
    """The variables of a mapping, or of a list of `NAME=value`."""
    found: Environment = {name: _value(value.text) for name, value in _pairs(node).items()}
    for item in _items(node):
        name, _, text = item.text.partition("=")
        found[name] = _value(text)
    return found


def _value(text: str) -> Value:
    return unfollowed("a computed variable") if "$" in text else Known(text)


def _name_of(name: str) -> str:
    """The variable of the shell that stands for one of an expression."""
    return f"GH_{name.replace('-', '_')}"


def _expression(match: re.Match[str]) -> str:
    """`${{ env.MODEL }}` as a variable of the shell, as long as it was."""
    name = _NAME.fullmatch(match[1])
    shown = _name_of(name[1]) if name is not None else "GH_"
    return "${" + shown.ljust(len(match[0]) - 3, "_") + "}"


# --- compose ------------------------------------------------------------------------------------


def _services(root: Node, lines: list[str]) -> Iterator[Fragment]:
    for service in map(_pairs, _pairs(_pairs(root).get("services")).values()):
        image = service["image"].text if "image" in service else ""
        environment = _variables(service.get("environment"))
        entry, command = service.get("entrypoint"), service.get("command")
        if entry is not None and command is not None and entry.items and command.items:
            # One command: what is run, and its arguments.
            both = Node(items=(*entry.items, *command.items))
            yield from _command(both, lines, environment, "")
            continue
        if entry is None and command is None:
            yield from _by_environment(service.get("environment"), lines, image)
        for node in (each for each in (entry, command) if each is not None):
            yield from _command(node, lines, environment, "" if entry is not None else image)


def _by_environment(node: Node | None, lines: list[str], image: str) -> Iterator[Fragment]:
    """An engine that its variables alone configure: a command that sets them, each at its place."""
    tool = tool_of_image(image)
    if node is None or tool is None or not tool.heads:
        return
    settings = [*_listed_settings(node), *_named_settings(node)]
    if not settings:
        return
    first = min(row for row, *_ in settings)
    rows = [""] * (max(row for row, *_ in settings) - first + 1)
    for row, column, setting in settings:
        rows[row - first] = f"{' ' * column}{setting}"
    program = " ".join(tool.heads[0])
    # `env` and the program stand in no row of their own: what is loaded is named by a setting
    text = "\\\n".join(rows)
    blank = len(text) - len(text.lstrip(" "))
    if blank >= len(_SET):
        text = f"{text[: blank - len(_SET)]}{_SET}{text[blank:]}"
        yield Fragment(f"{text} {program}", first, margins=None)


_SET = "env "


def _listed_settings(node: Node) -> Iterator[tuple[int, int, str]]:
    """`- NAME=value`: the row, the column and the words, all from 0."""
    for each in _items(node):
        if each.span is not None and "=" in each.text:
            column = each.span.start.column - 1 + len(each.style)
            yield each.span.start.row - 1, column, _quoted_value(each.text)


def _named_settings(node: Node) -> Iterator[tuple[int, int, str]]:
    """`NAME: value`, with the value at its place."""
    for name, each in _pairs(node).items():
        if each.span is not None and each.text:
            column = each.span.start.column - 1 + len(each.style) - len(name) - 1
            yield each.span.start.row - 1, max(column, 0), _quoted_value(f"{name}={each.text}")


def _quoted_value(setting: str) -> str:
    """A setting as one word of shell; compose fills in variables as the shell does."""
    name, _, value = setting.partition("=")
    plain = _PLAIN.fullmatch(value) is not None
    return setting if plain else f'{name}="{value}"'


def _command(
    node: Node, lines: list[str], environment: Environment, image: str
) -> Iterator[Fragment]:
    if node.span is not None:
        yield replace(_fragment(node, lines, environment), image=image)
        return
    words = [each for each in _items(node) if each.span is not None]
    if words:
        text, row = _listed(words, lines)
        yield Fragment(text, row, environment=environment, image=image,
                       margins=_margins(words, lines))  # fmt: skip


def _margins(words: list[Node], lines: list[str]) -> tuple[str, str] | None:
    """What stands around one more item of a list: a row of its own, or a comma and quotes."""
    starts: set[str | None] = set()
    for word in words:
        start = word.span.start  # type: ignore[union-attr]
        before = lines[start.row - 1][: start.column - 1]
        starts.add(before if _ITEM.fullmatch(before) else None)
    if starts == {None}:
        return ', "', '"'
    first = starts.pop()
    return (f"\n{first}", "") if first is not None and not starts else None


def _listed(words: list[Node], lines: list[str]) -> tuple[str, int]:
    """The items of a list as one command, every word at its place; and its first row, from 0."""
    spans = [word.span for word in words if word.span is not None]
    first = spans[0].start.row - 1
    rows = [" " * len(line) for line in lines[first : spans[-1].end.row]]
    for span in spans:
        row, start = span.start.row - 1, span.start.column - 1
        source = lines[row][start : span.end.column - 1 if span.end.row == row + 1 else None]
        shown = exec_form(source) if source.startswith(('"', "'")) else source
        rows[row - first] = (
            rows[row - first][:start] + shown + rows[row - first][start + len(shown) :]
        )
    return "\\\n".join(rows), first


# --- scalars ------------------------------------------------------------------------------------


def _fragment(node: Node, lines: list[str], environment: Environment, folder: str = "") -> Fragment:
    """The text of a scalar as shell, every character at its place where that can be."""
    span = node.span
    assert span is not None  # of a scalar
    row, end = span.start.row - 1, span.end.row - 1
    if node.style in ("|", ">"):
        rows = lines[row + 1 : end]
        indent = min((len(each) - len(each.lstrip()) for each in rows if each.strip()), default=0)
        text = ("\\\n" if node.style == ">" else "\n").join(each[indent:] for each in rows)
        return Fragment(_EXPRESSION.sub(_expression, text), row + 1, indent, environment, folder)
    start, stop = span.start.column - 1 + len(node.style), span.end.column - 1 - len(node.style)
    text = lines[row][start:stop]
    if row == end and not (node.style == '"' and "\\" in text):
        return Fragment(_EXPRESSION.sub(_expression, text), row, start, environment, folder)
    text = _EXPRESSION.sub(_expression, node.text)
    return Fragment(text, row, 0, environment, folder, margins=None)
