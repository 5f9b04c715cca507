"""What rules share: how values are compared, what is pinned, what is said. No rule stands here."""
