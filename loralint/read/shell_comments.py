"""The comments of a file with command lines, apart from everything else that it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loralint.read.shell import fragments
from loralint.read.shell_text import parse

if TYPE_CHECKING:
    from tree_sitter import Node

Said = tuple[int, str, bytes]
"""A node of a syntax tree: its depth, its kind, and its text where it has no nodes below it."""


def differ_in_comments(path: str, one: str, other: str) -> bool:
    """Whether two texts of a file have the same commands, and other comments of the shell.

    Commands end where a comment begins, so the trees are compared and not the words.
    """
    (said, notes), (said_too, other_notes) = _said(path, one), _said(path, other)
    return said == said_too and notes != other_notes


def _said(path: str, text: str) -> tuple[list[Said], list[bytes]]:
    """All that the shell of a file says, and its comments."""
    said: list[Said] = []
    comments: list[bytes] = []
    for fragment in fragments(path, text):
        for depth, node in _nodes(parse(fragment.text.encode(errors="replace"))):
            content = node.text or b"" if not node.child_count else b""
            if node.type == "comment":
                comments.append(content)
            else:
                said.append((depth, node.type, content))
    return said, comments


def _nodes(root: Node) -> Iterator[tuple[int, Node]]:
    """All nodes in order, each with its depth; nothing recurses."""
    todo = [(0, root)]
    while todo:
        depth, node = todo.pop()
        yield depth, node
        todo.extend((depth + 1, child) for child in reversed(node.children))
