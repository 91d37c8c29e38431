#!/usr/bin/env python3
"""What an operator is told of a fleet in trouble, by every way there is to ask."""

import json
import unittest

import support
from fleet import Fleet
from network import check_namespaces
from support import wait_until

# Three heartbeats of 30 s, and as much again.
STALE_TIMEOUT_S = 180


class Alarms(unittest.TestCase):
    def test_a_node_that_falls_silent_is_told_until_it_is_back(self):
        fleet = self.enterContext(Fleet(names=("n1", "n2"), data_plane="none"))
        one, two = fleet.nodes
        self.assertEqual(one.get("/v1/alarms"), {"alarms": []})
        self.assertEqual(one.starling("alarms").stdout, "no alarm stands\n")
        # Only of whom more than one status has come it is certain that they were not old.
        wait_until(lambda: (one.get("/v1/nodes")["nodes"][1]["clock_offset_ms"]) is not None
                   and (one.get("/v1/nodes")["nodes"][0]["clock_offset_ms"]) is not None, STALE_TIMEOUT_S, "n1 has heard n2")
        two.kill()
        alarm = wait_until(lambda: next(iter(one.get("/v1/alarms")["alarms"]), None), STALE_TIMEOUT_S, "n2 is stale")
        self.assertEqual((alarm["kind"], alarm["name"], alarm["peer"]), ("stale", "n2", two.peer))
        self.assertGreaterEqual(alarm["age_ms"], 90_000, "since it was heard last")
        told = one.starling("alarms").stdout
        self.assertRegex(told, r"^stale: n2, for \d+m\n  nothing was heard of this node")
        self.assertRegex(one.starling("status").stdout, r"\nalarm +stale: n2, for \d+m\n")
        for command in ("alarms", "status"):
            self.assertEqual(json.loads(one.starling(command, "--json").stdout)["alarms"][0]["kind"], "stale")
        self.assertIn('\nstarling_alarms{kind="stale"} 1\n', one.api("GET", "/metrics").body.decode())
        self.assertTrue(any(" alarm " in f" {line} " and "kind=stale" in line for line in one.said()), "it is in the log")
        two.restart()
        wait_until(lambda: one.get("/v1/alarms") == {"alarms": []}, STALE_TIMEOUT_S, "it is over")


if __name__ == "__main__":
    support.main(check_namespaces)
