#!/usr/bin/env python3
"""Five nodes, each 150 ms away from every other, with two of a hundred packets lost: changes reach all, and no
connection that stood is lost, for five minutes."""

import os
import time
import unittest

import support
from fleet import Fleet, listener, redirect
from network import check_namespaces
from slow_lan import SlowLan
from support import wait_until

ONE_WAY_MS, LOSS = 150, 0.02
NODES = tuple(f"n{number}" for number in range(1, 6))
# Both sides dial at first, and one connection of each two is let go.
SETTLE_S = 20
WATCH_S = 300
BETWEEN_WRITES_S = 20
APPLY_TIMEOUT_S = 60


class SlowLink(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["STARLING_LOG"] = "debug"
        cls.fleet = cls.enterClassContext(Fleet(names=NODES, lan=lambda count: SlowLan(count, ONE_WAY_MS, LOSS)))

    def closed(self) -> int:
        """Connections that any of them has lost so far."""
        return sum(line.startswith("connection.closed") or " connection.closed " in line
                   for node in self.fleet.nodes for line in node.said())

    def test_changes_reach_all_and_no_connection_flaps(self):
        self.fleet[0].put("/config", {"listeners": listener(), "routes": {"main": redirect("/begin")}}, timeout=APPLY_TIMEOUT_S)
        time.sleep(SETTLE_S)
        closed_before = self.closed()
        until, number, delays = time.monotonic() + WATCH_S, 0, []
        while time.monotonic() < until:
            location = f"/slow-{number}"
            begun = time.monotonic()
            self.fleet[number % len(NODES)].put("/config/routes/main", redirect(location), timeout=APPLY_TIMEOUT_S)
            for node in self.fleet.nodes:
                node.wait_serves(location, timeout=APPLY_TIMEOUT_S)
            delays.append(time.monotonic() - begun)
            number += 1
            time.sleep(min(BETWEEN_WRITES_S, max(0.0, until - time.monotonic())))
        for node in self.fleet.nodes:
            said = "\n".join(node.said())
            self.assertRegex(said, r'peer\.connected .*transport=\w+ why="', f"{node.name} says what it chose, and why")
        delays.sort()
        print(f"{len(delays)} changes, until all served it: median {delays[len(delays) // 2]:.2f} s, "
              f"longest {delays[-1]:.2f} s", flush=True)
        self.assertEqual(self.closed(), closed_before, "a connection was lost")
        wait_until(self.fleet.agree, APPLY_TIMEOUT_S, "all agree")


if __name__ == "__main__":
    support.main(check_namespaces)
