"""What adapters are put onto: of several models in one script, only some carry one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from loralint.facts import Site
from loralint.project.actions import ActionFlow
from loralint.project.flow import Key
from loralint.project.instances import Instance, Instances
from loralint.project.loads import Action
from loralint.source import Place

WRAPPING = frozenset({"wrap", "lora-config"})
"""The kinds of actions in which PEFT is seen."""


class Wrapping:
    """The loads that adapters are put onto, and the files that do so."""

    def __init__(self, acting: Iterable[ActionFlow], instances: Instances) -> None:
        every = list(acting)
        actions = [each.action for each in every]
        named = _places(instances)
        self.files = frozenset(each.path for each in actions if each.kind in WRAPPING)
        self._onto: defaultdict[Site, list[Key]] = defaultdict(list)
        unseen: set[str] = set()
        for each in every:
            keys = [*each.model.loads]
            if each.action.kind in WRAPPING or _wraps_too(each.action, actions):
                at = named.get(each.action.place)  # a trainer may load what it is given by name
                keys += [at] if at is not None else []
                if not keys and each.action.kind != "lora-config":
                    unseen.add(each.action.path)
                for key in keys:
                    self._onto[key.site].append(key)
        written = {index for each in actions if each.kind == "lora-config" for index in each.inputs}
        self._written = frozenset(written)
        seen = {each.path for each in instances.every if self._carries(each)}
        self._shown = frozenset(seen - unseen)

    def is_seen(self, base: Instance) -> bool:
        """Whether an adapter is seen to be put onto a load."""
        return base.load.index in self._written or self._carries(base)

    def may_carry(self, base: Instance) -> bool:
        """Whether an adapter may be put onto a load of a training side.

        In a file that shows what it wraps, nothing that stands beside it carries an adapter.
        """
        return base.written or base.path not in self._shown or self.is_seen(base)

    def _carries(self, base: Instance) -> bool:
        site, chain = base.key
        return any(chain[: len(key.chain)] == key.chain for key in self._onto.get(site, ()))


def _wraps_too(action: Action, actions: Sequence[Action]) -> bool:
    """Whether a trainer is given a LoRA configuration, and wraps its model itself."""
    configs = (actions[index].kind == "lora-config" for index in action.actions)
    return action.kind == "train" and any(configs)


def _places(instances: Instances) -> Mapping[Place, Key]:
    """The loads by where they are written."""
    sites = ((each.load.site, each.key) for each in instances.sites)
    return {Place(site.path, site.span, site.cell): key for site, key in sites}
