"""What an expression comes to, across the files of a project; knows nothing of models."""
