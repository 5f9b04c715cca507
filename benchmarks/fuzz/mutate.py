"""Seeded mutations of a file: what breaks parsers, from a flipped byte to ten thousand brackets."""

# ruff: noqa: E501  # a table

from __future__ import annotations

from collections.abc import Callable
from random import Random

PIECES = (
    b"[", b"{", b"(", b"]", b"}", b")", b"- ", b"? ", b": ", b"&a ", b"*a ", b"<<: *a\n", b"!!int ",
    b"not ", b"-", b"~", b"await ", b"lambda: ", b"a if b else ", b"a + ", b"a and ", b".b", b"()",
    b"[0]", b"'a' ", b"f'{", b"f'{a}' ", b"{a:", b"${", b"$(", b"`", b'"', b"'", b'"""', b"\\", b"\\\n",
    b"\n", b"\r\n", b"\r", b"\t", b" ", b"\0", b"\f", b"\x85", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    "\u2028\u202e\U0001f600é".encode(), b"#", b"%", b"!", b"%%bash\n", b"%time ", b"<<EOF\n", b"EOF\n",
    b"if x:\n ", b"elif y:\n pass\n", b"for x in y:\n ", b"case [", b"case A(", b"@a\n", b"x = x + x\n",
    b"x = (x, x)\n", b"a.", b"a=", b"a: ", b"a,", b"; ", b"|", b"&&", b"if true; then ", b"fi\n", b"f() {",
    b"9", b"0x", b"1e999", b"NaN", b"-Infinity", b'{"a":', b'"\\ud800"', b"---\n", b"...\n", b"[[a]]\n",
    b"[a.b]\n", b"__metadata__", b"loralint: ignore[", b"# noqa: LOR101\n", b"in ", b":=", b"*", b"**",
)  # fmt: skip
"""What is inserted, once or many times."""

NUMBERS = (b"-1", b"0", b"9" * 5000, b"0x" + b"f" * 400, b"1e400", b"9223372036854775808", b"1_0",
           b"18446744073709551616", b"0o8", b"1.", b"1:30:00", b"\xd9\xa3")  # fmt: skip

Mutation = Callable[[Random, bytes], bytes]


def mutated(random: Random, content: bytes) -> bytes:
    """`content` after one mutation or a few."""
    for _ in range(random.choice((1, 1, 2, 3, 5))):
        content = random.choice(MUTATIONS)(random, content)
    return content


def _place(random: Random, content: bytes) -> int:
    return random.randint(0, len(content))


def _truncated(random: Random, content: bytes) -> bytes:
    return content[: _place(random, content)]


def _headless(random: Random, content: bytes) -> bytes:
    return content[_place(random, content) :]


def _flipped(random: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(random.randint(1, 8) if changed else 0):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _inserted(random: Random, content: bytes) -> bytes:
    at = _place(random, content)
    return content[:at] + random.choice(PIECES) + content[at:]


def _repeated(random: Random, content: bytes) -> bytes:
    """A piece many times over, rarely very many: the deep nesting and the long chains."""
    count = random.choice((10, 50, 150, 150, 400, 400, 1_000, 20_000))
    if count == 20_000 and random.random() < 0.8:
        count = 200
    at = _place(random, content)
    return content[:at] + random.choice(PIECES) * count + content[at:]


def _duplicated(random: Random, content: bytes) -> bytes:
    start, end = sorted((_place(random, content), _place(random, content)))
    return content[:end] + content[start:end] * random.choice((1, 1, 2, 8)) + content[end:]


def _removed(random: Random, content: bytes) -> bytes:
    start = _place(random, content)
    return content[:start] + content[start + random.randint(1, 40) :]


def _swapped(random: Random, content: bytes) -> bytes:
    """Two rows in each other's place."""
    rows = content.split(b"\n")
    one, two = random.randrange(len(rows)), random.randrange(len(rows))
    rows[one], rows[two] = rows[two], rows[one]
    return b"\n".join(rows)


def _moved(random: Random, content: bytes) -> bytes:
    """One row further in, or further out."""
    rows = content.split(b"\n")
    at = random.randrange(len(rows))
    rows[at] = rows[at].lstrip() if random.random() < 0.5 else b"  " * 9 + rows[at]
    return b"\n".join(rows)


def _renumbered(random: Random, content: bytes) -> bytes:
    places = [at for at, byte in enumerate(content) if 48 <= byte <= 57]
    if not places:
        return content
    at = random.choice(places)
    return content[:at] + random.choice(NUMBERS) + content[at + 1 :]


def _of_windows(random: Random, content: bytes) -> bytes:
    return random.choice((b"\xef\xbb\xbf", b"")) + content.replace(b"\n", b"\r\n")


def _recoded(random: Random, content: bytes) -> bytes:
    return content.decode(errors="replace").encode(random.choice(("utf-16", "utf-32", "utf-8-sig")))


def _header(random: Random, content: bytes) -> bytes:
    """Another claim of how long a safetensors header is; of any other kind, eight odd bytes."""
    length = random.choice((0, 1, 2**31, 2**63, 2**64 - 1, len(content), max(0, len(content) - 8)))
    return length.to_bytes(8, "little") + content[8:]


def _spliced(random: Random, content: bytes) -> bytes:
    """A stretch of itself written over another place."""
    start = _place(random, content)
    piece = content[start : start + random.randint(1, 200)]
    at = _place(random, content)
    return content[:at] + piece + content[at + len(piece) :]


MUTATIONS: tuple[Mutation, ...] = (
    _truncated, _headless, _flipped, _inserted, _inserted, _inserted, _repeated, _duplicated,
    _removed, _swapped, _moved, _renumbered, _of_windows, _recoded, _header, _spliced,
)  # fmt: skip
