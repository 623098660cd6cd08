"""What a store's answer means to a person.

obstore reports a text; its status and S3's error code are read out of that text here, once, for everyone.
"""

from __future__ import annotations

import re

from mooring.artifact.errors import StoreRefused, StoreUnavailable
from mooring.artifact.location import Location

_DENIED = {
    "InvalidAccessKeyId": "does not know the access key",
    "XAdminUserNotFound": "does not know the access key",  # versitygw's word for it
    "SignatureDoesNotMatch": "refuses the secret key",
    "ExpiredToken": "says that the session token has expired",
    "InvalidToken": "refuses the session token",
}


def explain(error: Exception, location: Location, host: str | None) -> StoreRefused | StoreUnavailable:
    """Return the error to raise for what obstore (or the file system) reported about `location`."""
    text = str(error)
    status = re.search(r"status code: (\d{3})", text)
    code = re.search(r"<Code>(\w{1,64})</Code>", text)
    store = f"the store at {host}" if host else "the store"
    name = code.group(1) if code else ""
    if name == "NoSuchBucket":
        return StoreRefused(f"bucket {location.bucket!r} of {location} does not exist")
    if isinstance(error, FileNotFoundError) and name not in _DENIED:
        return StoreRefused(f"{location} does not exist")
    if name in _DENIED or (status and status.group(1) in ("401", "403")) or isinstance(error, PermissionError):
        why = _DENIED.get(name, "denies access")
        return StoreRefused(
            f"{store} {why} for {location}; correct the credentials (secretName) or the rights behind them"
        )
    if "169.254.169.254" in text:
        return StoreRefused(f"no credentials for {location}: name a Secret in secretName, or give the pod an identity")
    if "redirect without LOCATION" in text:
        return StoreRefused(f"bucket {location.bucket!r} lies in another region; set AWS_REGION in the Secret")
    if status and status.group(1).startswith("4"):
        return StoreRefused(f"{store} refuses the request for {location} ({status.group(1)} {name})".rstrip())
    if location.scheme == "file" or isinstance(error, ValueError):
        return StoreRefused(f"{location}: {text.splitlines()[0][:200]}")
    if "invalid list response" in text or "Unable to extract metadata" in text:
        return StoreRefused(f"{store} does not speak the S3 protocol; correct AWS_ENDPOINT_URL in the Secret")
    detail = f"answers {status.group(1)} {name}".rstrip() if status else "cannot be reached"
    return StoreUnavailable(f"{store} {detail} (asked for {location})")
