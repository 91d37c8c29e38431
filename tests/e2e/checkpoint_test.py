#!/usr/bin/env python3
"""Behind a checkpoint: open conflicts stay open, writes go on from what their writer saw, and the past can be looked at."""

import json
import unittest

import support
from fleet import APPLY_TIMEOUT_S
from history_test import Pair
from network import check_namespaces
from support import wait_until


class Checkpoint(Pair):
    def checkpoint(self):
        """Written by the founder's root key; both begin with it when this returns."""
        def adopted(node):
            return sum(" checkpoint.adopted " in line for line in node.said())
        before = [adopted(node) for node in self.fleet.nodes]
        self.node.starling("checkpoint", "--key", self.node.state / "root.key")
        for node, count in zip(self.fleet.nodes, before):
            wait_until(lambda: adopted(node) > count, APPLY_TIMEOUT_S, f"{node.name} begins with the checkpoint")
        self.wait_agree()

    def conflicts(self, node):
        return json.loads(node.starling("conflicts", "--json").stdout)["conflicts"]

    def test_open_conflicts_stay_open(self):
        loser, winner = self.apart((self.node, "/settings/http/body_read_timeout", 76),
                                   (self.other, "/settings/http/body_read_timeout", 77))
        before = self.conflicts(self.node)
        self.assertEqual([(one["loser"], one["winner"], one["base"], one["mine"], one["theirs"]) for one in before],
                         [(loser, winner, 20, 76, 77)])
        for _ in range(2):  # and behind the next one
            self.checkpoint()
            for node in self.fleet.nodes:
                self.assertEqual(self.conflicts(node), before)
                self.assertEqual(node.get("/v1/status")["conflicts"], 1)
        self.set("/settings/http/header_read_timeout", 11)
        self.assertEqual(self.conflicts(self.node)[0]["id"], before[0]["id"], "that was another place")
        self.other.starling("reapply", before[0]["id"])
        self.wait_agree()
        self.assertEqual(self.node.get("/config/settings/http/body_read_timeout"), 76)
        for node in self.fleet.nodes:
            self.assertEqual(self.conflicts(node), [])


if __name__ == "__main__":
    support.main(check_namespaces)
