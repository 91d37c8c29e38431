#!/usr/bin/env python3
"""One fleet, many shapes: layers, labels, templates and variables, as operators use them and as nodes serve them."""

import json
import unittest

import support
from fleet import APPLY_TIMEOUT_S, Fleet, listener, redirect
from network import check_namespaces
from support import wait_until

ERROR, NOT_FOUND, INVALID, NOT_ALLOWED = 1, 3, 5, 6


class Layers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fleet = cls.enterClassContext(Fleet(names=("n1", "n2")))
        cls.one, cls.two = cls.fleet.nodes

    def setUp(self):
        self.write({"listeners": listener(), "routes": {"main": redirect("/base")}})
        for layer in self.one.get("/v1/layers")["layers"]:
            self.one.starling("layer", "rm", layer["name"])
        self.label("n1", "site=syd")
        self.label("n2", "site=ber")

    def write(self, base: dict):
        """As it is written, templates and all: what a node is given of them is not looked at."""
        reply = self.one.api("POST", "/v1/changes?ack=applied:all", {"edits": [{"path": "", "op": "set", "value": base}]})
        self.assertEqual(reply.status, 200, reply)

    def label(self, node: str, *labels: str):
        """By the founder, which holds the root key."""
        self.one.starling("label", node, *labels)
        for at in self.fleet.nodes:
            wait_until(lambda at=at: self.labels_at(at, node).items() >= {word.split("=")[0]: word.split("=")[1] for word in labels
                                                                         if "=" in word}.items(), 10, f"{at.name} knows the labels")

    @staticmethod
    def labels_at(at, node: str) -> dict:
        return next(member["labels"] for member in at.get("/v1/nodes")["nodes"] if member["name"] == node)

    def serve_each(self, *locations: str):
        for node, location in zip(self.fleet.nodes, locations):
            node.wait_serves(location)

    def assert_exit(self, code: int, says: str, node, *args):
        done = node.starling(*args, ok=False)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}{done.stderr}")
        self.assertRegex(done.stderr, says)

    def test_two_nodes_of_one_fleet_serve_what_their_labels_say(self):
        for site in ("syd", "ber"):
            self.one.starling("layer", "set", site, "--selector", f"site={site}", "--priority", 10)
            self.two.starling("layer", "put", site, "/routes/main", json.dumps(redirect(f"/{site}")), "--ack", "applied:all")
        # Who says nothing of the priority leaves it as it is.
        self.one.starling("layer", "set", "syd", "--selector", "site=syd")
        self.assertRegex(self.one.starling("layer", "list").stdout, "syd +10 +site=syd")
        self.serve_each("/syd", "/ber")
        states = [node.get("/v1/status") for node in self.fleet.nodes]
        self.assertEqual(states[0]["revision"], states[1]["revision"], "one fleet has one revision")
        self.assertNotEqual(states[0]["generation"], states[1]["generation"], "rendered for each node")
        self.assertEqual(self.two.configuration(), {"listeners": listener(), "routes": {"main": redirect("/ber")}})
        self.assertEqual(self.one.get("/v1/nodes/n2/config"), self.two.configuration())
        self.assertEqual(self.one.get("/v1/nodes/n2/config/routes/main/0/action/location"), "/ber")
        layers = self.two.get("/v1/layers")["layers"]
        self.assertEqual([(layer["name"], layer["nodes"]) for layer in layers], [("ber", ["n2"]), ("syd", ["n1"])])
        self.assertEqual(self.two.get("/v1/layers/syd")["config"], {"routes": {"main": redirect("/syd")}})
        # A label moves a node.
        self.label("n2", "site=syd")
        self.serve_each("/syd", "/syd")
        self.assertEqual(self.one.get("/v1/status")["generation"], self.two.get("/v1/status")["generation"])
        self.label("n2", "site-")
        self.serve_each("/syd", "/base")
        # And a layer's end leaves what is beneath it.
        self.two.starling("layer", "rm", "syd")
        self.serve_each("/base", "/base")
        self.assert_exit(NOT_FOUND, "no layer \"syd\"", self.one, "layer", "get", "syd")

    def test_templates_are_filled_in_for_each_node(self):
        self.one.starling("var", "set", "tenant", "acme", "--ack", "applied:all")
        self.two.starling("set", "/routes/main", json.dumps(redirect("/{{node.name}}/{{node.labels.site}}/{{vars.tenant}}")),
                          "--ack", "applied:all")
        self.serve_each("/n1/syd/acme", "/n2/ber/acme")
        self.two.starling("var", "set", "tenant", "corp", "--ack", "applied:all")
        self.serve_each("/n1/syd/corp", "/n2/ber/corp")
        # Listeners are named by their address; references may be filled in, too.
        whole = {"listeners": {**listener("routes/{{vars.tenant}}"), "{{node.addr}}:8081": {"pass": "routes/main"}},
                 "routes": {"corp": redirect("/{{node.addr}}"), "main": redirect("/main")}}
        self.write(whole)
        self.serve_each(f"/{self.one.ip4}", f"/{self.two.ip4}")
        self.assertEqual(set(self.two.configuration()["listeners"]), {"*:8080", f"{self.two.ip4}:8081"})
        self.assertIn("{{node.addr}}:8081", self.one.get("/v1/nodes/n2/config")["listeners"], "not known here")
        self.assert_exit(INVALID, "(?s)routes/nowhere", self.one, "var", "set", "tenant", "nowhere")
        self.assertIn("tenant  corp", self.one.starling("var", "list").stdout)
        self.assert_exit(INVALID, "vars.tenant", self.one, "var", "rm", "tenant")

    def test_what_a_node_is_given_can_be_put_back(self):
        self.one.starling("layer", "set", "syd", "--selector", "site=syd")
        self.one.starling("layer", "put", "syd", "/routes/syd", json.dumps(redirect("/syd")))
        self.write({"listeners": listener(), "routes": {"main": redirect("/{{node.name}}")}})
        given = self.one.configuration()
        self.assertEqual(given["routes"], {"main": redirect("/n1"), "syd": redirect("/syd")})
        revision = self.one.get("/v1/status")["revision"]
        self.one.put("/config", given)
        self.assertEqual(self.one.get("/v1/status")["revision"], revision, "nothing has changed")
        given["routes"]["new"] = redirect("/new")
        given["routes"]["syd"] = redirect("/sydney")
        self.one.put("/config?ack=applied:all", given)
        self.serve_each("/n1", "/n2")
        self.assertEqual(self.two.configuration()["routes"], {"main": redirect("/n2"), "new": redirect("/new")})
        self.assertEqual(self.one.get("/v1/layers/syd")["config"], {"routes": {"syd": redirect("/sydney")}})
        self.assert_exit(INVALID, "(?s)/routes/main/0/action/location.*template", self.one, "set", "/routes/main", json.dumps(redirect("/x")))
        self.one.starling("change", "--set", "/routes/spare=" + json.dumps(redirect("/{{node.name}}/spare")))
        self.one.starling("change", "--set", "/routes/spare=" + json.dumps(redirect("/written")))
        self.assertEqual(self.two.get("/config/routes/main"), redirect("/n2"))
        self.one.starling("set", "/routes/spare", json.dumps(redirect("/{{node.name}}/again")))
        self.one.starling("rm", "/routes/spare", "--ack", "applied:all")
        self.assertNotIn("spare", self.two.configuration()["routes"])
        based = {"Starling-Base": f'"{self.one.get("/v1/status")["revision"]}"'}
        self.assertEqual(self.one.api("PUT", "/config", {**given, "routes": {**given["routes"], "main": redirect("/x")}}, based).status, 400)
        self.assertEqual(self.one.api("POST", "/config/routes/main", redirect("/2")[0]).status, 200, "an append loses nothing")
        self.serve_each("/n1", "/n2")

    def test_a_change_of_a_layer_that_is_not_there_is_refused(self):
        edit = {"scope": "ghost", "path": "/routes/x", "op": "set", "value": redirect("/ghost")}
        reply = self.one.api("POST", "/v1/changes", {"edits": [edit]})
        self.assertEqual((reply.status, reply.json["errors"][0]["index"]), (400, 0))
        self.assertIn("no layer \"ghost\"", reply.json["detail"])
        define = {"scope": "@fleet", "path": "/layers/ghost", "op": "set", "value": {"selector": "site=nowhere"}}
        self.assertEqual(self.one.api("POST", "/v1/changes", {"edits": [edit, define]}).status, 200)

    def test_a_layer_that_is_made_again_begins_empty(self):
        self.one.starling("layer", "set", "edge", "--selector", "site=ber")
        self.one.starling("layer", "put", "edge", "/routes/edge", json.dumps(redirect("/old")))
        # What a write leaves that did not know of the layer's end: its definition is gone, what it held is not.
        undefine = {"scope": "@fleet", "path": "/layers/edge", "op": "remove"}
        self.assertEqual(self.one.api("POST", "/v1/changes", {"edits": [undefine]}).status, 200)
        gone = self.one.api("PUT", "/v1/layers/edge/config/routes/edge", redirect("/late"))
        self.assertEqual((gone.status, gone.json["code"]), (404, "no-such-layer"))
        wait_until(lambda: "edge" not in self.two.configuration()["routes"], APPLY_TIMEOUT_S, "n2 is not given it any more")
        self.one.starling("layer", "set", "edge", "--selector", "site=ber")
        self.assertEqual(self.one.get("/v1/layers/edge")["config"], {})
        self.one.starling("layer", "put", "edge", "/routes/edge", json.dumps(redirect("/new")))
        self.one.starling("layer", "set", "edge", "--selector", "site=ber", "--priority", 3)
        self.assertEqual(self.one.get("/v1/layers/edge")["config"], {"routes": {"edge": redirect("/new")}}, "it was there")

    def test_selectors_are_read_with_space_and_kept_without(self):
        self.one.starling("layer", "set", "edge", "--selector", " tier != db , site = ber")
        spaced = {"scope": "@fleet", "path": "/layers/lab/selector", "op": "set", "value": "site = ber"}
        self.assertEqual(self.one.api("POST", "/v1/changes", {"edits": [spaced]}).status, 200)
        self.assertEqual({layer["name"]: layer["selector"] for layer in self.two_hears_of("lab")},
                         {"edge": "site=ber,tier!=db", "lab": "site=ber"})

    def two_hears_of(self, layer: str) -> list:
        return wait_until(lambda: next((layers for layers in [self.two.get("/v1/layers")["layers"]]
                                        if any(each["name"] == layer for each in layers)), None), 10, f"n2 knows {layer}")

    def test_preconditions_look_at_what_a_node_is_given(self):
        self.one.starling("layer", "set", "syd", "--selector", "site=syd")
        self.one.starling("layer", "put", "syd", "/routes/syd", json.dumps(redirect("/syd")))
        put = lambda path, header: self.one.api("PUT", path, redirect("/again"), {header: "*"})
        refused = put("/config/routes/syd", "If-None-Match")
        self.assertEqual((refused.status, refused.json["error"]), (412, "Precondition failed."))
        self.assertEqual(put("/config/routes/syd", "If-Match").status, 200, "it is there, though not in the base")
        self.assertEqual(put("/config/routes/none", "If-Match").status, 412)
        self.assertEqual(put("/config/routes/none", "If-None-Match").status, 200)

    def test_faults_are_told_as_elsewhere_under_v1(self):
        self.one.starling("layer", "set", "edge", "--selector", "site=ber")
        config, variable = "/v1/layers/edge/config/routes/x", "/v1/variables/x"
        for method, path, body, headers, status, code in (
                ("PUT", config, b"{", {}, 400, "bad-request"), ("PUT", variable, b"{", {}, 400, "bad-request"),
                ("PUT", config, b"[]", {"If-Match": "x"}, 400, "bad-request"), ("PUT", config, b"1", {}, 400, "invalid-configuration"),
                ("DELETE", config, None, {}, 404, "no-such-value"), ("PUT", config, b"[]", {"If-Match": '"x"'}, 412, "moved-on")):
            reply = self.one.api(method, path, body, headers)
            self.assertEqual((reply.status, reply.json["code"]), (status, code), f"{method} {path} {body} {headers}")
        done = self.one.api("PUT", variable, b'"x"')
        self.assertEqual((done.status, done.json["state"], done.json["change"]), (200, "applied", done.headers["Starling-Change"]))
        self.assertEqual(self.one.api("PUT", variable + "?dry-run=1", b'"y"').json["differences"],
                         [{"scope": "@fleet", "path": "/variables/x", "before": "x", "after": "y"}])

    def test_what_a_member_could_not_render_is_refused_with_node_and_path(self):
        self.label("n1", "rack=7")
        before = self.one.get("/v1/status")["revision"]
        self.assert_exit(INVALID, r"(?s)node n2 can't render /routes/main/0/action/location.*no label \"rack\"", self.one, "set",
                         "/routes/main", json.dumps(redirect("/{{node.labels.rack}}")))
        reply = self.one.api("PUT", "/config/routes/main", redirect("/{{node.labels.rack}}"))
        self.assertEqual((reply.status, reply.json["location"]), (400, {"node": "n2", "path": "/routes/main/0/action/location"}))
        self.one.starling("layer", "set", "edge", "--selector", "site=ber")
        # In the form of this part of the API, with the scope.
        reply = self.one.api("PUT", "/v1/layers/edge/config/routes/main", redirect("/{{vars.none}}"))
        self.assertEqual((reply.status, reply.headers["Content-Type"]), (400, "application/problem+json"))
        self.assertEqual(reply.json["location"], {"node": "n2", "path": "/routes/main/0/action/location", "scope": "edge"})
        self.one.starling("layer", "rm", "edge")
        self.serve_each("/base", "/base")
        self.assertEqual(self.one.get("/v1/status")["revision"], before, "nothing has changed")

    def test_a_node_that_loses_a_label_it_needs_goes_on_and_says_so(self):
        self.one.starling("set", "/routes/main", json.dumps(redirect("/{{node.labels.site}}")), "--ack", "applied:all")
        self.serve_each("/syd", "/ber")
        self.label("n2", "site-")
        trouble = wait_until(lambda: next(node["error"] for node in self.one.get("/v1/nodes")["nodes"] if node["name"] == "n2"),
                             APPLY_TIMEOUT_S, "n1 hears of n2's trouble")
        self.assertIn("node n2 can't render /routes/main/0/action/location", trouble)
        self.assertEqual(self.two.serve().location, "/ber")
        self.label("n2", "site=mel")
        self.serve_each("/syd", "/mel")
        wait_until(lambda: not any(node["error"] for node in self.one.get("/v1/nodes")["nodes"]), APPLY_TIMEOUT_S, "it is well again")

    def test_wrong_names_selectors_and_methods_are_told(self):
        for path, body, says in (("/v1/layers/base", {"selector": ""}, "layer's name"), ("/v1/layers/Up", {"selector": ""}, "layer's name"),
                                 ("/v1/layers/l", {"selector": "a,,b"}, "selector"), ("/v1/layers/l", {}, "selector"),
                                 ("/v1/layers/l", {"selector": "", "priority": 5000}, "priority"),
                                 ("/v1/variables/a", 1, "string"), ("/v1/variables/a%20b", "x", "variable's name")):
            reply = self.one.api("PUT", path, body)
            self.assertEqual(reply.status, 400, path)
            self.assertIn(says, reply.json["detail"])
        for method, path, status in (("GET", "/v1/layers/none", 404), ("PUT", "/v1/layers/none/config/routes", 404),
                                     ("DELETE", "/v1/variables/none", 404), ("GET", "/v1/nodes/none/config", 404),
                                     ("PUT", "/v1/layers", 405), ("PUT", "/v1/nodes/n1/config", 405), ("GET", "/v1/nodes/n1/labels", 405)):
            self.assertEqual(self.one.api(method, path, "x" if method == "PUT" else None).status, status, f"{method} {path}")

    def test_labels_are_roots_and_admins_to_set(self):
        reply = self.two.api("POST", "/v1/nodes/n2/labels", {"site": "syd"})
        self.assertEqual(reply.status, 403)
        self.assertIn("starling label", reply.json["detail"])
        self.assert_exit(NOT_ALLOWED, "root key", self.two, "label", "n2", "site=syd")
        self.assertEqual(self.labels_at(self.one, "n2"), {"site": "ber"})
        self.assertRegex(self.two.starling("nodes").stdout, "n2 +operator +[^ ]+ +site=ber")


class WithoutADataPlane(unittest.TestCase):
    def test_a_node_that_can_not_render_answers_what_it_had_or_says_why_there_is_nothing(self):
        fleet = self.enterContext(Fleet(names=("n1", "n2"), data_plane="none"))
        one, two = fleet.nodes
        for node in ("n1", "n2"):
            one.starling("label", node, "site=syd")
        wait_until(lambda: all(node["labels"] for node in two.get("/v1/nodes")["nodes"]), APPLY_TIMEOUT_S, "n2 knows the labels")
        whole = {"listeners": listener(), "routes": {"main": redirect("/{{node.labels.site}}")}}
        last_good = one.put("/config?ack=applied:all", whole).headers["ETag"]
        one.starling("label", "n2", "site-")
        wait_until(lambda: two.get("/v1/status")["error"], APPLY_TIMEOUT_S, "n2 can't render any more")
        one.put("/config/routes/other", redirect("/other"))
        wait_until(lambda: two.get("/v1/status")["revision"] == one.get("/v1/status")["revision"], APPLY_TIMEOUT_S, "n2 knows it")
        reply = two.api("GET", "/config")
        self.assertEqual((reply.json, reply.headers["ETag"]), ({**whole, "routes": {"main": redirect("/syd")}}, last_good))
        self.assertEqual(two.get("/v1/nodes/n2/config"), reply.json)
        two.terminate()
        two.restart()
        for path in ("/config", "/", "/config/routes", "/v1/nodes/n2/config"):
            reply = two.api("GET", path)
            self.assertEqual(reply.status, 409, f"{path}: {reply}")
            self.assertIn("node n2 can't render /routes/main/0/action/location", reply.json["detail"])
        one.starling("label", "n2", "site=mel")
        wait_until(lambda: two.api("GET", "/config").status == 200, APPLY_TIMEOUT_S, "n2 renders again")
        self.assertEqual(two.configuration()["routes"], {"main": redirect("/mel"), "other": redirect("/other")})


class Levels(unittest.TestCase):
    """A fleet that older versions were to join."""

    def test_layers_begin_once_the_level_is_raised(self):
        fleet = self.enterContext(Fleet(names=("n1", "n2"), init_flags=("--merge-level", "1")))
        one, two = fleet.nodes
        one.put("/config?ack=applied:all", {"listeners": listener(), "routes": {"main": redirect("/{{plain}}")}})
        refused = one.starling("layer", "set", "edge", "--selector", "tier=edge", ok=False)
        self.assertEqual(refused.returncode, ERROR)
        self.assertIn("starling fleet raise-level", refused.stderr)
        self.assertEqual(one.api("PUT", "/v1/variables/a", "x").status, 400, "no JSON")
        reply = one.api("PUT", "/v1/variables/a", b'"x"')
        self.assertEqual((reply.status, reply.json["code"]), (409, "upgrade-needed"), reply)
        # What is no template yet would become one.
        refused = one.starling("fleet", "raise-level", ok=False)
        self.assertEqual(refused.returncode, NOT_ALLOWED)
        self.assertIn("/routes/main/0/action/location", refused.stderr)
        one.put("/config/routes/main?ack=applied:all", redirect("/plain"))
        # Nobody is left behind unseen.
        two.terminate()
        one.terminate()
        one.restart()
        refused = one.starling("fleet", "raise-level", ok=False)
        self.assertEqual(refused.returncode, NOT_ALLOWED)
        self.assertIn("n2", refused.stderr)
        two.restart()
        wait_until(lambda: not one.get("/v1/level")["behind"], 30, "n1 has seen that n2 knows level 2")
        self.assertIn("level 2", one.starling("fleet", "raise-level").stdout)
        self.assertIn("already", one.starling("fleet", "raise-level").stdout)
        two.wait_serves("/plain")
        wait_until(lambda: two.get("/v1/level")["level"] == 2, 10, "n2 hears of it")
        one.starling("label", "n2", "tier=edge")
        one.starling("layer", "set", "edge", "--selector", "tier=edge")
        one.starling("layer", "put", "edge", "/routes/main", json.dumps(redirect("/edge")), "--ack", "applied:all")
        self.assertEqual((one.serve().location, two.serve().location), ("/plain", "/edge"))


if __name__ == "__main__":
    support.main(check_namespaces)
