"""Signs one HTTP request with AWS Signature Version 4, in the form that S3 wants.

The rules: "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" in
the S3 API reference. S3 differs from other services in that the path is encoded once and never
normalised, and that the payload hash travels in a header. This code shares nothing with Sluice's
own signer, so that a mistake in one shows against the other.
"""

import hashlib
import hmac
from urllib.parse import quote

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
UNRESERVED = "-_.~"  # beside letters and digits


def encode_path(key):
    """A bucket and key as in the request line: every byte encoded but '/' and the unreserved."""
    return "/" + quote(key, safe=UNRESERVED + "/")


def encode_query(parameters):
    """The query string of (name, value) pairs, in the order that the signature needs."""
    encoded = [
        (quote(name, safe=UNRESERVED), quote(value, safe=UNRESERVED)) for name, value in parameters
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def sign(
    method,
    path,
    query,
    headers,
    payload_sha256,
    *,
    access_key,
    secret_key,
    region,
    now,
    session_token=None,
):
    """Returns headers with x-amz-date, x-amz-content-sha256, the token if any, and Authorization.

    path and query are already encoded (encode_path, encode_query). headers must hold the Host that
    is sent. payload_sha256 is the hex digest of the body, now an aware datetime in UTC.
    """
    timestamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = dict(headers)
    headers["x-amz-date"] = timestamp
    headers["x-amz-content-sha256"] = payload_sha256
    if session_token:
        headers["x-amz-security-token"] = session_token

    canonical = sorted((name.lower(), " ".join(value.split())) for name, value in headers.items())
    signed_names = ";".join(name for name, _ in canonical)
    header_lines = "".join(f"{name}:{value}\n" for name, value in canonical)
    request = "\n".join([method, path, query, header_lines, signed_names, payload_sha256])

    scope = f"{timestamp[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = "\n".join(["AWS4-HMAC-SHA256", timestamp, scope, digest])

    key = ("AWS4" + secret_key).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, SignedHeaders={signed_names}, "
        f"Signature={signature}"
    )
    return headers
