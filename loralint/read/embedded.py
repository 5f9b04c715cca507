"""Python in files with command lines: `python -c "..."`, `python - <<EOF`, `cat > x.py <<EOF`.

Each is a program of its own (`joining.apart`); every call in it stands at its place in the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from loralint.facts import FileFacts, Known, Term
from loralint.literals import held
from loralint.read import scripts
from loralint.read.magics import Row
from loralint.read.python.joining import Joined, Piece, apart
from loralint.read.words import Command, Word
from loralint.source import Source, Span

_HEREDOC = re.compile(r"(.*?)<<-?\s*[\"']?([A-Za-z_]\w*)[\"']?(.*)")
_RUNS = re.compile(r"(?:^|[\s/|;&(])i?python[\d.]*(?:\s+-[uBIOsS]+)*\s*(?:-\s*)?$")
_WRITES = re.compile(r"(?:>\s*|\btee\s+(?:-\w+\s+)*)[\"']?[\w./${}~-]+\.py\b")
_PYTHON = re.compile(r"(?:.*/)?python[\d.]*")
_ALONE = re.compile(r"-[uBIOsSqE]*c")


_HOLDS_PYTHON = re.compile(r"\bpython[^\n]*\s-\w*c\b|<<")


def extract(source: Source) -> FileFacts:
    """Read one file with command lines, and the Python in it."""
    facts, text, commands = scripts.read(source)
    return _with_python(facts, text, commands) if _HOLDS_PYTHON.search(text) else facts


def _with_python(facts: FileFacts, text: str, commands: Iterable[Command]) -> FileFacts:
    """The facts of a file's commands with those of the Python that stands in it."""
    lines = text.split("\n")
    inline = (_inline(command, lines) for command in commands)
    programs = [*_heredocs(lines), *(rows for rows in inline if rows)]
    pieces = [apart(None, f"__part_{number}__", rows) for number, rows in enumerate(programs)]
    sound = [each for each in pieces if each.names_a_loader and each.error() is None]
    if not sound:
        return facts
    code = _code(facts.path, sound)
    return facts if code is None else _together(facts, _expanded(code, lines))


def _heredocs(lines: list[str]) -> Iterator[list[Row]]:
    number = 0
    while number < len(lines):
        match = _HEREDOC.fullmatch(lines[number]) if "<<" in lines[number] else None
        number += 1
        if match is None:
            continue
        first = number
        while number < len(lines) and lines[number].strip() != match[2]:
            number += 1
        if _RUNS.search(match[1]) or _WRITES.search(match[1] + match[3]):
            yield _dedented([Row(lines[each], each + 1) for each in range(first, number)])


def _dedented(rows: list[Row]) -> list[Row]:
    """Rows without the indent that all of them have: that of a workflow's step."""
    indents = [len(row.text) - len(row.text.lstrip()) for row in rows if row.text.strip()]
    size = min(indents, default=0)
    return [Row(row.text[size:], row.row, row.shift + size) for row in rows]


def _inline(command: Command, lines: list[str]) -> list[Row] | None:
    """The program of `python -c "..."`, whatever runs it."""
    words = command.words
    for position, word in enumerate(words[:-2]):
        if _PYTHON.fullmatch(word.text) and _ALONE.fullmatch(words[position + 1].text):
            return _rows(words[position + 2], lines)
    return None


def _rows(word: Word, lines: list[str]) -> list[Row] | None:
    """The rows of a word behind its quote, as they are written where the shell changes nothing.

    Where it does, and rows were joined, all of them stand in the first one.
    """
    if not isinstance(word.value, Known) or not isinstance(word.value.value, str):
        return None
    text, start, end = word.value.value, word.span.start, word.span.end
    raw = lines[start.row - 1 : end.row]
    raw[-1] = raw[-1][: end.column - 2]
    raw[0] = raw[0][start.column :]
    written = "\n".join(raw)
    texts = raw if written.replace("\\\n", "") == text.replace("\\\n", "") else text.split("\n")
    joins = len(texts) != end.row - start.row + 1
    rows = [
        Row(each, start.row if joins else start.row + number, 0 if number else start.column)
        for number, each in enumerate(texts)
    ]
    return [rows[0], *_dedented(rows[1:])] if not rows[0].text.strip() else rows


def _code(path: str, pieces: list[Piece]) -> FileFacts | None:
    """The facts of the Python; None where it is too deep for all of it together."""
    from loralint.read.python.module import module
    from loralint.read.python.parsing import NotPython

    joined = Joined(pieces)
    try:
        return joined.traced(module(path, joined.text, places=joined.places))
    except NotPython:
        return None


def _together(facts: FileFacts, code: FileFacts) -> FileFacts:
    both = msgspec.structs.replace(
        facts,
        calls=code.calls,
        loads=(*facts.loads, *code.loads),
        functions=code.functions,
        classes=code.classes,
        names=code.names,
        imports=code.imports,
        star_imports=code.star_imports,
        literals=(),
    )
    places = {**_places(facts), **_places(code)}
    found = ((number, places.get(id(known))) for number, (known, _) in enumerate(held(both)))
    literals = tuple((number, *place) for number, place in found if place is not None)
    return msgspec.structs.replace(both, literals=literals)


def _places(facts: FileFacts) -> dict[int, tuple[Span, int | None]]:
    """The places of a file's literals by the identity of their texts."""
    texts = [known for known, _ in held(facts)] if facts.literals else []
    return {id(texts[number]): (span, cell) for number, span, cell in facts.literals}


# --- what the shell puts in -----------------------------------------------------------------------

_QUOTED = re.compile(r"<<-?\s*[\"']")
_ASSIGNED = re.compile(
    r"(?:export\s+)?([A-Za-z_]\w*)=(?:\"([^\"$`]*)\"|'([^']*)'|([^\s\"'$`;&|]*))\s*(?:#.*)?"
)
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)")


def _expanded(code: FileFacts, lines: list[str]) -> FileFacts:
    """The facts with the shell's variables in the texts that are no more than one.

    Only those that are set once, to a text that is written down; a heredoc whose end is quoted is
    not expanded.
    """
    if any(_QUOTED.search(line) for line in lines):
        return code
    found = [match for line in lines if (match := _ASSIGNED.fullmatch(line.strip()))]
    times = Counter(match[1] for match in found)
    values = {m[1]: m[2] or m[3] or m[4] or "" for m in found if times[m[1]] == 1}
    return msgspec.structs.replace(
        code,
        calls=tuple(
            msgspec.structs.replace(
                call,
                arguments=tuple(
                    msgspec.structs.replace(given, value=_with_variables(given.value, values))
                    for given in call.arguments
                ),
            )
            for call in code.calls
        ),
        names=tuple((name, _with_variables(term, values)) for name, term in code.names),
    )


def _with_variables(term: Term, values: dict[str, str]) -> Term:
    text = term.value if isinstance(term, Known) else None
    if not isinstance(text, str) or "$" not in text:
        return term
    names = {match[1] or match[2] for match in _VARIABLE.finditer(text)}
    if not names <= values.keys():
        return term
    return Known(_VARIABLE.sub(lambda match: values[match[1] or match[2]], text))
