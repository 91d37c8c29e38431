#!/usr/bin/env python3
"""Two daemons, both written to, one or both killed with -9 again and again: nothing that was answered with 200 is ever lost.

STARLING_KILLS: how many times (20); `./dev soak` asks for more. STARLING_KILL_SEED: of the moments and the victims.
"""

import os
import random
import threading
import time
import unittest

import support
from fleet import APPLY_TIMEOUT_S, Fleet, listener, redirect
from network import check_namespaces
from support import wait_until

KILLS = int(os.environ.get("STARLING_KILLS", "20"))
SEED = int(os.environ.get("STARLING_KILL_SEED", "20"))
WRITERS_A_NODE = 3
# Between two writes of one writer, and between two kills.
MOST_PAUSE_S = 0.02
LEAST_LIFE_S, MOST_LIFE_S = 0.05, 0.4
# While a daemon is away: it is started again at once.
AWAY_PAUSE_S = 0.02
PROGRESS_EVERY = 20
PAGE = 1000


class Writer(threading.Thread):
    """Sets one key at one node to 1, 2, 3, ..., whether the daemon is there or not, until it is stopped."""

    def __init__(self, node, key: str, seed: str):
        super().__init__(daemon=True)
        self.node, self.key = node, key
        self.tried = 0
        self.acknowledged = 0
        self.changes = []  # that were acknowledged, in order
        self.refused = []
        self._chance = random.Random(seed)
        self._stopped = threading.Event()

    def run(self):
        while not self._stopped.is_set():
            self.tried += 1
            try:
                reply = self.node.api("PUT", f"/config/routes/{self.key}", redirect(f"/{self.tried}"))
            except OSError:
                # Unknown outcome: nothing was promised.
                time.sleep(AWAY_PAUSE_S)
                continue
            if reply.status == 200:
                self.changes.append(reply.headers["Starling-Change"])
                self.acknowledged = self.tried
            else:
                self.refused.append(f"{self.key}: {reply}")
            time.sleep(self._chance.uniform(0, MOST_PAUSE_S))

    def stop(self):
        self._stopped.set()
        self.join()

    def value(self, configuration) -> int:
        """What it wrote last, as far as that configuration shows; 0 for nothing."""
        route = configuration["routes"].get(self.key)
        return int(route[0]["action"]["location"].removeprefix("/")) if route else 0


def all_changes(node) -> list:
    """Their ids, oldest first."""
    ids, after = [], ""
    while True:
        page = node.get(f"/v1/changes?limit={PAGE}{after}")
        ids += [change["id"] for change in page["changes"]]
        if page["next"] is None:
            return ids[::-1]
        after = f"&after={page['next']}"


class KillMinus9(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"{KILLS} kills, seed {SEED}", flush=True)
        cls.fleet = cls.enterClassContext(Fleet(names=("n1", "n2")))
        whole = {"listeners": listener(), "routes": {"main": redirect("/")}}
        cls.fleet[0].put("/config?ack=applied:all&timeout=30s", whole)

    def test_nothing_acknowledged_is_lost_and_no_store_is_refused(self):
        chance = random.Random(SEED)
        nodes = self.fleet.nodes
        writers = [Writer(node, f"{node.name}w{i}", f"{SEED} {node.name} {i}") for node in nodes for i in range(WRITERS_A_NODE)]
        for writer in writers:
            writer.start()
        for kill in range(1, KILLS + 1):
            victims = chance.choice(([nodes[0]], [nodes[1]], nodes))
            # Each second time nobody else can have the records: what is there afterwards was on the victim's own disk.
            if kill % 2 == 0:
                self.fleet.cut(nodes[0])
            time.sleep(chance.uniform(LEAST_LIFE_S, MOST_LIFE_S))
            self.kill_and_restart(victims, [writer for writer in writers if writer.node in victims], kill)
            self.fleet.heal()
            if kill % PROGRESS_EVERY == 0:
                print(f"{kill} kills, {sum(len(writer.changes) for writer in writers)} acknowledged writes", flush=True)
        for writer in writers:
            writer.stop()
        self.assertEqual([why for writer in writers for why in writer.refused], [])
        self.assertGreater(sum(len(writer.changes) for writer in writers), KILLS)
        begun = time.monotonic()
        wait_until(self.fleet.agree, APPLY_TIMEOUT_S, "both agree")
        print(f"both agree after {time.monotonic() - begun:.1f} s", flush=True)
        for node in nodes:
            self.assert_holds_all(node, writers)

    def kill_and_restart(self, victims: list, writers: list, kill: int):
        promised = {writer.key: writer.acknowledged for writer in writers}
        for victim in victims:
            victim.kill()
        for victim in victims:
            victim.start()
        for victim in victims:
            victim.wait_ready()  # or it says why it ended
        for writer in writers:
            self.assertGreaterEqual(writer.value(writer.node.configuration()), promised[writer.key],
                                    f"{writer.key} after kill {kill}, seed {SEED}")

    def assert_holds_all(self, node, writers: list):
        place = {change: number for number, change in enumerate(all_changes(node))}
        configuration = node.configuration()
        for writer in writers:
            missing = [change for change in writer.changes if change not in place]
            self.assertEqual(missing, [], f"acknowledged to {writer.key}, and not at {node.name}")
            places = [place[change] for change in writer.changes]
            self.assertEqual(places, sorted(places), f"{writer.key} at {node.name}: not in the order of writing")
            self.assertGreaterEqual(writer.value(configuration), writer.acknowledged, f"{writer.key} at {node.name}")
            self.assertLessEqual(writer.value(configuration), writer.tried, f"{writer.key} at {node.name}")

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


if __name__ == "__main__":
    support.main(check_namespaces)
