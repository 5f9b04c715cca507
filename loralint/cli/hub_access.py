"""Options and places of the commands that ask at which commit a ref stands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import click

from loralint.cli.session import Session
from loralint.facts import FileFacts
from loralint.hub import Place
from loralint.hub.cache import LocalCache
from loralint.hub.wants import Sources
from loralint.source import Source

if TYPE_CHECKING:
    from loralint.engine.gathering import Gathered
    from loralint.hub.online import Hub

_Command: TypeAlias = Callable[..., None]


def network(command: _Command) -> _Command:
    """`--online`, without which nothing leaves the machine, and which Hub that asks."""
    command = click.option(
        "--endpoint",
        metavar="URL",
        help="With --online: the Hub to ask. One that only the project's settings name decides"
        " nothing that is written.",
    )(command)
    return click.option(
        "--online/--offline",
        default=False,
        help="Also ask the Hub, through huggingface_hub.  [default: offline]",
    )(command)


@dataclass(frozen=True)
class Asking:
    """How a command asks for commits: over the network at all, where, and whether it then writes.

    A project that is checked out may name a Hub of its owner's choice: what that one answers gets
    into no file unless somebody says `--endpoint`.
    """

    online: bool
    endpoint: str | None = None
    writes: bool = False


def hub_place(session: Session, asking: Asking, *, not_after: float | None = None) -> Hub:
    """The Hub itself; a usage error where huggingface_hub is not installed."""
    from loralint.hub.online import Endpoint, Hub, HubUnavailable

    setting = session.settings.config.hub_endpoint
    endpoint = Endpoint.chosen(os.environ, setting, asking.endpoint)
    if asking.writes and not endpoint.named:
        raise click.UsageError(
            f"the project's settings name {setting} as the Hub: nothing is written from what it"
            f" answers, unless you say `--endpoint {setting}`"
        )
    try:
        return Hub(endpoint, not_after=not_after)
    except HubUnavailable as error:
        raise click.UsageError(str(error)) from error


def places(session: Session, asking: Asking) -> list[Place]:
    """The local cache, and the Hub where it may be asked."""
    found: list[Place] = [LocalCache()]
    return [*found, hub_place(session, asking)] if asking.online else found


def sources_of(gathered: Gathered) -> Sources:
    """The commits that stand in the project's code."""
    return Sources.of(_code(gathered))


def _code(gathered: Gathered) -> Iterator[Source]:
    for path, facts in gathered.project.files.items():
        if _is_code(facts) and gathered.shelf.entry(path) is not None:
            yield gathered.shelf.source(path)


def _is_code(facts: FileFacts) -> bool:
    return facts.lock is None and facts.adapter is None


def refuse_unreadable_locks(gathered: Gathered) -> None:
    """A lock that cannot be read is not written over, nor taken for none."""
    from loralint.lockfile import NAME

    for path, facts in gathered.project.files.items():
        if path.rpartition("/")[2] == NAME and facts.error is not None:
            raise click.UsageError(f"{path}: {facts.error.message}")


def hint_at_network(online: bool) -> None:
    """Say, where something could not be found on this machine, who else can be asked."""
    if not online:
        click.echo("Nothing but this machine was asked: --online asks the Hub.", err=True)
