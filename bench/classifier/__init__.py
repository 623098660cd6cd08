"""Rows together: how well a classifier tells what users send from the training data, ours beside others."""
