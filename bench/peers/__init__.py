"""Other servers of the same models, each in its own environment, started and measured like ours."""
