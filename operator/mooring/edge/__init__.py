"""A model taken out of the cluster: a folder with a tiny server of its own.

`export` writes the folder; `runner` is what runs in it. The runner imports nothing of Mooring, and by relative names
only, since its files are copied: it needs the standard library, and numpy and ONNX Runtime where the model has trees.
"""
