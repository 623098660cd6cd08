"""The process: kopf's watches, a cache, a queue, and the one place where plans are carried out."""
