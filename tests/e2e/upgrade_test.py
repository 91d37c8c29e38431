#!/usr/bin/env python3
"""The last release and this version in one fleet: upgraded node by node, and back, while both write."""

import json
import subprocess
import sys
import unittest

import releases
import support
from fleet import APPLY_TIMEOUT_S, Fleet, listener, redirect
from network import check_namespaces
from support import Options, wait_until


class Upgrade(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.old = releases.binary()
        cls.fleet = cls.enterClassContext(Fleet(binary=cls.old))
        cls.fleet[0].put("/config", {"listeners": listener(), "routes": {"main": redirect("/")}})
        cls.written = {"main"}

    def test_node_by_node_and_back(self):
        self.everyone_writes()
        for binary in (Options.binary, self.old, Options.binary):
            for node in self.fleet.nodes:
                with self.subTest(node=node.name, binary=binary):
                    self.exchange_binary(node, binary)
                    self.versions_are_told()
                    self.everyone_writes()
        ours = json.loads(self.fleet[0].starling("version", "--json", with_state=False).stdout)["version"]
        self.assertEqual({node.get("/v1/status")["version"] for node in self.fleet.nodes}, {ours})

    def exchange_binary(self, node, binary):
        node.terminate()
        self.assertEqual(node.exit_code, 0)
        node.binary = binary
        node.restart()
        self.fleet.wait_together()

    def versions_are_told(self):
        """Each node that can tell it tells which version every node runs."""
        runs = {node.name: self.version_of(node.binary) for node in self.fleet.nodes}
        self.assertNotEqual(self.version_of(self.old), self.version_of(Options.binary))
        for node in self.fleet.nodes:
            if node.binary == Options.binary:
                wait_until(lambda: {told["name"]: told["version"] for told in node.get("/v1/nodes")["nodes"]} == runs,
                           APPLY_TIMEOUT_S, f"{node.name} tells the versions {runs}")

    def version_of(self, binary) -> str:
        return json.loads(subprocess.run([binary, "version", "--json"], check=True, capture_output=True).stdout)["version"]

    def everyone_writes(self):
        """What each of the nodes writes is served by all of them, and all call it by one revision."""
        for node in self.fleet.nodes:
            name = f"r{len(self.written)}"
            node.put(f"/config/routes/{name}", redirect(f"/{name}"))
            self.written.add(name)
        wait_until(lambda: all(set(node.configuration()["routes"]) == self.written for node in self.fleet.nodes),
                   APPLY_TIMEOUT_S, "all have what each has written")
        wait_until(self.fleet.agree, APPLY_TIMEOUT_S, "all are at one revision")
        self.fleet[0].put("/config/routes/main", redirect(f"/main-{len(self.written)}"))
        for node in self.fleet.nodes:
            node.wait_serves(f"/main-{len(self.written)}")


def check():
    check_namespaces()
    if not releases.in_history():
        print(f"SKIP upgrade: this clone does not hold {releases.last_release()}", flush=True)
        sys.exit(support.SKIPPED)
    releases.binary()


if __name__ == "__main__":
    support.main(check)
