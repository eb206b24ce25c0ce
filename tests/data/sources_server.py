"""A web server on this machine for the tests of downloads, which can misbehave in all the ways that matter."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """A file and how it is served.

    Attributes:
        content: Its bytes.
        drops: After so many bytes of each of the coming answers the connection is cut.
        statuses: Codes with which the coming requests are refused.
        ranges: Whether ``Range`` is heeded.
        conditions: Whether ``If-Range`` is heeded.
        etag: Its tag; "" sends none, None makes one of the content.
        pause: Seconds between blocks.
        block: Bytes of a block.
        headers: More headers for every answer.
        silent: Whether the server says nothing after the headers.
    """

    content: bytes
    drops: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ranges: bool = True
    conditions: bool = True
    etag: str | None = None
    pause: float = 0.0
    block: int = 1 << 16
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False

    @property
    def tag(self) -> str:
        return f'"{hashlib.md5(self.content).hexdigest()}"' if self.etag is None else self.etag


class Site(ThreadingHTTPServer):
    """The server: ``files`` by path, and by path the ranges asked for and the bytes at which answers began."""

    daemon_threads = True
    files: dict[str, Served]
    asked: dict[str, list[str]]
    began: dict[str, list[int]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        self.server.asked[path].append(self.headers.get("Range", ""))
        served = self.server.files.get(path)
        if served is None:
            self._refuse(404)
        elif served.statuses:
            self._refuse(served.statuses.pop(0), served.headers)
        else:
            self._send(served)

    def _refuse(self, code: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, served: Served) -> None:
        start = self._start(served)
        total = len(served.content)
        if start >= total > 0:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.began[self.path.lstrip("/")].append(start)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Content-Length", str(total - start))
        if served.tag:
            self.send_header("ETag", served.tag)
        for name, value in served.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self._body(served, served.content[start:])

    def _start(self, served: Served) -> int:
        asked, condition = self.headers.get("Range", ""), self.headers.get("If-Range")
        strong = None if served.tag.startswith("W/") else served.tag
        changed = served.conditions and condition not in (None, strong, served.headers.get("Last-Modified"))
        if not asked or not served.ranges or changed:
            return 0
        return int(asked.removeprefix("bytes=").rstrip("-"))

    def _body(self, served: Served, rest: bytes) -> None:
        allowed = served.drops.pop(0) if served.drops else len(rest)
        for place in range(0, min(allowed, len(rest)), served.block):
            if served.silent:
                time.sleep(1.0)
                return
            self.wfile.write(rest[place : min(place + served.block, allowed)])
            self.wfile.flush()
            time.sleep(served.pause)
        if allowed < len(rest):
            self.close_connection = True
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        return

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            return  # the client went away

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return


@contextmanager
def serving(files: dict[str, Served]) -> Iterator[Site]:
    """Runs a site with these files."""
    site = Site(("127.0.0.1", 0), Handler)
    site.files, site.asked, site.began = files, defaultdict(list), defaultdict(list)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join()
