#!/usr/bin/env python3
"""Three nodes find one another on the LAN by themselves, and a change at any of them is served by all."""

import unittest

import fleet
import support
from fleet import Fleet, listener, read_token, redirect
from network import check_namespaces


class Discovery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet(names=("finch", "robin", "wren")))
        cls.fleet[0].put("/config", {"listeners": listener(), "routes": {"main": redirect("/start")}})

    def test_no_token_held_an_address(self):
        for name, token in self.fleet.tokens.items():
            self.assertEqual(read_token(token).addresses, [], name)

    def test_each_lists_all_with_their_names_and_roles(self):
        peers = {node.name: node.peer for node in self.fleet.nodes}
        for node in self.fleet.nodes:
            listed = {entry["name"]: entry for entry in node.get("/v1/nodes")["nodes"]}
            self.assertEqual({name: entry["peer"] for name, entry in listed.items()}, peers)
            for entry in listed.values():
                self.assertEqual((entry["role"], entry["online"]), ("operator", True))

    def test_a_write_at_each_is_served_by_all(self):
        for round_number in (1, 2):
            for writer in self.fleet.nodes:
                location = f"/{writer.name}/{round_number}"
                reply = writer.put("/config/routes/main", redirect(location))
                self.assertEqual(reply.json, {"success": "Reconfiguration done."})
                for node in self.fleet.nodes:
                    node.wait_serves(location)
        self.assertTrue(self.fleet.agree())

    def test_acknowledged_as_applied_by_all_it_is_served_by_all_at_once(self):
        for writer in self.fleet.nodes:
            location = f"/all/{writer.name}"
            writer.put("/config/routes/main?ack=applied:all&timeout=30s", redirect(location))
            for node in self.fleet.nodes:
                self.assertEqual(node.serve().location, location, f"{node.name}, written at {writer.name}")

    def test_every_node_shows_what_every_other_runs(self):
        reply = self.fleet[1].put("/config/routes/main?ack=applied:all&timeout=30s", redirect("/facts"))
        revision = reply.headers["ETag"].strip('"')

        def all_known():
            return all(entry[fact] and entry[fact]["revision"] == revision
                       for node in self.fleet.nodes for entry in node.get("/v1/nodes")["nodes"]
                       for fact in ("received", "validated", "applied", "healthy"))
        support.wait_until(all_known, fleet.APPLY_TIMEOUT_S, "each node knows the four facts of all")


class WithoutMulticast(unittest.TestCase):
    """Where mDNS doesn't reach, the token's addresses lead in, and what is remembered leads back."""

    def test_the_tokens_addresses_lead_in_and_remembered_ones_back(self):
        fleet_of_one = self.enterContext(Fleet(names=("inside",), data_plane="none", spare=1))
        inside = fleet_of_one[0]
        fleet_of_one.lan.without_multicast(1)
        token = fleet_of_one.invite("operator")
        self.assertNotEqual(read_token(token).addresses, [])
        outside = fleet_of_one.add_node("outside", 1)
        outside.starling("join", token, *fleet_of_one.node_flags(outside))
        outside.start()
        outside.wait_ready()
        outside.wait_joined()
        fleet_of_one.wait_together()
        outside.put("/config?ack=applied:all&timeout=30s", {"routes": {"first": redirect("/first")}})
        # Back on another port, and with nobody to announce it: it must find the other by what it has kept.
        inside.terminate()
        inside.restart()
        fleet_of_one.wait_together()
        outside.put("/config/routes/second?ack=applied:all&timeout=30s", redirect("/second"))
        self.assertEqual(inside.get("/config/routes/second"), redirect("/second"))


if __name__ == "__main__":
    support.main(check_namespaces)
