"""Carries out the sections of a scenario: files, commands, servers."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from language import Failure, ScenarioError, check_lines, check_output, expected_of, matches, substitute
from program import ROOT, clean_environment

for server in ("iterable", "s3"):
    sys.path.insert(0, str(ROOT / "test" / "servers" / server))
from s3server import S3Server, make_certificate  # noqa: E402
from upload import upload_folder  # noqa: E402
from with_standin import Standin  # noqa: E402


class World:
    """One scenario's folder, servers and processes; leaving it ends them all."""

    def __init__(self, folder, binary, deadline_s):
        self.top = Path(folder) / "project"
        self.top.mkdir()
        home = Path(folder) / "home"
        home.mkdir()
        self.here = self.top
        self.environment = clean_environment(home, binary)
        self.binary = binary
        self.end = time.monotonic() + deadline_s
        self.stack = ExitStack()
        self.written = set()  # by the scenario itself
        self.outputs = []
        self.background = None
        self.standin = None
        self.standin_trust = None
        self.seen_requests = 0
        self.violations_expected = False
        self.s3_server = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.background and self.background.poll() is None:
            os.killpg(self.background.pid, signal.SIGKILL)
            self.background.communicate()
        self.stack.close()

    def perform(self, section):
        name = {"$": "command", "await": "await_stat"}.get(section.kind, section.kind)
        argument = substitute(section.argument, self.environment)
        section.body = [substitute(line, self.environment) for line in section.body]
        getattr(self, name)(argument, section)

    def finish(self):
        if self.background:
            raise ScenarioError("a background command was never waited for")
        if self.standin is None:
            return
        found = self._admin("violations")
        if bool(found["total"]) != self.violations_expected:
            raise Failure("violations at the stand-in: " + json.dumps(found, indent=1))
        problems = self._admin("stats")["answer_problems"]
        if problems:
            raise Failure(f"the stand-in's own answers are wrong: {problems}")

    # ---- files ----

    def _path(self, name):
        path = self.here / name
        if not path.resolve().is_relative_to(self.top.resolve()):
            raise ScenarioError(f"{name} leads out of the scenario's folder")
        return path

    def file(self, argument, section):
        name, *how = argument.split()
        text = section.text()
        if "no-end" in how:
            text = text.removesuffix("\n")
        if "crlf" in how:
            text = text.replace("\n", "\r\n")
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        self.written.add(path)

    def append(self, argument, section):
        path = self._path(argument)
        with open(path, "ab") as file:
            file.write(section.text().encode())
        self.written.add(path)

    def remove(self, argument, _):
        path = self._path(argument)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    def cd(self, argument, _):
        self.here = self.top / argument
        if not self.here.is_dir():
            raise Failure(f"there is no folder {argument}")

    def set(self, argument, _):
        name, equals, value = argument.partition("=")
        if equals:
            self.environment[name] = value
        else:
            self.environment.pop(name, None)

    def lines(self, argument, section):
        found = sorted(self.here.glob(argument))
        if len(found) > 1:
            raise Failure(f"{argument} fits several files: {', '.join(map(str, found))}")
        lines = found[0].read_text().splitlines() if found else []
        check_lines(section.body, lines, argument)

    def absent(self, text, _):
        for output in self.outputs:
            if text in output:
                raise Failure(f"{text} was printed:\n{output}")
        for path in self.top.rglob("*"):
            if path.is_file() and path not in self.written and text.encode() in path.read_bytes():
                raise Failure(f"{text} stands in {path.relative_to(self.top)}")

    # ---- commands ----

    def _spawn(self, command):
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.here,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # What a shell starts in the background ignores Ctrl-C, and its children could not trap it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def _outcome(self, process):
        try:
            output, _ = process.communicate(timeout=max(self.end - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            raise Failure("it did not end in time\n" + output.decode(errors="replace")) from None
        text = output.decode(errors="replace")
        self.outputs.append(text)
        code = process.returncode
        return (code if code >= 0 else 128 - code), text  # as a shell has it

    def command(self, argument, section):
        check_output(expected_of(section.body), *self._outcome(self._spawn(argument)))

    def start(self, argument, _):
        if self.background:
            raise ScenarioError("one command is in the background already")
        # exec: signals go to the program, not to the shell around it
        self.background = self._spawn("exec " + argument)

    def signal(self, argument, _):
        self.background.send_signal(getattr(signal, "SIG" + argument))

    def wait(self, _, section):
        process, self.background = self.background, None
        check_output(expected_of(section.body), *self._outcome(process))

    def query(self, sql, section):
        process = subprocess.run(
            [self.binary, "query", "--csv", sql],
            cwd=self.here,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=max(self.end - time.monotonic(), 1),
        )
        output = process.stdout.decode(errors="replace")
        if process.returncode != 0:
            raise Failure(output + process.stderr.decode(errors="replace"))
        check_lines(section.body, output.splitlines(), "the result")

    # ---- the stand-in for Iterable ----

    def iterable(self, argument, _):
        project_type, *options = argument.split()
        named = dict(option.split("=", 1) for option in options if option != "tls")
        if "tls" in options:
            certificate, key = make_certificate(self.top.parent)
            named.update(tls_cert=certificate, tls_key=key)
            self.standin_trust = ssl.create_default_context(cafile=certificate)
            self.environment["ITERABLE_CA"] = str(certificate)
        self.standin = self.stack.enter_context(Standin(project_type, **named))
        self.environment["ITERABLE_ENDPOINT"] = self.standin.url
        self.environment["ITERABLE_API_KEY"] = self.standin.key

    def _admin(self, name, method="GET", body=None):
        url = f"{self.standin.url}/__admin/{name}"
        request = urllib.request.Request(url, body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.standin_trust) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise ScenarioError(f"{method} {name}: {error.read().decode()}") from None
        return text if name.startswith("users") else json.loads(text)

    def admin(self, argument, section):
        name, _, method = argument.partition(" ")
        self._admin(name, method or "POST", section.text().encode())

    def users(self, argument, section):
        lines = [line for line in self._admin("users?format=jsonl").splitlines() if line]
        if argument:
            lines = [line for line in lines if matches(argument, line)]
        check_lines(section.body, lines, "what the stand-in holds")

    def requests(self, _, section):
        found = self._admin(f"requests?since={self.seen_requests}")
        lines = [
            f"{entry['endpoint'].split(' ')[-1]} {entry['status']} users={entry.get('users', 0)} failed={entry.get('failed', 0)}"
            for entry in found
            if not entry["endpoint"].startswith("GET ")  # what is sent, not what is asked
        ]
        self.seen_requests = max([self.seen_requests] + [entry["seq"] for entry in found])
        check_lines(section.body, lines, "the list of requests")

    def await_stat(self, argument, _):
        name, _, number = argument.partition("=")
        while self._admin("stats")[name] != int(number):
            if time.monotonic() > self.end:
                raise Failure(f"{argument} never came: {self._admin('stats')}")
            if self.background and self.background.poll() is not None:
                raise Failure("the command ended before: " + self._outcome(self.background)[1])
            time.sleep(0.02)

    def violations(self, _, __):
        self.violations_expected = True

    # ---- S3 ----

    def s3(self, argument, _):
        bucket, _, tls = argument.partition(" ")
        self.s3_server = self.stack.enter_context(S3Server(tls=tls == "tls"))
        if self.s3_server.ca_file:
            self.environment["DROP_CA"] = str(self.s3_server.ca_file)
        with self.s3_server.client() as client:
            client.create_bucket(bucket)
        self.environment["DROP_ENDPOINT"] = self.s3_server.endpoint
        self.environment["DROP_KEY_ID"] = self.s3_server.access_key
        self.environment["DROP_SECRET"] = self.s3_server.secret_key

    def upload(self, argument, _):
        folder, _, target = argument.partition(" ")
        bucket, _, prefix = target.partition("/")
        upload_folder(self.s3_server.client, self._path(folder), bucket, prefix=prefix, threads=2)
