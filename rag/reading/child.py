"""The process that reads documents for `worker`: `python -m rag.reading.child SECONDS BYTES`.

It is given no key and no socket, may take `BYTES` of memory (on Linux), and dies by its own alarm
when a document takes longer than `SECONDS` and nobody is left to kill it. Frames on its pipes are a
length of eight bytes and that many bytes.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import struct
import sys
from typing import IO

from rag.errors import CorpusError
from rag.reading.documents import prepare, read

LENGTH = struct.Struct(">Q")
LONGEST = 64_000_000
"""Bytes of an answer."""
_FORBIDDEN = frozenset(
    "socket.connect socket.getaddrinfo socket.sendto subprocess.Popen os.system os.exec os.fork"
    " os.posix_spawn os.forkpty".split()
)
"""What reading a document never does."""


def main() -> None:
    """Answer requests until the pipe closes: a header, then a body, then the answer."""
    seconds, memory = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.disable()
    _limit(memory)
    sys.addaudithook(_refuse)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints must not come between the frames
    while header := receive(source):
        request = json.loads(header)
        prepare(request["kind"])
        send(sink, b"{}")
        body = receive(source)
        signal.alarm(seconds + 5)
        answer = _answer(request, body)
        signal.alarm(0)
        send(sink, answer)


def receive(source: IO[bytes]) -> bytes:
    """The next frame; empty at the end."""
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return b""
    (size,) = LENGTH.unpack(head)
    body = source.read(size)
    return body if len(body) == size else b""


def send(sink: IO[bytes], body: bytes) -> None:
    """Write a frame."""
    sink.write(LENGTH.pack(len(body)) + body)
    sink.flush()


def _answer(request: dict[str, str], body: bytes) -> bytes:
    try:
        records = read(request["kind"], body, request["url"], request["off"])
    except CorpusError as error:
        return json.dumps({"refused": str(error)}).encode()
    except MemoryError:
        return b'{"died": "memory"}'
    answer = json.dumps({"records": records}).encode()
    if len(answer) > LONGEST:
        return json.dumps({"refused": "holds too much text for one document; split it"}).encode()
    return answer


def _limit(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere the limit is not kept, or counts what is shared too
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _refuse(event: str, _: object) -> None:
    if event in _FORBIDDEN:
        os.write(2, f"forbidden: {event}\n".encode())
        os._exit(3)


if __name__ == "__main__":
    main()
