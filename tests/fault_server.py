"""An endpoint that fails on purpose."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FaultServer:
    """An OpenAI-compatible endpoint on a loopback port that fails in the way it is told to.

    `mode` may be changed between requests; see the methods named after the modes. `requests`
    holds the bodies that came in, `keys` their Authorization headers, `hung_up` is set once a
    client closes a stream that was still going on.
    """

    def __init__(
        self, mode: str = "ok", *, pieces: Sequence[str] = ("Hello", " world", ".")
    ) -> None:
        self.mode = mode
        self.pieces = tuple(pieces)
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.request_ids: list[str] = []
        self.hung_up = threading.Event()
        self.stopping = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self) -> FaultServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(server: FaultServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_FaultHandler):
        faults = server

    return Handler


class _FaultHandler(BaseHTTPRequestHandler):
    """One method per mode: `mode_ok` and so on."""

    faults: FaultServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.faults.requests.append(json.loads(self.rfile.read(length)))
        self.faults.keys.append(self.headers.get("Authorization", ""))
        self.faults.request_ids.append(self.headers.get("X-Request-ID", ""))
        mode = self.faults.mode
        try:
            getattr(self, f"mode_{mode}")()
        except OSError:
            self.faults.hung_up.set()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as inherited
        pass

    def mode_ok(self) -> None:
        self._begin()
        for piece in self.faults.pieces:
            self._piece(piece)
        self._end()

    def mode_endless(self) -> None:
        self._begin()
        while not self.faults.stopping.is_set():
            self._piece("again ")
            time.sleep(0.002)

    def mode_wrong_key(self) -> None:
        self._refuse(401, f"Incorrect API key provided: {self.headers['Authorization']}")

    def mode_no_model(self) -> None:
        self._refuse(404, "model not found, try pulling it first")

    def mode_busy(self) -> None:
        self._refuse(429, "slow down", {"Retry-After": "60"})

    def mode_busy_once(self) -> None:
        if len(self.faults.requests) > 1:
            return self.mode_ok()
        return self._refuse(429, "slow down", {"Retry-After": "0.1"})

    def mode_failing(self) -> None:
        self._refuse(500, "out of memory")

    def mode_bad_gateway(self) -> None:
        self._send(502, b"<html><body>502 Bad Gateway</body></html>", {"Content-Type": "text/html"})

    def mode_web_page(self) -> None:
        self._send(200, b"<html><body>Welcome</body></html>", {"Content-Type": "text/html"})

    def mode_bad_json(self) -> None:
        self._begin()
        self._chunk(b'data: {"choices": [{"delta"\n\n')
        self._end()

    def mode_stall(self) -> None:
        self._begin()
        self._until_hung_up()

    def mode_silent(self) -> None:
        self._until_hung_up()

    def mode_stall_midway(self) -> None:
        self._begin()
        self._piece("Hello")
        self._until_hung_up()

    def mode_dribble(self) -> None:
        self._begin()
        for byte in b'data: {"choices": [{"index": 0, "delta": {"content": "never told"}}]}\n\n':
            self._chunk(bytes([byte]))
            if self.faults.stopping.wait(1):
                return

    def mode_cut(self) -> None:
        self._begin()
        self._piece("Hello")

    def mode_cut_cleanly(self) -> None:
        self._begin()
        self._piece("Hello")
        self._chunk(b"")

    def mode_no_choices(self) -> None:
        self._begin()
        self._event({"choices": []})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def mode_null_content(self) -> None:
        self._begin()
        self._piece(None)
        self._piece(None)
        self._end()

    def mode_wrong_shape(self) -> None:
        self._begin()
        self._event({"choices": "none"})
        self._end()

    def mode_too_long(self) -> None:
        self._refuse(400, "request (4096 tokens) exceeds the available context size (2048 tokens)")

    def mode_too_long_midway(self) -> None:
        self._begin()
        self._event({"error": {"code": 400, "message": "the context size has been exceeded"}})
        self._end()

    def mode_reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._begin()
        self._piece("Hello")
        self.connection.close()

    def mode_redirect(self) -> None:
        self._send(307, b"", {"Location": f"{self.faults.base_url}/chat/completions"})

    def mode_garbled(self) -> None:
        self._send(
            200, b"not gzip", {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
        )

    def mode_no_utf8(self) -> None:
        self._begin()
        self._chunk(b"data: \xff\xfe\x80\n\n")
        self._end()

    def mode_endless_line(self) -> None:
        self._begin()
        self._chunk(b"data: ")
        while not self.faults.stopping.is_set():
            self._chunk(b"a" * 65_536)

    def mode_endless_empty(self) -> None:
        self._begin()
        while not self.faults.stopping.is_set():
            self._piece("")
            time.sleep(0.002)

    def mode_unavailable(self) -> None:
        self._refuse(503, "loading", {"Retry-After": "Wed, 21 Oct 2037 07:28:00 GMT"})

    def mode_busy_at_once(self) -> None:
        self._refuse(429, "slow down")

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _piece(self, text: str | None, finish: str | None = None) -> None:
        delta = {} if finish else {"role": "assistant", "content": text}
        self._event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    def _event(self, data: dict[str, Any]) -> None:
        frame = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        self._chunk(b"data: " + json.dumps({**frame, **data}).encode() + b"\n\n")

    def _end(self) -> None:
        self._piece(None, finish="stop")
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()

    def _until_hung_up(self) -> None:
        """Wait until the client has closed its side, which reads as an empty answer."""
        self.connection.settimeout(0.05)
        while not self.faults.stopping.is_set():
            try:
                gone = not self.connection.recv(1)
            except TimeoutError:
                continue
            if gone:
                self.faults.hung_up.set()
                return

    def _refuse(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"error": {"message": message, "type": "t", "code": status}}).encode()
        self._send(status, body, {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
