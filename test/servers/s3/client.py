"""A small S3 client for tests: path-style requests, one connection, errors with S3's own code."""

import base64
import hashlib
import http.client
import io
import ssl
import time
import xml.etree.ElementTree as xml
from datetime import datetime, timezone
from urllib.parse import urlsplit

from sigv4 import encode_path, encode_query, sign

ATTEMPTS = 4  # of a request whose connection broke or that the server answered with 5xx
TIMEOUT_S = 60
CHUNK_BYTES = 1 << 20


class S3Error(Exception):
    """The server's refusal: HTTP status, S3 error code ('' where the body has none) and message."""

    def __init__(self, status, code, message, what):
        super().__init__(f"{what}: {status} {code}: {message}")
        self.status = status
        self.code = code


class Response:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # case-insensitive, as http.client gives them
        self.body = body


def _local_name(element):
    return element.tag.rpartition("}")[2]


def _error(status, body, what):
    code = message = ""
    try:
        for element in xml.fromstring(body).iter():
            if _local_name(element) == "Code":
                code = element.text or ""
            elif _local_name(element) == "Message":
                message = element.text or ""
    except xml.ParseError:
        pass  # a HEAD has no body, and a proxy's page is no XML: the status says it all
    return S3Error(status, code, message, what)


def _hash_file(file):
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest


class Client:
    """One connection to one endpoint ("http://127.0.0.1:9000"), for one thread at a time."""

    def __init__(
        self, endpoint, access_key, secret_key, region="us-east-1", session_token=None, ca_file=None
    ):
        parts = urlsplit(endpoint)
        self._host = parts.netloc
        self._credentials = dict(
            access_key=access_key, secret_key=secret_key, region=region, session_token=session_token
        )
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca_file)
            self._connection = http.client.HTTPSConnection(
                self._host, timeout=TIMEOUT_S, context=context, blocksize=CHUNK_BYTES
            )
        else:
            self._connection = http.client.HTTPConnection(
                self._host, timeout=TIMEOUT_S, blocksize=CHUNK_BYTES
            )

    def close(self):
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def request(self, method, key="", *, query=(), headers=None, body=b"", host=None):
        """Sends one signed request and returns the answer; a refusal is raised as S3Error.

        key is "bucket" or "bucket/object". body is bytes or a binary file, which is read twice: the
        digest of the payload is part of the signature. host replaces the Host header.
        """
        path = encode_path(key)
        query_text = encode_query(query)
        file = io.BytesIO(body) if isinstance(body, bytes) else body
        payload_sha256 = _hash_file(file).hexdigest()
        size = file.tell()
        headers = {"Host": host or self._host, **(headers or {})}
        if method in ("PUT", "POST", "PATCH"):
            headers["Content-Length"] = str(size)
        target = path + ("?" + query_text if query_text else "")

        for attempt in range(1, ATTEMPTS + 1):
            file.seek(0)
            signed = sign(
                method,
                path,
                query_text,
                headers,
                payload_sha256,
                now=datetime.now(timezone.utc),
                **self._credentials,
            )
            try:
                self._connection.request(
                    method, target, body=file if size else None, headers=signed
                )
                answer = self._connection.getresponse()
                response = Response(answer.status, answer.headers, answer.read())
            except (ConnectionError, http.client.HTTPException, TimeoutError):
                self._connection.close()
                if attempt == ATTEMPTS:
                    raise
            else:
                if response.status < 300:
                    return response
                if response.status < 500 or attempt == ATTEMPTS:
                    raise _error(response.status, response.body, f"{method} {target}")
            time.sleep(0.1 * 2**attempt)

    def create_bucket(self, bucket):
        """Makes the bucket; one that this user already has is fine."""
        try:
            self.request("PUT", bucket)
        except S3Error as error:
            if error.code != "BucketAlreadyOwnedByYou":
                raise

    def put(self, bucket, key, body, *, checksum=False, headers=None):
        """Writes an object; with checksum the server is also told its SHA-256 and keeps it."""
        headers = dict(headers or {})
        if checksum:
            digest = _hash_file(io.BytesIO(body) if isinstance(body, bytes) else body).digest()
            headers["x-amz-checksum-sha256"] = base64.b64encode(digest).decode()
            if not isinstance(body, bytes):
                body.seek(0)
        return self.request("PUT", f"{bucket}/{key}", headers=headers, body=body)

    def get(self, bucket, key, *, headers=None):
        return self.request("GET", f"{bucket}/{key}", headers=headers)

    def head(self, bucket, key, *, headers=None):
        return self.request("HEAD", f"{bucket}/{key}", headers=headers)

    def delete(self, bucket, key):
        """Removes an object; one that is not there is fine, as S3 has it."""
        self.request("DELETE", f"{bucket}/{key}")

    def list(self, bucket, prefix="", page_size=1000):
        """Yields (key, size, etag) of every object below the prefix, in the server's order."""
        query = [("list-type", "2"), ("max-keys", str(page_size)), ("prefix", prefix)]
        token = []
        while True:
            page = xml.fromstring(self.request("GET", bucket, query=query + token).body)
            values = {}
            for element in page:
                if _local_name(element) == "Contents":
                    entry = {_local_name(child): child.text for child in element}
                    yield entry["Key"], int(entry["Size"]), entry["ETag"].strip('"')
                else:
                    values[_local_name(element)] = element.text
            if values.get("IsTruncated") != "true":
                return
            token = [("continuation-token", values["NextContinuationToken"])]
