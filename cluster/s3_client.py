"""One signed question to the S3 server, to know that it answers with these credentials.

AWS Signature Version 4, as far as a GET without a body needs it:
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

import hashlib
import hmac
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

ANSWER_SECONDS = 2.0
_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Credentials:
    """Who asks, and where."""

    region: str
    access_key: str
    secret_key: str


def signed_headers(url: str, who: Credentials, now: datetime) -> dict[str, str]:
    """The headers of a signed GET for `url`, valid for some minutes around `now`."""
    parts = urlsplit(url)
    date, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": parts.netloc, "x-amz-content-sha256": _NOTHING, "x-amz-date": stamp}
    names = ";".join(headers)
    canonical = "\n".join(
        ["GET", parts.path, parts.query, *(f"{name}:{value}" for name, value in headers.items()), "", names, _NOTHING]
    )
    scope = f"{date}/{who.region}/s3/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{who.secret_key}".encode()
    for word in (date, who.region, "s3", "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={who.access_key}/{scope}"
    headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
    return headers


def bucket_is_there(endpoint: str, who: Credentials, bucket: str) -> bool:
    """Whether the server lists the bucket for these credentials."""
    url = f"{endpoint}/{bucket}?list-type=2&max-keys=1"
    request = urllib.request.Request(url, headers=signed_headers(url, who, datetime.now(UTC)))  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=ANSWER_SECONDS):
            return True
    except (OSError, urllib.error.URLError):
        return False
