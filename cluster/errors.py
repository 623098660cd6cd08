"""The one way in which this tool gives up."""


class ClusterError(Exception):
    """The command cannot go on, and the message tells a person what to do about it."""
