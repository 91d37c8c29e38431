#!/usr/bin/env python3
"""A hundred clients write at once, through one node and through all: all are answered, all is applied everywhere."""

import threading
import time
import unittest

import data_planes
import support
from fleet import APPLY_TIMEOUT_S, Fleet, listener, redirect
from network import check_namespaces
from support import wait_until

CLIENTS = 100
# nginx takes up to half a second for each write on a busy machine, and they go one after another.
ANSWER_TIMEOUT_S = 300


def key(number: int) -> str:
    return f"client{number}"


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if data_planes.find_unitd() is None:
            # nginx is the data plane then, which is as much as a machine without Unit can show.
            print("SKIP unit: no unitd is here (name it with UNITD); nginx takes its place", flush=True)
        cls.fleet = cls.enterClassContext(Fleet())
        main = [{"match": {"uri": f"/{key(n)}"}, "action": {"pass": f"routes/{key(n)}"}} for n in range(CLIENTS)]
        routes = {"main": main, **{key(n): redirect("/before") for n in range(CLIENTS)}}
        cls.fleet[0].put("/config?ack=applied:all&timeout=30s", {"listeners": listener(), "routes": routes})

    def test_writers_at_every_node_at_once(self):
        self.assert_written(self.fleet.nodes, "everywhere")

    def test_a_hundred_writers_at_one_node(self):
        self.assert_written(self.fleet.nodes[:1], "here")

    def assert_written(self, nodes, word: str):
        controllers = self.controllers()
        replies = self.write_at_once(nodes, word)
        self.assertEqual([reply for reply in replies if getattr(reply, "status", None) != 200], [])
        changes = {reply.headers["Starling-Change"] for reply in replies}
        self.assertEqual(len(changes), CLIENTS, "each write is a change of its own")
        wait_until(self.fleet.agree, APPLY_TIMEOUT_S, "all nodes agree")
        for node in self.fleet.nodes:
            for number in range(CLIENTS):
                node.wait_serves(f"/{word}/{number}", f"/{key(number)}")
        self.assertEqual(self.controllers(), controllers, "Unit's controllers have not been restarted")

    def write_at_once(self, nodes, word: str) -> list:
        """Each client its own key, at the nodes in turn."""
        replies = [None] * CLIENTS
        go = threading.Barrier(CLIENTS)

        def write(number: int):
            go.wait()
            try:
                replies[number] = nodes[number % len(nodes)].api(
                    "PUT", f"/config/routes/{key(number)}", redirect(f"/{word}/{number}"), timeout=ANSWER_TIMEOUT_S)
            except OSError as error:
                replies[number] = error

        threads = [threading.Thread(target=write, args=(number,)) for number in range(CLIENTS)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - begun
        print(f"{CLIENTS} parallel writes at {len(nodes)} of the nodes answered in {took:.1f} s", flush=True)
        return replies

    def controllers(self) -> list:
        return [node.data_plane.controller_pid() for node in self.fleet.nodes if node.data_plane.kind == "unit"]


if __name__ == "__main__":
    support.main(check_namespaces)
