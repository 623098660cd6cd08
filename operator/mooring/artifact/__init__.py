"""The artifact: one trained model as a folder in an object store, written by training and read by serving."""
