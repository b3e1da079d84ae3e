"""The real server refuses what S3 refuses, and starts and stops as its users rely on."""

import base64
import hashlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import s3server
from client import Client, S3Error
from s3server import S3Server, S3ServerError
from upload import upload_folder

HERE = Path(__file__).resolve().parent


def sha256_base64(body):
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


class ServerCase(unittest.TestCase):
    """One server for the cases of a class: a bucket "drop", and a user "reader" without rights."""

    @classmethod
    def setUpClass(cls):
        cls.server = S3Server(users=[("reader", "reader-secret")]).start()
        cls.addClassCleanup(cls.server.stop)
        cls.client = cls.server.client()
        cls.addClassCleanup(cls.client.close)
        cls.client.create_bucket("drop")

    def refused(self, code, call, *arguments, **options):
        with self.assertRaises(S3Error) as caught:
            call(*arguments, **options)
        self.assertEqual(caught.exception.code, code)


class WhoMayDoWhat(ServerCase):
    def test_a_wrong_secret_is_refused(self):
        with self.server.client(secret_key="wrong") as client:
            self.refused("SignatureDoesNotMatch", client.put, "drop", "x", b"1")

    def test_an_unknown_key_is_refused(self):
        with self.server.client(access_key="nobody") as client:
            self.refused("InvalidAccessKeyId", client.get, "drop", "x")

    def test_an_invented_session_token_is_refused(self):
        with self.server.client(session_token="invented") as client:
            self.refused("InvalidToken", client.put, "drop", "x", b"1")

    def test_a_user_reads_only_what_a_policy_allows(self):
        self.client.create_bucket("shared")
        self.client.put("shared", "x", b"1")
        with self.server.client("reader", "reader-secret") as reader:
            self.refused("AccessDenied", reader.get, "shared", "x")
            self.server.allow("shared", "reader")
            self.assertEqual(reader.get("shared", "x").body, b"1")
            self.assertEqual([key for key, _, _ in reader.list("shared")], ["x"])
            self.refused("AccessDenied", reader.put, "shared", "x", b"2")


class Integrity(ServerCase):
    def test_a_wrong_sha256_is_refused_and_nothing_written(self):
        headers = {"x-amz-checksum-sha256": sha256_base64(b"something else")}
        self.refused("BadDigest", self.client.put, "drop", "bad-sha", b"body", headers=headers)
        self.refused("NoSuchKey", self.client.get, "drop", "bad-sha")

    def test_a_wrong_md5_is_refused_and_nothing_written(self):
        headers = {
            "Content-MD5": base64.b64encode(hashlib.md5(b"something else").digest()).decode()
        }
        self.refused("BadDigest", self.client.put, "drop", "bad-md5", b"body", headers=headers)
        self.refused("NoSuchKey", self.client.get, "drop", "bad-md5")

    def test_a_right_sha256_is_kept_and_given_back(self):
        self.client.put("drop", "good", b"body", checksum=True)
        answer = self.client.head("drop", "good", headers={"x-amz-checksum-mode": "ENABLED"})
        self.assertEqual(answer.headers["x-amz-checksum-sha256"], sha256_base64(b"body"))

    def test_a_range_is_answered_as_asked(self):
        self.client.put("drop", "range", b"0123456789")
        answer = self.client.get("drop", "range", headers={"Range": "bytes=2-4"})
        self.assertEqual((answer.status, answer.body), (206, b"234"))


class Listing(ServerCase):
    def test_pages_are_joined_and_deleted_objects_gone(self):
        keys = [f"page/{n:02}" for n in range(7)]
        for key in keys:
            self.client.put("drop", key, b"x")
        self.client.delete("drop", "page/03")
        self.client.delete("drop", "page/03")  # once more is fine
        keys.remove("page/03")
        self.assertEqual(
            [key for key, _, _ in self.client.list("drop", "page/", page_size=2)], keys
        )

    def test_a_bucket_is_found_by_its_host_name(self):
        self.client.put("drop", "styles/x", b"by name")
        host = "drop." + self.server.virtual_host_endpoint.partition("://")[2]
        self.assertEqual(self.client.request("GET", "styles/x", host=host).body, b"by name")


class Uploading(ServerCase):
    FILES = {
        "a.csv": b"1,2\n",
        "pod 1/g/ü+%&=.csv": b"\xef\xbb\xbfx\r\n",
        "pod 1/empty": b"",
        "deep/er/b.gz": bytes(range(256)),
    }

    def folder(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        folder = Path(temporary.name)
        for name, body in self.FILES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(body)
        return folder

    def test_every_file_arrives_under_its_relative_path(self):
        for checksum in (False, True):
            with self.subTest(checksum=checksum):
                prefix = f"up/{checksum}/"
                count = upload_folder(
                    self.server.client, self.folder(), "uploads", prefix=prefix, checksum=checksum
                )
                self.assertEqual(count, (4, sum(map(len, self.FILES.values()))))
                found = {
                    key.removeprefix(prefix): self.client.get("uploads", key).body
                    for key, _, _ in self.client.list("uploads", prefix)
                }
                self.assertEqual(found, self.FILES)

    def test_a_refused_upload_is_reported(self):
        def stranger():
            return self.server.client(secret_key="wrong")

        self.refused("SignatureDoesNotMatch", upload_folder, stranger, self.folder(), "uploads")

    def test_the_command_line_does_the_same(self):
        def upload(*arguments):
            return subprocess.run(
                [sys.executable, HERE / "upload.py", *arguments],
                check=True,
                text=True,
                capture_output=True,
                env={**os.environ, **self.server.environment()},
            ).stdout

        self.assertEqual(
            upload("put", self.folder(), "--bucket", "by-command"),
            "uploaded 4 files, 266 bytes to by-command\n",
        )
        upload("delete", "--bucket", "by-command", "pod 1/empty", "a.csv")
        self.assertEqual(
            [
                line.split(maxsplit=1)
                for line in upload("list", "--bucket", "by-command").splitlines()
            ],
            [["256", "deep/er/b.gz"], ["6", "pod 1/g/ü+%&=.csv"]],
        )


class Tls(unittest.TestCase):
    def test_the_certificate_is_trusted_only_when_named(self):
        with S3Server(tls=True) as server:
            with server.client() as client:
                client.create_bucket("drop")
            server.ca_file = None
            with server.client() as client, self.assertRaises(ssl.SSLCertVerificationError):
                client.create_bucket("drop")


class Life(unittest.TestCase):
    def test_stopping_ends_the_process_and_removes_its_directory(self):
        with S3Server() as server:
            pid, directory = server.pid, server.directory
            os.kill(pid, 0)
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)
        self.assertFalse(directory.exists())

    def test_objects_outlive_a_restart_in_a_directory_that_was_given(self):
        with tempfile.TemporaryDirectory() as directory:
            with S3Server(directory) as server, server.client() as client:
                client.create_bucket("drop")
                client.put("drop", "x", b"1")
            with S3Server(directory) as server, server.client() as client:
                self.assertEqual(client.get("drop", "x").body, b"1")

    def test_a_server_that_does_not_start_says_why(self):
        with tempfile.TemporaryDirectory() as directory:
            broken = Path(directory) / "broken"
            broken.write_text("#!/bin/sh\necho no room on the disk >&2\nexit 1\n")
            broken.chmod(0o755)
            self.addCleanup(setattr, s3server, "BINARY", s3server.BINARY)
            s3server.BINARY = broken
            with self.assertRaisesRegex(S3ServerError, "no room on the disk"):
                S3Server().start()


class CommandLine(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def command(self, *arguments):
        return subprocess.run(
            [sys.executable, HERE / "s3server.py", *arguments],
            text=True,
            capture_output=True,
            timeout=120,
        )

    def assert_nobody_listens(self, endpoint):
        address = "127.0.0.1", int(endpoint.strip().rpartition(":")[2])
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(address, timeout=5)

    def test_start_leaves_it_running_until_stop(self):
        started = self.command("start", "--dir", self.directory, "--user", "reader:s3cret")
        self.assertEqual(started.returncode, 0, started.stderr)
        self.addCleanup(self.command, "stop", "--dir", self.directory)
        endpoint = re.search("^export AWS_ENDPOINT_URL=(.*)$", started.stdout, re.MULTILINE)[1]
        secret = re.search("^export AWS_SECRET_ACCESS_KEY=(.*)$", started.stdout, re.MULTILINE)[1]
        with Client(endpoint, "root", secret) as client:
            client.create_bucket("drop")
        self.assertTrue((self.directory / "data" / "drop").is_dir())
        again = self.command("start", "--dir", self.directory)
        self.assertEqual(again.returncode, 1)
        self.assertIn("already", again.stderr)

        self.assertEqual(self.command("stop", "--dir", self.directory).returncode, 0)
        self.assert_nobody_listens(endpoint)
        self.assertEqual(
            self.command("stop", "--dir", self.directory).returncode, 0
        )  # once more is fine

    def test_stop_spares_a_process_that_got_the_old_number(self):
        stranger = subprocess.Popen(["sleep", "60"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        (self.directory / "server.pid").write_text(f"{stranger.pid}\n")
        self.assertEqual(self.command("stop", "--dir", self.directory).returncode, 0)
        self.assertIsNone(stranger.poll())

    def test_run_passes_the_exit_code_on_and_stops(self):
        show = "import os, sys; print(os.environ['AWS_ENDPOINT_URL']); sys.exit(7)"
        ran = self.command("run", sys.executable, "-c", show)
        self.assertEqual(ran.returncode, 7, ran.stderr)
        self.assert_nobody_listens(ran.stdout)

    def test_a_stopped_run_takes_the_server_with_it(self):
        for how in (signal.SIGINT, signal.SIGTERM):  # SIGINT: Ctrl-C
            with self.subTest(how=how.name):
                self.stop_a_run(how)

    def stop_a_run(self, how):
        script = f"touch {self.directory}/{how.name}; exec sleep 60"
        process = subprocess.Popen(
            [sys.executable, HERE / "s3server.py", "run", "sh", "-c", script],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not (self.directory / how.name).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        self.assertEqual(len(children), 2)  # the server and the command
        os.killpg(process.pid, how)
        process.wait(60)
        for child in children:
            self.assertFalse(Path(f"/proc/{child}").exists())


if __name__ == "__main__":
    unittest.main()
