"""What can go wrong with a store or an artifact, one class for each decision of the caller.

StoreError
├── StoreUnavailable   wait and try again: nobody's mistake
└── StoreRefused       tell the user: credentials, bucket or address are wrong
ArtifactError
├── ArtifactMissing    tell the user: nothing (or nothing finished) lies there
├── ArtifactMismatch   never load it: the bytes are not those of the record
└── ModelRefused       tell the user: the bytes are right, and such a model is not served
"""


class StoreError(Exception):
    """A store did not do what it was asked; the message says why and what to do, and holds no secret."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, or is out of order: later it may work."""


class StoreRefused(StoreError):
    """The store answered no, and will until somebody changes an address, a bucket or a credential."""


class ArtifactError(Exception):
    """An artifact cannot be used; the message says why."""


class ArtifactMissing(ArtifactError):
    """The folder is empty, unfinished or absent."""


class ArtifactMismatch(ArtifactError):
    """The folder's bytes are not the ones that were recorded."""


class ModelRefused(ArtifactError):
    """A model that a user brought is damaged, of a kind that Mooring does not serve, or not what its record says."""
