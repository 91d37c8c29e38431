#!/usr/bin/env python3
"""Behind a checkpoint: open conflicts stay open, writes go on from what their writer saw, and the past can be looked at."""

import json
import unittest

import support
from fleet import APPLY_TIMEOUT_S, redirect
from history_test import CONFLICT, NOT_FOUND, Pair
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

    def test_a_write_goes_on_from_what_its_writer_saw(self):
        old = self.revision()
        self.set("/routes/main", redirect("/mine"))
        for name, base in (("present", self.revision), ("HEAD", lambda: "HEAD")):
            self.checkpoint()
            self.node.starling("set", "/routes/main", json.dumps(redirect(f"/{name}")), "--base", base())
            self.assertEqual(self.node.get("/config/routes/main"), redirect(f"/{name}"))
        self.checkpoint()
        self.set("/routes/main", redirect("/theirs"), self.other)
        self.wait_agree()
        seen = self.revision()
        self.node.starling("set", "/routes/main", json.dumps(redirect("/upon theirs")), "--base", seen)
        # What has come since is still refused, and so is a base of which nobody can tell what came since.
        stale = self.node.starling("set", "/routes/main", "[]", "--base", seen, ok=False)
        self.assertEqual((stale.returncode, "changed since its base" in stale.stderr), (CONFLICT, True), stale)
        behind = self.node.starling("set", "/routes/main", "[]", "--base", old, ok=False)
        self.assertEqual(behind.returncode, CONFLICT)
        self.assertRegex(behind.stderr, f"behind the checkpoint baf.*{self.revision()[:8]}")
        self.assertEqual(self.node.get("/config/routes/main"), redirect("/upon theirs"))

    def test_the_past_can_be_looked_at_while_its_changes_are_held(self):
        old = self.revision()
        changes = [self.set("/settings/http/body_read_timeout", value, node)
                   for value, node in ((31, self.node), (32, self.node), (33, self.node))]
        self.wait_agree()
        looks = [f"/v1/diff?from={point}" for point in (old, "HEAD~1", "HEAD~3", changes[1])]
        looks += [f"/v1/changes/{change}" for change in changes] + ["/v1/history", "/v1/blame?path=/settings"]
        looks = [(node, look) for node in self.fleet.nodes for look in looks]
        before = [node.get(look) for node, look in looks]
        count = self.node.get("/v1/status")["changes"]
        for _ in range(2):
            self.checkpoint()
            for (node, look), answer in zip(looks, before):
                self.assertEqual(node.get(look), answer, (node.name, look))
            self.assertEqual({node.get("/v1/status")["changes"] for node in self.fleet.nodes}, {count})
        shown = self.node.starling("rollback", old, "--dry-run").stdout
        self.assertEqual(shown.splitlines(), ["~ /settings/http/body_read_timeout", "-   33", "+   20"])
        beyond = self.node.starling("diff", f"HEAD~{count}", ok=False)
        self.assertEqual(beyond.returncode, NOT_FOUND)
        self.assertIn(f"it has {count} changes", beyond.stderr)
        self.node.starling("revert", changes[2])
        self.assertEqual(self.node.get("/config/settings/http/body_read_timeout"), 32)
        self.node.starling("rollback", old, "--yes")
        self.assertEqual(self.node.configuration(), self.start)


if __name__ == "__main__":
    support.main(check_namespaces)
