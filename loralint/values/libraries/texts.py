"""Methods of paths and texts, of which a front end sees the name only: `settings.root.joinpath`."""

from __future__ import annotations

from loralint.facts import Default, Known
from loralint.values.evaluation import CallModel, Evaluation
from loralint.values.nodes import Arguments, CallResult, Node, merge, options
from loralint.values.objects import folder_above
from loralint.values.values import joined

_UNCHANGED = """strip resolve absolute expanduser as_posix rstrip lstrip __str__ __fspath__
readlink""".split()


class Texts:
    """Calls of methods of a text that is known."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    @property
    def methods(self) -> dict[str, CallModel]:
        """The models of methods."""
        return {
            **dict.fromkeys(_UNCHANGED, self._unchanged),
            "joinpath": self._joined,
            "with_name": self._beside,
        }

    def _unchanged(self, result: CallResult, arguments: Arguments) -> Node | None:
        return result.receiver if not arguments and _is_text(result.receiver) else None

    def _joined(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`path.joinpath("a", "b")`."""
        if not _is_text(result.receiver) or result.receiver is None:
            return None
        given = [each for each in self.evaluation.positionals(arguments) if each is not None]
        return joined([result.receiver, *map(self.evaluation.look, given)], "/")

    def _beside(self, result: CallResult, arguments: Arguments) -> Node | None:
        """`path.with_name("x")`."""
        name = self.evaluation.argument(arguments, ("name",), 0)
        if not _is_text(result.receiver) or result.receiver is None or name is None:
            return None
        folders = [folder_above(e, 1) for e in options(result.receiver)]  # type: ignore[arg-type]
        return merge(joined([folder, name], "/") for folder in folders)


def _is_text(node: Node | None) -> bool:
    """Whether a node is certainly a text that is known."""
    found = options(node) if node is not None else ()
    return bool(found) and all(
        isinstance(each, (Known, Default)) and isinstance(each.value, str) for each in found
    )
