"""KServe's protocol, version 1."""
