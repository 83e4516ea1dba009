"""A page on the workspace's own loopback. Needs nothing but Python.

Change GREETING in devfile.yaml or the page below, run `python3 server.py`, and reload.
"""

import html
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = Path(__file__).with_name("index.html")


def page(greeting: str) -> str:
    """The page with its greeting in it."""
    return PAGE.read_text(encoding="utf-8").replace("{{greeting}}", html.escape(greeting))


class Handler(BaseHTTPRequestHandler):
    """Answers every path with the page."""

    def do_GET(self) -> None:
        body = page(os.environ.get("GREETING", "Hello")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    # Loopback is enough: the gateway comes in by the workspace's own door.
    address = ("127.0.0.1", int(os.environ.get("PORT", "3000")))
    try:
        server = ThreadingHTTPServer(address, Handler)
    except OSError as error:
        # Where workspaces share a machine they share its ports, too.
        sys.exit(f"port {address[1]}: {error.strerror}; try PORT=3001 python3 server.py")
    print(f"serving on http://{address[0]}:{address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
