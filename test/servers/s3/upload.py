#!/usr/bin/env python3
"""Puts a folder into a bucket, lists a bucket, removes objects, for the demo and the tests.

    upload.py put FOLDER --bucket B [--prefix P] [--threads N] [--checksum]
    upload.py list --bucket B [--prefix P]
    upload.py delete --bucket B KEY...

The server and the user come from AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_REGION and AWS_CA_BUNDLE. put makes the bucket, keeps relative paths below
the prefix and sends no metadata.
"""

import argparse
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

from client import Client, S3Error


def upload_folder(new_client, folder, bucket, *, prefix="", threads=8, checksum=False):
    """Uploads every file below folder; returns (files, bytes).

    new_client makes a Client: each thread gets its own. The first failure ends the upload and is
    raised; objects that were written until then stay.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    clients = threading.local()
    opened = []

    def open_client():
        clients.own = new_client()
        opened.append(clients.own)

    def put(path):
        with open(path, "rb") as body:
            clients.own.put(
                bucket, prefix + path.relative_to(folder).as_posix(), body, checksum=checksum
            )
        return path.stat().st_size

    with new_client() as client:
        client.create_bucket(bucket)
    pool = ThreadPoolExecutor(max_workers=threads, initializer=open_client)
    try:
        sizes = list(pool.map(put, files))
    finally:
        pool.shutdown(cancel_futures=True)
        for client in opened:
            client.close()
    return len(sizes), sum(sizes)


def _client_from_environment():
    def variable(name):
        value = os.environ.get(name)
        if not value:
            sys.exit(f"upload: {name} is not set")
        return value

    return Client(
        variable("AWS_ENDPOINT_URL"),
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
        os.environ.get("AWS_REGION", "us-east-1"),
        os.environ.get("AWS_SESSION_TOKEN"),
        os.environ.get("AWS_CA_BUNDLE"),
    )


def _put(arguments):
    files, size = upload_folder(
        _client_from_environment,
        arguments.folder,
        arguments.bucket,
        prefix=arguments.prefix,
        threads=arguments.threads,
        checksum=arguments.checksum,
    )
    print(f"uploaded {files} files, {size} bytes to {arguments.bucket}")


def _list(arguments):
    with _client_from_environment() as client:
        for key, size, _ in client.list(arguments.bucket, arguments.prefix):
            print(f"{size:>12}  {key}")


def _delete(arguments):
    with _client_from_environment() as client:
        for key in arguments.keys:
            client.delete(arguments.bucket, key)
    print(f"deleted {len(arguments.keys)} objects from {arguments.bucket}")


def main():
    parser = argparse.ArgumentParser(description="Puts a folder into a bucket of an S3 server.")
    commands = parser.add_subparsers(required=True, metavar="put|list|delete")
    put = commands.add_parser("put", help="upload a folder")
    put.add_argument("folder", type=Path)
    put.add_argument("--threads", type=int, default=8)
    put.add_argument(
        "--checksum", action="store_true", help="let the server check and keep each SHA-256"
    )
    put.set_defaults(action=_put)
    listing = commands.add_parser("list", help="list keys and sizes")
    listing.set_defaults(action=_list)
    for sub in (put, listing):
        sub.add_argument("--prefix", default="")
    delete = commands.add_parser("delete", help="remove objects")
    delete.add_argument("keys", nargs="+", metavar="KEY")
    delete.set_defaults(action=_delete)
    for sub in (put, listing, delete):
        sub.add_argument("--bucket", required=True)
    arguments = parser.parse_args()
    try:
        arguments.action(arguments)
    except (S3Error, OSError, HTTPException) as error:
        sys.exit(f"upload: {error}")


if __name__ == "__main__":
    main()
