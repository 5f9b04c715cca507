"""The base that lies here against the one that a contract records, by hashes of the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loralint.contract import Base, FileHash
from loralint.verify import base_files, hashing
from loralint.verify.base_files import Located


@dataclass
class Compared:
    """What the comparison has seen: files that are the same, that differ (and how), and those
    that could not be compared, with the reason.
    """

    same: list[str] = field(default_factory=list)
    different: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)


def compare(recorded: Base, located: Located) -> Compared:
    """Compare the files of a base that is on this machine with the recorded ones."""
    seen = Compared()
    if located.folder is None:
        seen.open["the base's files"] = located.reason
        return seen
    for name, expected in _recorded(recorded, seen):
        path = located.folder / name
        if path.is_file():
            _judge(name, expected, hashing.of_file(path), seen)
        else:
            seen.different[name] = "it is not there"
    _newcomers(recorded, located, seen)
    return seen


def of_the_same_sizes(recorded: Base, folder: Path) -> bool:
    """Whether the recorded weights are all there, by their sizes: folders change."""
    return all(
        (folder / name).is_file() and (folder / name).stat().st_size == one.size
        for name, one in recorded.weights.items()
    )


def _recorded(recorded: Base, seen: Compared) -> Iterator[tuple[str, FileHash]]:
    yield from recorded.config.items()
    yield from recorded.weights.items()
    code = recorded.code
    if code is None:
        return
    if code.repository in (None, recorded.id):
        yield from code.files.items()
    else:
        seen.open["the remote code"] = f"it comes from {code.repository}, another repository"


def _judge(name: str, expected: FileHash, found: FileHash, seen: Compared) -> None:
    verdict = hashing.same(expected, found)
    if verdict is None:
        seen.open[name] = "its hash here is of another kind than the recorded one"
    elif verdict:
        seen.same.append(name)
    else:
        seen.different[name] = _how(expected, found)


def _how(expected: FileHash, found: FileHash) -> str:
    if expected.size != found.size:
        return f"{expected.size:,} bytes were recorded, {found.size:,} are here"
    return f"of the same size, with other content (SHA-256 {_short(expected)} → {_short(found)})"


def _short(file: FileHash) -> str:
    return (file.sha256 or file.git or "unknown")[:12]


def _newcomers(recorded: Base, located: Located, seen: Compared) -> None:
    """Weights that transformers would load here in place of the recorded ones."""
    assert located.folder is not None
    for path in base_files.weight_files(located.folder):
        if recorded.weights and path.name not in recorded.weights:
            seen.different[path.name] = "it was not there when the adapter was trained"


def adapter_differences(
    recorded: Mapping[str, object], found: Mapping[str, object]
) -> dict[str, str]:
    """The keys of adapter_config.json that say something else than they did.

    Those that only say where the base lies, or who wrote the file, are left out.
    """
    return {
        key: f"{key} was {recorded.get(key)!r} and is {found.get(key)!r}"
        for key in sorted({*recorded, *found} - IGNORED)
        if _plain(recorded.get(key)) != _plain(found.get(key))
    }


IGNORED = frozenset(
    {"base_model_name_or_path", "revision", "peft_version", "inference_mode", "auto_mapping"}
)


def _plain(value: object) -> object:
    """A set is saved as a list in any order; nothing given is as good as nothing in it."""
    if isinstance(value, list):
        return sorted(map(str, value)) or None
    return value or None if isinstance(value, dict) else value
