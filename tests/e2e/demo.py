#!/usr/bin/env python3
"""Three Starling nodes on this machine, each with a web server of its own: change one, and all three change.

`./dev run` starts it. It needs root, since each node lives in a network namespace; it leaves nothing behind.
"""

import argparse
import json
import shlex
import sys
import time

import support
from bridge import Bridge, free_port
from data_planes import maker
from fleet import APPLY_TIMEOUT_S, Fleet
from network import check_namespaces
from support import Unavailable, wait_until

NAMES = ("finch", "robin", "wren")
COLOURS = ("green", "blue", "orange")
PAGE = """<!doctype html><title>{colour}</title>
<body style="background:{colour};color:white;font:5rem sans-serif;display:grid;place-items:center;height:90vh;margin:0">{colour}
"""


def make_pages(fleet: Fleet):
    """A site a colour; which one is served is what the configuration says."""
    for colour in COLOURS:
        site = fleet.directory / "sites" / colour
        site.mkdir(parents=True)
        (site / "index.html").write_text(PAGE.format(colour=colour))


def share_of(fleet: Fleet, colour: str) -> str:
    return f"{fleet.directory}/sites/{colour}$uri"


def configuration(fleet: Fleet, colour: str) -> dict:
    return {"listeners": {"*:8080": {"pass": "routes"}}, "routes": [{"action": {"share": share_of(fleet, colour)}}]}


def wait_colour(fleet: Fleet, colour: str):
    for node in fleet.nodes:
        wait_until(lambda: f"<title>{colour}</title>" in node.serve().body, APPLY_TIMEOUT_S,
                   f"{node.name} serves the {colour} page")


def check(fleet: Fleet):
    """One change at each node in turn; AssertionError unless all three serve it."""
    for node, colour in zip(fleet.nodes, COLOURS[1:] + COLOURS[:1]):
        begun = time.monotonic()
        node.put("/config/routes/0/action/share", json.dumps(share_of(fleet, colour)))
        wait_colour(fleet, colour)
        took = time.monotonic() - begun
        print(f"OK  a PUT at {node.name} turned all {len(fleet.nodes)} nodes {colour} in {took:.2f} s", flush=True)
    assert fleet.agree(), "the nodes don't agree on one revision"
    print("OK  all nodes hold the same revision", flush=True)


def put_line(fleet: Fleet, node, colour: str) -> str:
    value = shlex.quote(json.dumps(share_of(fleet, colour)))
    return f"curl --unix-socket {node.socket} -X PUT -d {value} http://localhost/config/routes/0/action/share"


def explain(fleet: Fleet, page_port: int):
    print("\nThree nodes are up. Each has its own namespace, its own data plane and its own API:\n")
    for node in fleet.nodes:
        print(f"  {node.name:6} {node.url}   data plane {node.data_plane.kind}   API {node.socket}")
    print("\nOpen the URLs, or:\n")
    for node in fleet.nodes:
        print(f"  curl -s {node.url}")
    print("\nChange all three through any one of them (as root: the sockets are their owner's alone):\n")
    for node, colour in zip(fleet.nodes, COLOURS[1:] + COLOURS[:1]):
        print(f"  {put_line(fleet, node, colour)}")
    first = fleet[0]
    print("\nLook at the fleet, and at its history:\n")
    print(f"  {support.Options.binary} nodes --api unix:{first.socket}")
    print(f"  {support.Options.binary} history --api unix:{first.socket}")
    print(f"  curl -sN --unix-socket {first.socket} http://localhost/v1/events")
    print(f"\nThe page with the nodes and the last changes, as {first.name} shows it:\n")
    print(f"  http://127.0.0.1:{page_port}/")
    print("\nCtrl-C ends it and removes everything.", flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    support.add_binary_option(parser)
    parser.add_argument("--check", action="store_true", help="make one change at each node, see it served by all, and end")
    parser.add_argument("--data-plane", choices=("auto", "unit", "nginx"), default="auto",
                        help="what serves (auto: Unit if there is one, else nginx)")
    return parser.parse_args()


def run(arguments) -> int:
    begun = time.monotonic()
    print("Starting three nodes…", flush=True)
    page_port = free_port()
    flags = ("--take-fleet", "--api", "unix:{state}/api.sock", "--api", f"127.0.0.1:{page_port}")
    with Fleet(names=NAMES, data_plane=arguments.data_plane, flags=flags) as fleet:
        make_pages(fleet)
        fleet[0].put("/config", configuration(fleet, COLOURS[0]))
        wait_colour(fleet, COLOURS[0])
        print(f"OK  three nodes found one another and serve one page: {time.monotonic() - begun:.1f} s", flush=True)
        if arguments.check:
            check(fleet)
            return 0
        with Bridge(fleet.lan.names[0], page_port):
            explain(fleet, page_port)
            while True:
                time.sleep(3600)


def main() -> int:
    arguments = parse()
    support.take_binary(arguments)
    try:
        check_namespaces()
        maker(arguments.data_plane)
    except Unavailable as reason:
        print(f"{reason}\n\n  sudo {shlex.join([sys.executable, *sys.argv])}", file=sys.stderr)
        return 1
    support.end_cleanly()
    try:
        return run(arguments)
    except KeyboardInterrupt:
        print("\nRemoving everything…", flush=True)
        return 1 if arguments.check else 0
    except AssertionError as failure:
        print(f"FAILED  {failure}", file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
