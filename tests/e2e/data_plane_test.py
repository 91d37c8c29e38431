#!/usr/bin/env python3
"""A node and its data plane: the first apply, a data plane that goes away, and one that drifts."""

import json
import time
import unittest

import data_planes
import support
from fleet import APPLY_TIMEOUT_S, Fleet, listener, redirect
from network import check_namespaces
from support import Unavailable, wait_until

OWN = {"listeners": {"*:8080": {"pass": "routes"}}, "routes": redirect("/own"), "applications": {}}


def skip_without(kind: str):
    try:
        data_planes.maker(kind)
    except Unavailable as reason:
        # Unit is in no distribution: where it is missing, CI goes without it.
        support.skip(kind, str(reason), optional=kind == "unit")


class OnUnit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        skip_without("unit")
        cls.fleet = cls.enterClassContext(Fleet(names=("n1", "n2"), data_plane="unit", spare=1))
        cls.spare_at = 2
        cls.node, cls.other = cls.fleet.nodes
        cls.node.put("/config?ack=applied:all&timeout=30s", {"listeners": listener(), "routes": {"main": redirect("/fleet")}})

    def events(self, node) -> list:
        return [line for line in node.said() if "dataplane." in line]

    # ---- away ----

    def test_while_the_data_plane_is_unreachable_a_write_is_503_and_nothing_changes(self):
        before = self.node.get("/v1/status")["revision"]
        changes = self.node.get("/v1/changes")["changes"][0]["id"]
        self.node.data_plane.stop()
        self.addCleanup(self.node.data_plane.start)
        for method, path, body in (("PUT", "/config/routes/main", redirect("/lost")), ("DELETE", "/config/routes/main/0", None),
                                   ("POST", "/config", b"")):
            reply = self.node.api(method, path, body)
            self.assertEqual(reply.status, 503, reply)
            self.assertIn("Nothing has changed", reply.json["detail"])
        self.assertEqual(self.node.api("GET", "/status").status, 503)
        self.assertEqual(self.node.get("/v1/status")["revision"], before)
        self.assertEqual(self.node.get("/v1/changes")["changes"][0]["id"], changes)
        # The fleet goes on without it, and it catches up.
        self.other.put("/config/routes/main", redirect("/meanwhile"))
        self.doCleanups()
        self.node.wait_serves("/meanwhile")

    # ---- drift ----

    def assert_healed(self, cause: str):
        wait_until(lambda: any("dataplane.healed" in line for line in self.events(self.node)[self.seen:]), APPLY_TIMEOUT_S,
                   "the drift is healed")
        drift = [line for line in self.events(self.node)[self.seen:] if "dataplane.drift" in line]
        self.assertTrue(any(cause in line for line in drift), drift)
        self.assertEqual(self.node.data_plane.get("/config"), self.node.configuration())

    def test_a_unit_that_comes_up_empty_is_healed(self):
        self.seen = len(self.events(self.node))
        location = self.node.serve().location
        self.node.data_plane.stop()
        self.node.data_plane.forget_configuration()
        self.node.data_plane.start()
        begun = time.monotonic()
        self.assert_healed("it was restarted")
        print(f"healed {time.monotonic() - begun:.1f} s after Unit came up empty", flush=True)
        self.assertEqual(self.node.serve().location, location)

    def test_an_edit_by_hand_is_healed(self):
        self.seen = len(self.events(self.node))
        location = self.node.serve().location
        self.node.data_plane.put("/config/routes/main", redirect("/by-hand"))
        self.assert_healed("by hand")
        self.assertEqual(self.node.serve().location, location)

    # ---- the first apply ----

    def newcomer(self, name: str, *flags: str):
        """A node with a configuration of its own in its Unit, that joins without being told whose stands."""
        node = self.fleet.add_node(name, self.spare_at)
        self.fleet.nodes.remove(node)
        self.addCleanup(node.close)
        node.data_plane.put("/config", OWN)
        own_flags = [flag for flag in self.fleet.node_flags(node) if flag != "--take-fleet"]
        node.starling("join", self.fleet.invite("operator"), *own_flags, *flags)
        node.start()
        node.wait_ready()
        node.wait_joined()
        return node

    def test_the_first_apply_waits_for_publish(self):
        node = self.newcomer("held")
        wait_until(lambda: node.get("/v1/status")["held"], APPLY_TIMEOUT_S, "it is held")
        self.assertIn("starling publish", node.get("/v1/status")["held"])
        self.assertEqual(node.get("/config/routes/main"), self.node.get("/config/routes/main"), "it knows what the fleet wants")
        self.assertEqual(node.serve().location, "/own", "and serves what it did")
        kept = json.loads((node.state / "before-first-apply.json").read_text())
        self.assertEqual(kept, OWN)
        # Its own node's list, and the others', say so, too.
        for seen_from in (node, self.node):
            wait_until(lambda: next(n for n in seen_from.get("/v1/nodes")["nodes"] if n["name"] == "held")["held"],
                       APPLY_TIMEOUT_S, f"{seen_from.name} shows it as held")
        before = self.node.configuration()
        self.addCleanup(self.node.put, "/config?ack=local", before)
        published = node.starling("publish").stdout.strip()
        self.assertEqual(self.node_eventually_holds(published)["author_name"], "held")
        for each in (node, self.node, self.other):
            each.wait_serves("/own")
        self.assertIsNone(node.get("/v1/status")["held"])
        self.assertEqual(json.loads((node.state / "before-first-apply.json").read_text()), OWN)

    def node_eventually_holds(self, change: str):
        return wait_until(lambda: (reply := self.node.api("GET", f"/v1/changes/{change}")).status == 200 and reply.json,
                          APPLY_TIMEOUT_S, "the published change arrives")

    def test_take_fleet_lets_the_fleet_stand_and_keeps_what_ran(self):
        node = self.newcomer("taken", "--take-fleet")
        node.wait_serves(self.node.serve().location)
        self.assertEqual(json.loads((node.state / "before-first-apply.json").read_text()), OWN)
        self.assertIsNone(node.get("/v1/status")["held"])


class OnNginx(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        skip_without("nginx")
        cls.fleet = cls.enterClassContext(Fleet(names=("n1", "n2"), data_plane="nginx"))
        cls.node, cls.other = cls.fleet.nodes
        cls.node.put("/config?ack=applied:all&timeout=30s", {"listeners": listener(), "routes": {"main": redirect("/fleet")}})

    def test_a_write_at_each_is_served_by_both(self):
        for writer in self.fleet.nodes:
            writer.put("/config/routes/main?ack=applied:all&timeout=30s", redirect(f"/{writer.name}"))
            for node in self.fleet.nodes:
                node.wait_serves(f"/{writer.name}")

    def test_what_nginx_cannot_do_is_refused_with_the_path(self):
        before = self.node.configuration()
        application = {"type": "python", "path": "/srv", "module": "wsgi"}
        reply = self.node.api("PUT", "/config/applications", {"shop": application})
        self.assertEqual(reply.status, 400, reply)
        self.assertEqual(reply.json["location"], {"path": "/applications/shop"})
        self.assertEqual(self.node.configuration(), before)

    def test_nginx_outlives_the_daemon_and_is_found_again(self):
        pid = self.node.data_plane.pid()
        self.node.kill()
        self.assertEqual(self.node.serve().status, 302)
        self.node.restart()
        self.node.put("/config/routes/main", redirect("/found"))
        self.node.wait_serves("/found")
        self.assertEqual(self.node.data_plane.pid(), pid)

    def test_an_nginx_that_was_stopped_is_brought_up_again(self):
        location = self.node.serve().location
        self.node.data_plane.stop()
        self.node.wait_serves(location)


if __name__ == "__main__":
    support.main(check_namespaces)
