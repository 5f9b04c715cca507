"""Fixes laid into files: in memory first, checked, and only then written, each file at once.

Three steps, each usable alone (`pin` builds its fixes itself, `check --fix` takes the rules'):

    from loralint.fix.applying import apply
    from loralint.fix.documents import unified
    from loralint.writing import replace

    applied = apply(fixes, read)          # fixes: Sequence[diagnostics.Fix]; nothing is written
    for path, new in applied.contents.items():
        old = read(path).content
        print(unified(path, old, new))    # `--diff`
        replace(root / path, new, old=old, root=root)

`read(path)` gives the `source.Source` of a path relative to the project's root, as it was when
its facts were taken (`gathered.shelf.source` after `engine.gather`). A fix needs `edits` and, in
`changes`, the names of the keywords, keys and flags that it adds or changes (`("revision",)`):
everything else that the file says must stay, or the fix is in `applied.dropped`, with a reason.
A literal that an edit replaces by another one needs no name, wherever it stands. Fixes that
overlap an earlier one are `applied.waiting`: gather again, make them anew, apply again.
`replace` raises `HasChanged` where the file on the disk is not `old` (None makes a file), `Refused`
where the path leads out of the project.
"""
