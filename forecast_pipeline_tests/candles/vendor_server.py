"""A vendor's server on the loopback that misbehaves on order."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class VendorServer:
    """Serves bodies by path; a path may first misbehave a number of times.

    ``faults[path]`` is a list of what to do instead of answering, used up one by one: a status, ``"cut"`` (half the
    body under the full length), ``"hang"`` (silence), ``"page"`` (HTML), ``"drop"`` (the connection), ``"loop"``
    (a redirect to itself).
    """

    def __init__(self):
        self.bodies = {}
        self.forms = {}
        self.faults = {}
        self.asked = Counter()
        self.headers = []
        self.posted = []
        self.url = ""

    def answer(self, path, form):
        """Body for a request, or None."""
        if form is not None:
            self.posted.append(form)
            return self.forms.get(path)
        return self.bodies.get(path)


@contextlib.contextmanager
def serving(server):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self, form=None):  # the name is the base class's
            server.asked[self.path] += 1
            server.headers.append(dict(self.headers))
            waiting = server.faults.get(self.path, [])
            fault = waiting.pop(0) if waiting else None
            body = server.answer(self.path, form)
            if isinstance(fault, int):
                self.send_response(fault)
                self.send_header("Retry-After", "7")
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif fault == "loop":
                self.send_response(302)
                self.send_header("Location", self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif fault == "drop":
                self.close_connection = True
            elif fault == "hang":
                time.sleep(0.6)
            elif body is None:
                self.send_error(404)
            else:
                content = b"<html><body>Bad gateway</body></html>" if fault == "page" else body
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content[: len(content) // 2] if fault == "cut" else content)

        def do_POST(self):  # the name is the base class's
            self.do_GET(self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *_):
            """Say nothing."""

        def handle(self):
            with contextlib.suppress(ConnectionError):
                super().handle()

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    server.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
