"""loralint keeps a LoRA adapter on the base model that it was trained on."""

__version__ = "0.1.0"


def revision(repo_id: str, *, ref: str | None = None) -> str:
    """The commit of a model that `loralint.lock` holds, for `revision=` of any loader.

        model = AutoModel.from_pretrained("org/model", revision=loralint.revision("org/model"))

    The lock file is looked for upward from the file that calls, then from the working directory;
    nothing heavy is imported, and no network is used. `ref` (a branch, tag or `refs/pr/N`) chooses
    where a repository is locked more than once. Raises `loralint.lockfile.LockError`, a ValueError,
    where there is no lock file or it does not hold the model: that is never "any commit will do".
    """
    import sys

    from loralint.lockfile.lookup import locked_commit

    caller = sys._getframe(1).f_globals.get("__file__")
    return locked_commit(repo_id, ref, caller if isinstance(caller, str) else None)
