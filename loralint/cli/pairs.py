"""`loralint pairs`: who trains what, and who loads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from loralint.cli import options
from loralint.cli.loads import at, in_words, naming, shown
from loralint.cli.output import leave, put
from loralint.cli.session import Reading, Session, open_session
from loralint.facts import ABSENT
from loralint.project import Load, Pair, Project
from loralint.source import Place
from loralint.text import visible


@click.command("pairs")
@options.paths
@options.output("text", "json", "mermaid")
@options.reading
def command(
    paths: tuple[str, ...], output_format: str, output_file: str | None, **reading: Any
) -> None:
    """Show which training load and which inference load belong to the same adapter, and why."""
    session = open_session(paths, Reading(**reading))
    gathered = session.gather()
    pairs = [pair for pair in _shown(gathered.project) if _is_asked_for(session, pair)]
    pairs.sort(key=lambda pair: (pair.train.written, pair.infer.written, pair.reason))
    render = {"text": _text, "json": _json, "mermaid": _mermaid}[output_format]
    put(render(session, pairs), output_file)
    leave(gathered.files)


def _shown(project: Project) -> list[Pair]:
    """The pairs, one for all branches and all callers of a helper that load the same.

    Of one load that serves both sides the calls are all that tells the sides apart.
    """
    found = _once(project.pairs, lambda _, load: load.place)
    return _once(found, lambda shared, load: load.place if shared else load.written)


def _once(pairs: Iterable[Pair], place: Callable[[bool, Load], Place]) -> list[Pair]:
    found: dict[object, Pair] = {}
    for pair in pairs:
        shared = pair.train.index == pair.infer.index
        key = tuple((place(shared, load), *_asked(load)) for load in _loads(pair))
        found.setdefault(key, pair)
    return list(found.values())


def _asked(load: Load) -> tuple[object, ...]:
    site = load.site
    return site.loader, site.repo_id, site.revision, site.options


def _is_asked_for(session: Session, pair: Pair) -> bool:
    places = (place for load in _loads(pair) for place in (load.place, load.written))
    return any(session.request.reports(place.path) for place in places)


def _loads(pair: Pair) -> tuple[Load, ...]:
    return (pair.train, pair.infer, *([pair.adapter] if pair.adapter else []))


def _json(session: Session, pairs: Sequence[Pair]) -> str:
    listed = [
        {
            "rule": pair.kind.value,
            "why": pair.why.value,
            "reason": pair.reason,
            "merge": pair.merge,
            "train": _side(session, pair.train),
            "infer": _side(session, pair.infer),
            "adapter": _side(session, pair.adapter) if pair.adapter else None,
        }
        for pair in pairs
    ]
    return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"


def _side(session: Session, load: Load) -> dict[str, Any]:
    """A side's load as it is written, and the call that tells it from others of its function."""
    filename = naming(session).filename
    given = {name: in_words(value) for name, value in load.site.options}
    called = at(load.via, filename(load.via.path)) if load.via is not None else None
    return {**shown(load, filename(load.written.path)), "options": given, "called_in": called}


def _text(session: Session, pairs: Sequence[Pair]) -> str:
    if not pairs:
        return "No pairs found.\n"
    return "\n".join("".join(f"{line}\n" for line in _block(session, pair)) for pair in pairs)


def _block(session: Session, pair: Pair) -> list[str]:
    """Both sides' arguments one above the other; what differs is marked."""
    verb = "merge" if pair.merge else "infer"
    lines = [visible(pair.reason)]
    lines.append(f"  train  {_where(session, pair.train)}  {visible(pair.train.site.loader)}")
    lines.append(f"  {verb}  {_where(session, pair.infer)}  {visible(pair.infer.site.loader)}")
    if pair.adapter is not None:
        adapter = visible(in_words(pair.adapter.site.repo_id))
        lines.append(f"  adapter  {_where(session, pair.adapter)}  {adapter}")
    return lines + _compared(pair)


def _where(session: Session, load: Load) -> str:
    where = naming(session).where
    called = f" (called in {where(load.via)})" if load.via is not None else ""
    return f"{where(load.written)}{called}"


def _compared(pair: Pair) -> list[str]:
    lines = []
    for name in _argument_names(pair):
        one, other = (_argument(load, name) for load in (pair.train, pair.infer))
        mark = " " if one == other else "!"
        both = one if one == other else f"{one}  |  {other}"
        lines.append(f"  {mark} {name}: {visible(both)}")
    return lines


def _argument_names(pair: Pair) -> list[str]:
    given = {name for load in (pair.train, pair.infer) for name, _ in load.site.options}
    return ["repo_id", "revision", *sorted(given)]


def _argument(load: Load, name: str) -> str:
    site = load.site
    own = {"repo_id": site.repo_id, "revision": site.revision}
    return in_words(own.get(name) or dict(site.options).get(name, ABSENT))


def _mermaid(session: Session, pairs: Sequence[Pair]) -> str:
    """A flow chart: training file, adapter, inference file."""
    lines = ["flowchart LR"]
    for number, pair in enumerate(pairs):
        train, infer = (_node(session, load) for load in (pair.train, pair.infer))
        kind = _quoted(pair.kind.value)
        lines.append(f'  t{number}["{train}"] -->|"{kind}"| i{number}["{infer}"]')
    return "\n".join(lines) + "\n"


def _node(session: Session, load: Load) -> str:
    site = load.site
    what = f"{in_words(site.repo_id)} @ {in_words(site.revision)}"
    return f"{_quoted(naming(session).where(load.place))}<br>{_quoted(what)}"


def _quoted(text: str) -> str:
    """Text that Mermaid shows as it is: its entities are numbers between # and ;."""
    plain = visible(text)
    return "".join(c if c.isalnum() or c in " ._/:@-+" else f"#{ord(c)};" for c in plain)
