#!/usr/bin/env python3
"""Two hundred clients write at one node in one moment: each gets its own answer, and the Units are asked a few times only."""

import json
import os
import signal
import socket
import threading
import unittest

import data_planes
import support
from fleet import APPLY_TIMEOUT_S, REQUEST_TIMEOUT_S, Fleet, listener, redirect
from network import check_namespaces
from support import Unavailable, wait_until

CLIENTS = 200
BLOCK = 1 << 16
# The first write alone, the others in batches; and, of those that a Unit refuses, two PUTs for each halving.
MOST_PUTS = 12
MOST_PUTS_OF_THE_OTHER = 40
MOST_PUTS_A_CULPRIT = 20
REFUSED_BY_UNIT = [{"action": {"return": 12345}}]


class CountingRelay:
    """Stands before a Unit's control socket and counts the PUTs. Bytes pass unchanged."""

    def __init__(self, path, target):
        self.puts = 0
        self._target = str(target)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            threading.Thread(target=self._relay, args=(self._listener.accept()[0],), daemon=True).start()

    def _relay(self, client: socket.socket):
        with client, socket.socket(socket.AF_UNIX) as unit:
            try:
                unit.connect(self._target)
                back = threading.Thread(target=self._pass, args=(unit, client), daemon=True)
                back.start()
                self._pass(client, unit, count=True)
                back.join()
            except OSError:
                pass  # either side has gone, and sees that

    def _pass(self, source: socket.socket, sink: socket.socket, count: bool = False):
        while data := source.recv(BLOCK):
            if count and data.startswith(b"PUT "):
                self.puts += 1
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


class FleetBehindRelays(Fleet):
    def add_node(self, name: str, index: int, folder: str = ""):
        node = super().add_node(name, index, folder)
        path = node.directory / "relay.sock"
        node.relay = CountingRelay(path, node.data_plane.control)
        node.data_plane.argument = f"unit:{path}"
        return node


class Client:
    """One write, sent and answered apart."""

    def __init__(self, node, path: str, value):
        body = json.dumps(value).encode()
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(REQUEST_TIMEOUT_S)
        self._socket.connect(str(node.socket))
        self._socket.sendall(b"PUT %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                             % (path.encode(), len(body), body))

    def answer(self):
        """Status, headers by their lower-case names, and the body."""
        with self._socket:
            raw = b"".join(iter(lambda: self._socket.recv(BLOCK), b""))
        head, body = raw.split(b"\r\n\r\n", 1)
        status, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return int(status.split()[1]), headers, json.loads(body)


class Burst(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            data_planes.maker("unit")
        except Unavailable as reason:
            support.skip("unit", str(reason), optional=True)
        cls.fleet = cls.enterClassContext(FleetBehindRelays(names=("n1", "n2"), data_plane="unit"))
        cls.node, cls.other = cls.fleet.nodes

    def setUp(self):
        self.node.put("/config?ack=applied:all&timeout=30s",
                      {"listeners": listener(), "routes": {"main": redirect("/main")}, "settings": {"http": {}}})
        for node in self.fleet.nodes:
            node.relay.puts = 0

    def write_at_once(self, writes: list) -> list:
        """All are there before the node reads the first of them."""
        os.kill(self.node.pid, signal.SIGSTOP)
        try:
            clients = [Client(self.node, path, value) for path, value in writes]
        finally:
            os.kill(self.node.pid, signal.SIGCONT)
        return [client.answer() for client in clients]

    def test_many_writes_become_few_applies(self):
        answers = self.write_at_once([(f"/config/routes/c{i}", redirect(f"/c{i}")) for i in range(CLIENTS)])
        self.assertEqual([answer for answer in answers if answer[0] != 200], [])
        self.assertEqual(len({headers["starling-change"] for _, headers, _ in answers}), CLIENTS)
        puts = self.node.relay.puts
        wait_until(lambda: self.other.data_plane.get("/config") == self.node.configuration(), APPLY_TIMEOUT_S, "both run all")
        print(f"{CLIENTS} writes: {puts} PUTs at their own Unit, {self.other.relay.puts} at the other's", flush=True)
        self.assertLessEqual(puts, MOST_PUTS)
        self.assertLessEqual(self.other.relay.puts, MOST_PUTS_OF_THE_OTHER)
        routes = self.node.configuration()["routes"]
        self.assertEqual([i for i in range(CLIENTS) if routes.get(f"c{i}") != redirect(f"/c{i}")], [])

    def test_each_gets_its_own_answer(self):
        alone = self.node.api("PUT", "/config/routes/bad", REFUSED_BY_UNIT)
        self.assertEqual(alone.status, 400, alone)
        missing = self.node.api("PUT", "/config/nowhere/at/all", 1)
        self.assertEqual(missing.status, 404, missing)
        self.node.relay.puts = 0
        bad, lost = {20, 21, 150}, {5, 90}
        writes = []
        for i in range(CLIENTS):
            path = "/config/nowhere/at/all" if i in lost else f"/config/routes/c{i}"
            writes.append((path, REFUSED_BY_UNIT if i in bad else redirect(f"/c{i}")))
        answers = self.write_at_once(writes)
        routes = self.node.configuration()["routes"]
        for i, (status, headers, body) in enumerate(answers):
            expected = alone if i in bad else missing if i in lost else None
            self.assertEqual(status, expected.status if expected else 200, f"{i}: {body}")
            self.assertEqual("starling-change" in headers, expected is None, i)
            self.assertEqual(f"c{i}" in routes, expected is None, i)
            if i in lost:
                self.assertEqual(body, missing.json)
            if i in bad:
                self.assertEqual(body["error"], alone.json["error"])
        print(f"{CLIENTS} writes, {len(bad)} of them refused: {self.node.relay.puts} PUTs", flush=True)
        self.assertLessEqual(self.node.relay.puts, MOST_PUTS + len(bad) * MOST_PUTS_A_CULPRIT)
        wait_until(lambda: self.other.data_plane.get("/config") == self.node.configuration(), APPLY_TIMEOUT_S, "both run all")


if __name__ == "__main__":
    support.main(check_namespaces)
