"""loralint keeps a LoRA adapter on the base model that it was trained on."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from loralint.verify.api import (
        AdapterVerificationError as AdapterVerificationError,
        load_verified as load_verified,
        record as record,
        verify_loaded as verify_loaded,
    )
    from loralint.verify.callback import RecordCallback as RecordCallback
    from loralint.version import __version__ as __version__

_HOMES = {
    "__version__": "loralint.version",
    "AdapterVerificationError": "loralint.verify.api",
    "RecordCallback": "loralint.verify.callback",
    "load_verified": "loralint.verify.api",
    "record": "loralint.verify.api",
    "verify_loaded": "loralint.verify.api",
}
"""What programs use, and the module that holds it: imported when it is asked for, so that the
command line starts without it."""


def revision(repo_id: str, *, ref: str | None = None) -> str:
    """The commit of a model that `loralint.lock` holds, for `revision=` of any loader.

        model = AutoModel.from_pretrained("org/model", revision=loralint.revision("org/model"))

    The lock file is looked for upward from the file that calls, then from the working directory;
    nothing heavy is imported, and no network is used. `ref` (a branch, tag or `refs/pr/N`) chooses
    where a repository is locked more than once. Raises `loralint.lockfile.LockError`, a ValueError,
    where there is no lock file or it does not hold the model: that is never "any commit will do".
    """
    import sys

    from loralint.lockfile import locked_commit

    caller = sys._getframe(1).f_globals.get("__file__")
    return locked_commit(repo_id, ref, caller if isinstance(caller, str) else None)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
