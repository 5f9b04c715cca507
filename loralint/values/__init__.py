"""What an expression comes to, across files: one lazy evaluator that knows nothing of models."""
