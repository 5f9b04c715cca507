"""Who decides a value that the code itself does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

import msgspec


class OriginKind(Enum):
    """What a value comes from."""

    OPTION = auto()
    """An option of a parser or of a command of click and its kin."""
    PARAMETER = auto()
    """A parameter of a function: `name` begins with the function's."""
    FIELD = auto()
    """A field of a class: `name` begins with the class's."""
    ENVIRONMENT = auto()
    FILE = auto()
    """A configuration file that was not found."""
    IMPORT = auto()
    """A name of a module; without a file that of a library."""
    RESULT = auto()
    """What a call returns: `name` begins with what is called, `call` is its index in the file."""
    CONFIGURATION = auto()
    """Hydra's."""
    COMMAND_LINE = auto()
    """What a script takes from its command line by itself."""
    ARGUMENT = auto()
    """An argument of a shell's script."""
    FLAG = auto()
    """A flag of a command line that may or may not be given."""
    FORM = auto()
    """A field of a notebook's form."""
    LOCK = auto()
    """What a lock file holds: of the id and ref in `name`, or of the id that `parts` makes."""
    RECORDED = auto()
    """The base that an adapter records: `parts` is the adapter, or who decides which."""
    JOINED = auto()
    """A string that `parts` make."""


_WRITTEN = re.compile(r"[A-Za-z_]\w*(\.\w+)*")


class Origin(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Who decides a value: two unknowns of one origin are the same value.

    `file` is where whoever decides is written, "" where that is no file of the project. `name` is
    what is meant there, and what is read from it: an attribute of an option is one more name.
    """

    kind: OriginKind
    file: str = ""
    name: tuple[str, ...] = ()
    call: int | None = None
    parts: tuple[str | Origin, ...] = ()

    def item(self, key: object) -> Origin:
        """The origin of what is read from something of this one."""
        return msgspec.structs.replace(self, name=(*self.name, str(key)))

    @property
    def last(self) -> str:
        """The last name: that of the attribute or item that is read."""
        names = self.name[1:] if self.kind is OriginKind.RESULT else self.name
        return names[-1] if names else ""

    @property
    def owner(self) -> Origin:
        """What this is an option, parameter or item of; of paths, what they begin with is."""
        if self.kind is OriginKind.JOINED:
            return next((p.owner for p in self.parts if isinstance(p, Origin)), self)
        return msgspec.structs.replace(self, name=self.name[:-1]) if self.last else self

    @property
    def called(self) -> str:
        """What is called, where a value is what a call returns; else ""."""
        return self.name[0] if self.kind is OriginKind.RESULT else ""

    @property
    def written(self) -> str:
        """What decides, as its author writes it: `args.model`; "" where nobody wrote it."""
        names = self._written_names()
        if "args" in names[1:-1]:  # a parameter that a parser fills
            names = names[len(names) - 1 - names[::-1].index("args") :]
        text = ".".join(names)
        return text if _WRITTEN.fullmatch(text) else ""

    def _written_names(self) -> tuple[str, ...]:
        if self.kind is OriginKind.OPTION:
            return "args", *self.name
        if self.kind is OriginKind.RESULT:
            items = self.name[1:]
            return items[1:] if items and items[0].isdigit() else items
        if self.kind is OriginKind.RECORDED:
            (owner,) = self.parts
            return (owner.written, *self.name) if isinstance(owner, Origin) else ()
        if self.kind is OriginKind.FILE:
            return self.file, *self.name
        if self.kind in (OriginKind.PARAMETER, OriginKind.FIELD):
            dotted = tuple(name for part in self.name for name in part.split("."))
            return tuple(name for name in dotted if name != "__init__")
        return () if self.kind is OriginKind.JOINED else self.name

    def within(self) -> Iterator[Origin]:
        """This origin and those that it is made of."""
        yield self
        for part in self.parts:
            if isinstance(part, Origin):
                yield from part.within()

    def comes_from(self, *kinds: OriginKind) -> bool:
        """Whether it is of one of these kinds, or made of one."""
        return any(each.kind in kinds for each in self.within())

    # --- strings that are put together ---

    @property
    def text(self) -> str:
        """The string that parts make, `{}` for each that is not known; "" of all others."""
        return "".join(part if isinstance(part, str) else "{}" for part in self.parts)

    def beginnings(self) -> Iterator[Origin]:
        """Who decides a path, and who decides the folders above: `{args.out}` of `{args.out}/x`."""
        yield self
        if self.kind is not OriginKind.JOINED or isinstance(self.parts[0], str):
            return
        for end in range(len(self.parts) - 1, 0, -1):
            part = self.parts[end]
            pieces = part.split("/") if isinstance(part, str) else [""]
            for count in range(len(pieces) - 1, 0, -1):
                yield joined((*self.parts[:end], "/".join(pieces[:count])))


def joined(parts: tuple[str | Origin, ...]) -> Origin:
    """The origin of a string that parts make: one part alone is that of the part."""
    flat: list[str | Origin] = []
    for part in parts:
        nested = isinstance(part, Origin) and part.kind is OriginKind.JOINED and not part.name
        for each in part.parts if isinstance(part, Origin) and nested else (part,):
            if isinstance(each, str) and flat and isinstance(flat[-1], str):
                flat[-1] += each
            elif each != "":
                flat.append(each)
    only = flat[0] if len(flat) == 1 else None
    return only if isinstance(only, Origin) else Origin(OriginKind.JOINED, parts=tuple(flat))
