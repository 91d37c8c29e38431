#!/usr/bin/env python3
"""Three nodes of the experiment in namespaces, each beside a socket that answers like Unit: one POST reaches all."""

import http.server
import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "interop"))
from peers import Lan, Peer, Unavailable, build_node_program  # noqa: E402

NODES = 3
MEET_TIMEOUT_S = 30


class UnitSocket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Keeps what was PUT to /config and gives it back."""

    daemon_threads = True

    def __init__(self, path: str):
        self.config = b"{}"
        super().__init__(path, Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def reply(self, body: bytes):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.reply(self.server.config)

    def do_PUT(self):
        self.server.config = self.rfile.read(int(self.headers["Content-Length"]))
        self.reply(b'{"success":"Reconfiguration done."}')

    def log_message(self, *_):
        pass


FETCH = """import sys, urllib.request as r
print(r.urlopen(r.Request(sys.argv[2], method=sys.argv[1]), timeout=10).read().decode())"""


def ask(lan: Lan, index: int, method: str, url: str):
    """What the node at that url answers to one in namespace `index`."""
    return json.loads(subprocess.run([*lan.prefix(index), sys.executable, "-c", FETCH, method, url], capture_output=True,
                                     text=True, check=True).stdout)


class Experiment(unittest.TestCase):
    def test_one_post_reaches_all(self):
        try:
            argv = build_node_program(HERE, "experiment")
            lan = self.enterContext(Lan(NODES))
        except Unavailable as reason:
            if os.environ.get("CI") == "true":
                raise
            self.skipTest(str(reason))
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        units, nodes = [], []
        for i in range(NODES):
            units.append(self.enterContext(UnitSocket(str(folder / f"{i}.sock"))))
            self.addCleanup(units[-1].shutdown)
            nodes.append(self.enterContext(Peer(argv, "--unit", str(folder / f"{i}.sock"), "--http", f"{lan.ip4(i)}:8000",
                                                name=f"node {i}", prefix=lan.prefix(i))))
        urls = [node.wait_event("ready")["http"] for node in nodes]
        deadline = time.monotonic() + MEET_TIMEOUT_S
        while any(len(ask(lan, i, "GET", f"{urls[i]}/peers")["subscribed"]) < NODES - 1 for i in range(NODES)):
            self.assertLess(time.monotonic(), deadline, "they have not all met")
            time.sleep(0.2)

        units[0].config = b'{"routes":[]}'
        self.assertEqual(ask(lan, 0, "POST", f"{urls[0]}/config"), {"success": f"Told {NODES - 1}."})
        for node, unit in zip(nodes[1:], units[1:]):
            self.assertEqual(node.wait_event("applied"), {"event": "applied", "from": urls[0], "status": 200})
            self.assertEqual(unit.config, units[0].config)
        (folder / "0.sock").unlink()
        ask(lan, 0, "POST", f"{urls[0]}/config")
        nodes[1].wait_event("failed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
