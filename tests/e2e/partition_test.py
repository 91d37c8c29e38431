#!/usr/bin/env python3
"""A node is cut off, both sides go on writing, and 30 s after the network is whole again all agree."""

import time
import unittest

import support
from fleet import Fleet, listener, redirect
from network import check_namespaces
from support import wait_until

# Longer than it takes to notice that a connection is dead: the nodes must find one another again.
CUT_S = 20
# The promise itself, so not ten times of it.
HEAL_TIMEOUT_S = 30


def by_uri(*names: str) -> list:
    return [{"match": {"uri": f"/{name}"}, "action": {"pass": f"routes/{name}"}} for name in names]


class Partition(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        names = ("left", "right", "both")
        routes = {"main": by_uri(*names), **{name: redirect("/before") for name in names}}
        cls.fleet[0].put("/config?ack=applied:all&timeout=30s", {"listeners": listener(), "routes": routes})

    def test_both_sides_write_and_agree_once_healed(self):
        left, witness, right = self.fleet.nodes
        self.fleet.cut(right)
        begun = time.monotonic()
        left.put("/config/routes/left", redirect("/by-left"))
        right.put("/config/routes/right", redirect("/by-right"))
        witness.wait_serves("/by-left", "/left")
        lost = {side.name: side.put("/config/routes/both", redirect(f"/of-{side.name}")).headers["Starling-Change"]
                for side in (left, right)}
        self.assertEqual(right.serve("/left").location, "/before")
        self.assertEqual(right.serve("/both").location, f"/of-{right.name}")
        witness.wait_serves(f"/of-{left.name}", "/both")
        time.sleep(max(0.0, begun + CUT_S - time.monotonic()))
        self.assertEqual(witness.serve("/right").location, "/before")

        self.fleet.heal()
        healed = time.monotonic()
        wait_until(self.settled, HEAL_TIMEOUT_S, "all agree and serve both sides' changes")
        print(f"agreed {time.monotonic() - healed:.1f} s after healing", flush=True)
        self.assert_conflict_shown(lost)

    def settled(self) -> bool:
        served = [(node.serve("/left").location, node.serve("/right").location, node.serve("/both").location)
                  for node in self.fleet.nodes]
        return served[0][:2] == ("/by-left", "/by-right") and len(set(served)) == 1 and self.fleet.agree()

    def assert_conflict_shown(self, changes: dict):
        winner_location = self.fleet[0].serve("/both").location
        winner = changes[winner_location.removeprefix("/of-")]
        loser = next(change for change in changes.values() if change != winner)
        for node in self.fleet.nodes:
            conflicts = node.get("/v1/conflicts")["conflicts"]
            self.assertEqual([(c["path"], c["winner"], c["loser"]) for c in conflicts], [("/routes/both", winner, loser)])
            self.assertEqual(conflicts[0]["theirs"], redirect(winner_location))
            self.assertEqual(conflicts[0]["stands"], redirect(winner_location))
            self.assertEqual(conflicts[0]["base"], redirect("/before"))
            self.assertEqual(node.get(f"/v1/changes/{loser}")["state"], "lost")
            shown = node.starling("conflicts").stdout
            self.assertIn("/routes/both", shown)
            self.assertIn(loser, shown)
            self.assertEqual(node.get("/v1/status")["conflicts"], 1)


if __name__ == "__main__":
    support.main(check_namespaces)
