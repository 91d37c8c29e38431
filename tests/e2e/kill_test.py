#!/usr/bin/env python3
"""kill -9 in mid-write, twenty times: nothing that was answered with 200 is ever lost."""

import random
import threading
import time
import unittest

import support
from fleet import APPLY_TIMEOUT_S, Fleet, listener, redirect
from network import check_namespaces
from support import wait_until

KILLS = 20
WRITERS = 4
# After how many answers the kill comes, and then at any moment of a write.
MOST_ANSWERS = 8
ANSWERS_TIMEOUT_S = 60
SEED = 20


class Writer(threading.Thread):
    """Writes keys of its own one after another until nobody answers any more."""

    def __init__(self, node, prefix: str):
        super().__init__()
        self.acknowledged = []
        self.refused = []
        self._node = node
        self._prefix = prefix

    def run(self):
        number = 0
        while True:
            key = f"{self._prefix}x{number}"
            number += 1
            try:
                reply = self._node.api("PUT", f"/config/routes/{key}", redirect(f"/{key}"))
            except OSError:
                return  # unknown outcome: nothing was promised
            if reply.status == 200:
                self.acknowledged.append(key)
            else:
                self.refused.append(f"{key}: {reply}")


class KillMinus9(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet())
        whole = {"listeners": listener(), "routes": {"main": redirect("/")}}
        cls.fleet[0].put("/config?ack=applied:all&timeout=30s", whole)

    def test_nothing_acknowledged_is_lost(self):
        victim = self.fleet[2]
        chance = random.Random(SEED)
        begun = time.monotonic()
        victim.put("/config/routes/first", redirect("/first"))
        self.write_s = time.monotonic() - begun
        promised = set()
        for kill in range(KILLS):
            # Each second time nobody else can have the records: what is there afterwards was on the victim's own disk.
            alone = kill % 2 == 1
            if alone:
                self.fleet.cut(victim)
            promised |= self.killed_while_writing(victim, kill, chance)
            victim.restart()
            missing = promised - set(victim.configuration()["routes"])
            self.assertEqual(missing, set(), f"after kill {kill + 1}, {'cut off' if alone else 'connected'}")
            self.fleet.heal()
        print(f"{len(promised)} acknowledged writes over {KILLS} kills", flush=True)
        self.assertGreater(len(promised), KILLS)
        wait_until(lambda: self.fleet.agree() and promised <= set(self.fleet[0].configuration()["routes"]),
                   APPLY_TIMEOUT_S, "all hold all that was acknowledged")

    def test_a_fleet_that_lost_its_power_comes_together_again(self):
        for node in self.fleet.nodes:
            node.kill()
        for node in self.fleet.nodes:
            node.start()
        for node in self.fleet.nodes:
            node.wait_ready()
        # They listen on other ports than before.
        self.fleet.wait_together()
        self.fleet[1].put("/config/routes/main?ack=applied:all&timeout=30s", redirect("/again"))
        for node in self.fleet.nodes:
            self.assertEqual(node.serve().location, "/again", node.name)

    def killed_while_writing(self, victim, kill: int, chance: random.Random) -> set:
        """The keys that were acknowledged until the kill."""
        writers = [Writer(victim, f"k{kill}w{number}") for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        answers = chance.randint(0, MOST_ANSWERS)
        wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) >= answers, ANSWERS_TIMEOUT_S,
                   f"{answers} writes are answered", interval=0.001)
        time.sleep(chance.uniform(0, self.write_s))
        victim.kill()
        for writer in writers:
            writer.join()
        self.assertEqual([why for writer in writers for why in writer.refused], [])
        return {key for writer in writers for key in writer.acknowledged}


if __name__ == "__main__":
    support.main(check_namespaces)
