#!/usr/bin/env python3
"""Admins: how a fleet gets them, and what they do that nobody else may."""

import json
import unittest

import support
from fleet import APPLY_TIMEOUT_S, JOIN_TIMEOUT_S, Fleet
from network import check_namespaces
from support import wait_until

USAGE, NOT_FOUND, NOT_ALLOWED = 2, 3, 6
# The nodes look every 30 to 90 seconds whether an anchor is due.
DUE_TIMEOUT_S = 150


class Admins(unittest.TestCase):
    """An operator that holds the root key, and another. Without an anchor of the founder's: the first change makes one due."""

    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet(names=("n1", "n2"), data_plane="none", spare=1, init_flags=("--merge-level", "1")))
        cls.founder, cls.other = cls.fleet.nodes

    def assert_exit(self, code: int, says: str, node, *args):
        done = node.starling(*args, ok=False)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}{done.stderr}")
        self.assertRegex(done.stderr, says)

    def role(self, of, seen_by) -> str:
        return next(node["role"] for node in seen_by.get("/v1/nodes")["nodes"] if node["name"] == of.name)

    def anchors(self, node) -> list:
        return json.loads(node.starling("anchors", "--json").stdout)["anchors"]

    def test_a_fleet_gets_an_admin_who_writes_anchors_by_himself_and_lets_others_in(self):
        self.founder.put("/config/routes", {})
        self.assert_exit(NOT_ALLOWED, "starling grant NODE --role admin", self.founder, "invite", "--role", "admin")
        self.assert_exit(NOT_ALLOWED, "role operator can't grant the role admin.*root", self.other, "grant", "n2", "--role", "admin")
        self.assert_exit(NOT_FOUND, "no node is called n9", self.founder, "grant", "n9", "--role", "admin")
        self.assert_exit(USAGE, "--role is admin or operator", self.founder, "grant", "n2", "--role", "root")
        self.founder.starling("label", "n2", "site=syd")
        self.assertEqual(self.anchors(self.founder), [])

        granted = json.loads(self.founder.starling("grant", "n2", "--role", "admin", "--json").stdout)
        self.assertEqual(granted, {"peer": self.other.peer, "name": "n2", "role": "admin"})
        self.assertEqual(self.founder.starling("grant", "n2", "--role", "operator").stdout, "n2 admin\n", "nobody is lowered")
        for node in self.fleet.nodes:
            wait_until(lambda: self.role(self.other, node) == "admin", APPLY_TIMEOUT_S, f"{node.name} knows the admin")
            self.assertRegex(node.starling("nodes").stdout, r"n2 +admin +[^ ]+ +site=syd")
        self.assertRegex(self.other.starling("status").stdout, r"role +admin")
        self.other.put("/config/routes/on", [])  # what it wrote under its older grant is still there, and it writes on

        self.lets_an_admin_in()
        written = wait_until(lambda: self.anchors(self.founder), DUE_TIMEOUT_S, "an anchor by policy")[0]
        self.assertEqual((written["kind"], written["is_base"], written["level"]), ("anchor", False, None))
        self.assertIn(written["author_name"], ("n2", "n3"))
        self.assertGreater(written["records"], 5)

        # Who holds no root key of its own writes them as itself.
        checkpoint = json.loads(self.other.starling("checkpoint", "--json").stdout)["id"]
        newest = self.anchors(self.other)[0]
        self.assertEqual((newest["id"], newest["kind"], newest["author_name"]), (checkpoint, "checkpoint", "n2"))
        wait_until(lambda: self.anchors(self.founder)[0]["is_base"], APPLY_TIMEOUT_S, "the fold begins with it")
        self.assertRegex(self.founder.starling("anchors").stdout, rf"checkpoint \(base\) +n2 +\d+ +[0-9a-f]{{8}} +{checkpoint}")

    def lets_an_admin_in(self):
        token = self.other.starling("invite", "--role", "admin", "--key", self.founder.state / "root.key", "--json").stdout
        third = self.fleet.add_node("n3", 2)
        third.starling("join", json.loads(token)["token"], *self.fleet.node_flags(third))
        third.start()
        third.wait_ready()
        third.wait_joined()
        wait_until(lambda: self.role(third, self.founder) == "admin", JOIN_TIMEOUT_S, "n3 is an admin")


if __name__ == "__main__":
    support.main(check_namespaces)
