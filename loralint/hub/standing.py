"""What a commit in the code stands for: noted in a comment beside it, else in the lock file."""

from __future__ import annotations

from loralint.hub import Ask, plain
from loralint.hub.sources import Sources
from loralint.project import Load, Project
from loralint.rules.judgement.fixes import written_at


def stands_for(project: Project, sources: Sources, load: Load, ask: Ask) -> str:
    """The ref that the commit of `ask` stood for; "" where nobody says, or the lock several."""
    note = sources.note(ask.ref, written_at(project, load))
    if note is not None:
        return note.ref
    locked = project.locked_for(load.site.path)
    held = locked.of(ask.repo.id, ask.repo.type) if locked is not None else ()
    refs = {plain(one.ref) for one in held if one.commit == ask.ref and one.ref}
    return refs.pop() if len(refs) == 1 else ""
