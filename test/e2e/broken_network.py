"""A network between Sluice and the S3 server that breaks answers: a proxy with faults."""

import socket
import socketserver
import struct
import threading
import time
from urllib.parse import urlsplit

SLOW_S = 0.05


def reset(client, answer):
    """Half of the body, then the connection is reset."""
    client.sendall(answer[: _middle(answer)])
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def truncated(client, answer):
    """Half of the body, then an orderly end."""
    client.sendall(answer[: _middle(answer)])


def damaged(client, answer):
    """One byte in the middle of the body is another."""
    at = min(_middle(answer), len(answer) - 1)
    client.sendall(answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :])


def slow(client, answer):
    """The body comes in two pieces, late."""
    client.sendall(answer[: _middle(answer)])
    time.sleep(SLOW_S)
    client.sendall(answer[_middle(answer) :])


def refused(client, _):
    _say(client, "403 Forbidden", "AccessDenied")


def busy(client, _):
    _say(client, "503 Service Unavailable", "SlowDown")


def unbroken(client, answer):
    client.sendall(answer)


def _say(client, status, code):
    body = f"<Error><Code>{code}</Code></Error>".encode()
    client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)


def _middle(answer):
    body = answer.index(b"\r\n\r\n") + 4
    return body + (len(answer) - body) // 2


class BrokenNetwork:
    """A proxy before `endpoint`, from entering to leaving. choose(path, number) gives one of the faults above for
    the number-th answer (from 1) to requests for this path; a listing's path is the bucket's."""

    def __init__(self, endpoint, choose=lambda path, number: unbroken):
        self.server = urlsplit(endpoint)
        self.choose = choose
        self.seen = {}  # path -> how many requests
        self.lock = threading.Lock()

    def __enter__(self):
        network = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                network.handle(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.proxy = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.proxy.server_address[1]}"
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.proxy.shutdown()
        self.proxy.server_close()

    def handle(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(1 << 16)
            if not piece:
                return
            head += piece
        path = urlsplit(head.split(b" ")[1].decode()).path
        with self.lock:
            number = self.seen[path] = self.seen.get(path, 0) + 1
        fault = self.choose(path, number)
        try:
            fault(client, self.forward(head))
        except OSError:  # the client has gone
            pass

    def forward(self, head):
        """The server's whole answer. The Host header stays the proxy's, as it was signed."""
        first, rest = head.split(b"\r\n", 1)
        answer = b""
        with socket.create_connection((self.server.hostname, self.server.port)) as server:
            server.sendall(first + b"\r\nConnection: close\r\n" + rest)
            while piece := server.recv(1 << 16):
                answer += piece
        return answer
