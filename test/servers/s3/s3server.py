#!/usr/bin/env python3
"""Runs a real S3 server (versitygw, built by scripts/install-s3-server) on a free loopback port.

In Python:

    with S3Server() as s3:                   # a directory of its own, removed at the end
        s3.client().create_bucket("drop")
        subprocess.run([...], env={**os.environ, **s3.environment()})

From a shell:

    s3server.py run [--user NAME:SECRET]... COMMAND...
        starts it, runs COMMAND with the variables below, stops it
    s3server.py start --dir DIR [--user NAME:SECRET]...
        leaves it running and prints the variables; the objects are in DIR/data
    s3server.py stop --dir DIR

Variables: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION of the root user;
with TLS also AWS_CA_BUNDLE. Every start has a new secret. A user starts with no right to any
bucket: see S3Server.allow().
"""

import argparse
import contextlib
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from http.client import HTTPException
from pathlib import Path
from xml.sax.saxutils import escape

from client import Client, S3Error

ROOT = Path(__file__).resolve().parents[3]
BINARY = ROOT / "build" / "tools" / "versitygw"
REGION = "us-east-1"
VIRTUAL_HOST = (
    "s3.localhost"  # bucket.s3.localhost addresses a bucket by name; curl takes it to loopback
)
START_TRIES = 5  # between finding a free port and using it, somebody else may have taken it
START_DEADLINE_S = 60
STOP_DEADLINE_S = 10


class S3ServerError(Exception):
    """The server could not be started or stopped; the message ends with what it wrote."""


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_certificate(directory):
    """A self-signed certificate for the loopback names: (certificate file, key file)."""
    certificate, key = directory / "tls.crt", directory / "tls.key"
    names = f"IP:127.0.0.1,DNS:localhost,DNS:{VIRTUAL_HOST},DNS:*.{VIRTUAL_HOST}"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=localhost",
            "-addext",
            f"subjectAltName={names}",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


class S3Server:
    """One running server. Objects lie below directory; without one it makes and removes its own.

    Buckets are folders of directory/data, but objects are to be written through the server only:
    their tags and checksums are kept beside them.
    """

    def __init__(self, directory=None, *, users=(), tls=False):
        self._own_directory = directory is None
        self.directory = Path(directory or tempfile.mkdtemp(prefix="sluice-s3-")).resolve()
        self._users = list(users)  # (access key, secret key)
        self._tls = tls
        self._process = None
        self.access_key = "root"
        self.secret_key = secrets.token_hex(16)
        self.region = REGION
        self.endpoint = None
        self.virtual_host_endpoint = None
        self.ca_file = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self._process.pid

    def start(self):
        """Starts it and returns when it has answered a signed request."""
        if not BINARY.exists():
            raise S3ServerError(f"{BINARY} is missing: run scripts/install-s3-server")
        for name in ("data", "meta", "users"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        try:
            for attempt in range(1, START_TRIES + 1):
                if self._try_start():
                    break
                if attempt == START_TRIES:
                    raise S3ServerError("the S3 server did not start:\n" + self.log()[-2000:])
            for access_key, secret_key in self._users:
                self.create_user(access_key, secret_key)
        except BaseException:
            self.stop()
            raise
        return self

    def _try_start(self):
        port = _free_port()
        command = [
            BINARY,
            "--port",
            f"127.0.0.1:{port}",
            "--region",
            self.region,
            "--keep-alive",
            "--quiet",
            "--iam-dir",
            self.directory / "users",
            "--virtual-domain",
            f"{VIRTUAL_HOST}:{port}",
        ]
        scheme = "http"
        if self._tls:
            self.ca_file, key = make_certificate(self.directory)
            command += ["--cert", self.ca_file, "--key", key]
            scheme = "https"
        # Sidecar files: not every file system of a test machine keeps extended attributes.
        command += ["posix", "--sidecar", self.directory / "meta", self.directory / "data"]
        self.endpoint = f"{scheme}://127.0.0.1:{port}"
        self.virtual_host_endpoint = f"{scheme}://{VIRTUAL_HOST}:{port}"
        environment = {
            **os.environ,
            "ROOT_ACCESS_KEY": self.access_key,
            "ROOT_SECRET_KEY": self.secret_key,
        }
        with open(self.directory / "server.log", "ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self._wait_until_ready()

    def _wait_until_ready(self):
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                # Only this server knows the new secret: no other one on this port can pass for it.
                with socket.create_connection(self._address(), timeout=1):
                    pass
                with self.client() as client:
                    client.request("GET")
                return True
            except (S3Error, HTTPException):
                break
            except OSError:
                time.sleep(0.02)
        self._end_process()
        return False

    def _address(self):
        host, _, port = self.endpoint.rpartition("/")[2].partition(":")
        return host, int(port)

    def client(self, access_key=None, secret_key=None, **options):
        """A client of the root user, or of the user named."""
        return Client(
            self.endpoint,
            access_key or self.access_key,
            secret_key or self.secret_key,
            self.region,
            ca_file=self.ca_file,
            **options,
        )

    def create_user(self, access_key, secret_key, role="user"):
        """Adds a user. Roles: "user" may not make buckets, "userplus" may."""
        account = "".join(
            f"<{tag}>{escape(text)}</{tag}>"
            for tag, text in (("Access", access_key), ("Secret", secret_key), ("Role", role))
        )
        with self.client() as client:
            client.request("PATCH", "create-user", body=f"<Account>{account}</Account>".encode())

    def allow(self, bucket, access_key, actions=("s3:ListBucket", "s3:GetObject")):
        """Replaces the policy of the bucket: this user may do these things in it."""
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": [access_key]},
            "Action": list(actions),
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        with self.client() as client:
            client.request("PUT", bucket, query=[("policy", "")], body=policy.encode())

    def environment(self):
        """The variables by which AWS's own tools find the server and its root user."""
        variables = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
        }
        if self.ca_file:
            variables["AWS_CA_BUNDLE"] = str(self.ca_file)
        return variables

    def log(self):
        path = self.directory / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        self._end_process()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def _end_process(self):
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _run(arguments):
    # Leave through stop(). SIGINT too: a shell starts background jobs with that one ignored.
    for how in (signal.SIGINT, signal.SIGTERM):
        signal.signal(how, lambda number, _: sys.exit(128 + number))
    with S3Server(users=arguments.user, tls=arguments.tls) as server:
        return subprocess.run(
            arguments.command, env={**os.environ, **server.environment()}
        ).returncode


def _start(arguments):
    directory = arguments.dir.resolve()
    if _running_pid(directory):
        raise S3ServerError(f"a server is running in {directory} already: stop it first")
    server = S3Server(directory, users=arguments.user, tls=arguments.tls).start()
    (directory / "server.pid").write_text(f"{server.pid}\n")
    for name, value in server.environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _running_pid(directory):
    """The server that was started in this directory and still runs. A number that the system has
    since given to another process does not count."""
    try:
        pid = int((directory / "server.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(directory / "data") in command else None


def _stop(arguments):
    directory = arguments.dir.resolve()
    pid = _running_pid(directory)
    if pid:
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            deadline = time.monotonic() + STOP_DEADLINE_S
            while _running_pid(directory) and time.monotonic() < deadline:
                time.sleep(0.05)
            if not _running_pid(directory):
                break
        else:
            raise S3ServerError(f"the S3 server, process {pid}, does not end")
    (directory / "server.pid").unlink(missing_ok=True)
    return 0


def _user(text):
    access_key, separator, secret_key = text.partition(":")
    if not (access_key and separator and secret_key):
        raise argparse.ArgumentTypeError("NAME:SECRET is expected")
    return access_key, secret_key


def main():
    parser = argparse.ArgumentParser(
        description="A real S3 server on loopback, for the demo and the tests."
    )
    commands = parser.add_subparsers(required=True, metavar="run|start|stop")
    run = commands.add_parser("run", help="start it, run a command, stop it")
    start = commands.add_parser("start", help="start it and leave it running")
    stop = commands.add_parser("stop", help="stop the one that runs in a directory")
    for sub in (run, start):
        sub.add_argument("--user", type=_user, action="append", default=[], metavar="NAME:SECRET")
        sub.add_argument("--tls", action="store_true", help="with a certificate of its own")
    for sub in (start, stop):
        sub.add_argument("--dir", type=Path, required=True)
    run.add_argument("command", nargs=argparse.REMAINDER)
    run.set_defaults(action=_run)
    start.set_defaults(action=_start)
    stop.set_defaults(action=_stop)
    arguments = parser.parse_args()
    if arguments.action is _run and not arguments.command:
        parser.error("run needs a command")
    try:
        return arguments.action(arguments)
    except S3ServerError as error:
        print(f"s3server: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
