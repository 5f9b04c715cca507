"""Commands in YAML: the steps of GitHub workflows, and the services of docker compose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import yaml

from loralint.facts import Choice, Known, Reason, Unknown, Value
from loralint.read.dockerfile import exec_form
from loralint.read.shell_text import Environment, Fragment
from loralint.read.yaml_nodes import composed

_WORKFLOW = re.compile(r"(.*/)?\.github/(workflows|actions)/.+\.ya?ml|(.*/)?action\.ya?ml")
_COMPOSE = re.compile(r"(.*/)?(docker-)?compose[\w.-]*\.ya?ml")
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_NAME = re.compile(r"\s*(?:env|matrix|inputs|vars)\.([\w-]+)\s*")

_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""As YAML counts rows."""

Pairs = dict[str, yaml.Node]


def is_one(path: str) -> bool:
    """Whether a file is a workflow or a compose file."""
    return bool(_WORKFLOW.fullmatch(path) or _COMPOSE.fullmatch(path))


def fragments(path: str, text: str) -> Iterator[Fragment]:
    """The pieces of shell of a file; none where it is no YAML."""
    try:
        root = next(composed(text), None)
    except (yaml.YAMLError, ValueError, RecursionError):
        return iter(())
    lines = _LINE_END.split(text)
    return _services(root, lines) if _COMPOSE.fullmatch(path) else _steps(root, lines)


def _pairs(node: yaml.Node | None) -> Pairs:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): value for key, value in node.value if isinstance(key.value, str)}


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


# --- GitHub -------------------------------------------------------------------------------------


def _steps(root: yaml.Node | None, lines: list[str]) -> Iterator[Fragment]:
    top = _pairs(root)
    common = _values(top.get("env"))
    jobs = list(_pairs(top.get("jobs")).values())
    jobs += [top["runs"]] if "runs" in top else []
    for job in map(_pairs, jobs):
        matrix = _matrix(_pairs(_pairs(job.get("strategy")).get("matrix")))
        environment = {**common, **matrix, **_values(job.get("env"))}
        for step in map(_pairs, _items(job.get("steps"))):
            yield from _step(step, environment, lines)


def _step(step: Pairs, environment: Environment, lines: list[str]) -> Iterator[Fragment]:
    run, shell = step.get("run"), step.get("shell")
    if isinstance(run, yaml.ScalarNode) and (shell is None or "sh" in str(shell.value).split()[:1]
                                             or "bash" in str(shell.value)):  # fmt: skip
        own = {**environment, **_values(step.get("env"))}
        folder = step.get("working-directory")
        text = str(folder.value) if folder is not None and "$" not in str(folder.value) else ""
        yield from scalar(run, lines, _seen(own), text.strip("./"))


def _matrix(pairs: Pairs) -> Environment:
    found: Environment = {}
    for name, node in pairs.items():
        values = [Known(str(each.value)) for each in _items(node)
                  if isinstance(each, yaml.ScalarNode)]  # fmt: skip
        if values:
            found[name] = values[0] if len(values) == 1 else Choice(tuple(values))
    return found


def _values(node: yaml.Node | None) -> Environment:
    """The variables of a mapping, or of a list of `NAME=value`."""
    found: Environment = {}
    for name, value in _pairs(node).items():
        found[name] = _value(str(value.value)) if isinstance(value, yaml.ScalarNode) else Known("")
    for item in _items(node):
        name, _, text = str(item.value).partition("=")
        found[name] = _value(text)
    return found


def _value(text: str) -> Value:
    return Unknown(Reason.EXPRESSION, "a computed variable") if "$" in text else Known(text)


def _seen(environment: Environment) -> Environment:
    """Variables also under the names that expressions get in the shell's text."""
    return environment | {f"GH_{name.replace('-', '_')}": v for name, v in environment.items()}


def _expression(match: re.Match[str]) -> str:
    """`${{ env.MODEL }}` as a variable of the shell, as long as it was."""
    name = _NAME.fullmatch(match[1])
    shown = f"GH_{name[1].replace('-', '_')}" if name is not None else "GH_"
    return "${" + shown.ljust(len(match[0]) - 3, "_") + "}"


# --- compose ------------------------------------------------------------------------------------


def _services(root: yaml.Node | None, lines: list[str]) -> Iterator[Fragment]:
    for service in map(_pairs, _pairs(_pairs(root).get("services")).values()):
        image = service.get("image")
        name = str(image.value) if isinstance(image, yaml.ScalarNode) else ""
        environment = _values(service.get("environment"))
        entry, command = service.get("entrypoint"), service.get("command")
        if _items(entry) and _items(command):
            words = [*_items(entry), *_items(command)]
            yield from _command(yaml.SequenceNode("", words), lines, environment, "")
            continue
        for node in (each for each in (entry, command) if each is not None):
            yield from _command(node, lines, environment, "" if entry is not None else name)


def _command(
    node: yaml.Node, lines: list[str], environment: Environment, image: str
) -> Iterator[Fragment]:
    if isinstance(node, yaml.ScalarNode):
        for part in scalar(node, lines, environment, ""):
            yield replace(part, folder="", image=image)
        return
    words = [each for each in _items(node) if isinstance(each, yaml.ScalarNode)]
    if words:
        yield Fragment(*_listed(words, lines), environment=environment, image=image,
                       margins=_margins(words, lines))  # fmt: skip


def _margins(words: list[yaml.ScalarNode], lines: list[str]) -> tuple[str, str] | None:
    """What stands around one more item of a list: a row of its own, or a comma and quotes."""
    starts = {_item_start(word, lines) for word in words}
    if starts == {None}:
        return ', "', '"'
    start = starts.pop()
    return (f"\n{start}", "") if start is not None and not starts else None


def _item_start(word: yaml.ScalarNode, lines: list[str]) -> str | None:
    """What stands before an item that has a row of its own; None for one in brackets."""
    before = lines[word.start_mark.line][: word.start_mark.column]
    return before if re.fullmatch(r"\s*-\s+", before) else None


def _listed(words: list[yaml.ScalarNode], lines: list[str]) -> tuple[str, int]:
    """The items of a list as one command, every word at its place."""
    first, last = words[0].start_mark.line, words[-1].end_mark.line
    rows = [" " * len(line) for line in lines[first : last + 1]]
    for word in words:
        row, column = word.start_mark.line - first, word.start_mark.column
        end = word.end_mark.column if word.end_mark.line == word.start_mark.line else None
        source = lines[word.start_mark.line][column:end]
        shown = exec_form(source) if source.startswith(('"', "'")) else f"{source}"
        rows[row] = rows[row][:column] + shown + rows[row][column + len(shown) :]
    return "\\\n".join(rows), first


# --- scalars ------------------------------------------------------------------------------------


def scalar(
    node: yaml.ScalarNode, lines: list[str], environment: Environment, folder: str
) -> Iterator[Fragment]:
    """The text of a scalar, every character at its place."""
    first, last = node.start_mark, node.end_mark
    if node.style in ("|", ">"):
        rows = lines[first.line + 1 : last.line]
        indent = min((len(row) - len(row.lstrip()) for row in rows if row.strip()), default=0)
        text = ("\\\n" if node.style == ">" else "\n").join(row[indent:] for row in rows)
        yield Fragment(_cleaned(text), first.line + 1, indent, environment, folder)
        return
    quoted = node.style in ("'", '"')
    if first.line == last.line:
        text = lines[first.line][first.column + quoted : last.column - quoted]
        if not (node.style == '"' and "\\" in text):
            yield Fragment(_cleaned(text), first.line, first.column + quoted, environment, folder)
            return
    text = _cleaned(str(node.value))
    yield Fragment(text, first.line, 0, environment, folder, margins=None)


def _cleaned(text: str) -> str:
    return _EXPRESSION.sub(_expression, text)
