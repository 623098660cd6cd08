"""The Open Inference Protocol, version 2: bodies to columns, answers to bodies, and what the model says of itself."""
