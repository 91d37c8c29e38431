"""The network of the end-to-end tests: the interop tests' namespaces on a bridge, with the host on it too."""

import ctypes
import itertools
import os
import re
import signal
import subprocess
import sys
import threading

from support import ROOT, Unavailable

sys.path.insert(0, str(ROOT / "tests" / "interop"))
import peers  # noqa: E402  (the path above is what makes it importable)

HOST_HOST_NUMBER = 254
TAG_MODULUS = 1000000  # of peers.Lan's names
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def check_namespaces():
    """Raises Unavailable, saying what is missing, where no network namespace can be made."""
    if os.geteuid() != 0:
        raise Unavailable("network namespaces need root: run it with sudo")
    name = f"sl{os.getpid() % TAG_MODULUS}n99"
    try:
        subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True, text=True)
        subprocess.run(["ip", "netns", "del", name], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise Unavailable("ip is missing (Debian: apt-get install iproute2)") from error
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"no network namespace can be made here: {error.stderr.strip()}") from error


def _ip_output(*args: str) -> str:
    return subprocess.run(["ip", *args], check=False, capture_output=True, text=True).stdout


def processes_in(namespace: str) -> list:
    return [int(pid) for pid in _ip_output("netns", "pids", namespace).split()]


def end_processes_in(namespace: str):
    for pid in processes_in(namespace):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def remove_leftovers():
    """Namespaces, and the processes inside, of a run that was killed with -9."""
    alive = {int(pid) % TAG_MODULUS for pid in os.listdir("/proc") if pid.isdigit()}
    for line in _ip_output("netns", "list").splitlines():
        found = re.match(r"(sl(\d+)(?:s|n\d+))\b", line)
        if found and int(found.group(2)) not in alive:
            end_processes_in(found.group(1))
            _ip_output("netns", "del", found.group(1))


def _free_subnet() -> int:
    """N of a 10.77.N.0/24 that the host has no route to."""
    routes = _ip_output("-4", "route", "show", "table", "all")
    start = os.getpid() % 256
    for number in itertools.chain(range(start, 256), range(start)):
        if f"10.77.{number}." not in routes:
            return number
    raise Unavailable("the host uses all of 10.77.0.0/16 already")


def inside(namespace: str, function, *args):
    """What `function(*args)` returns when it runs in that network namespace. A socket that it makes stays there."""
    outcome = {}

    def run():
        try:
            with open(f"/run/netns/{namespace}", "rb") as file:
                if _libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                    error = ctypes.get_errno()
                    raise OSError(error, f"{namespace}: {os.strerror(error)}")
            outcome["result"] = function(*args)
        except BaseException as error:  # carried to the caller, whatever it is
            outcome["error"] = error

    # Namespaces are a thread's own: this one ends with its thread.
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]


class HostLan(peers.Lan):
    """peers.Lan in a subnet of its own, with the host at `host_ip4` on the same bridge."""

    def __init__(self, count: int):
        super().__init__(count)
        self._subnet = _free_subnet()
        self._host_end = f"sl{os.getpid() % TAG_MODULUS}h"
        self._cut = set()

    def ip4(self, index: int) -> str:
        return f"10.77.{self._subnet}.{index + 1}"

    def ip6(self, index: int) -> str:
        return f"fd77:{self._subnet:x}::{index + 1:x}"

    @property
    def host_ip4(self) -> str:
        return self.ip4(HOST_HOST_NUMBER - 1)

    def __enter__(self):
        remove_leftovers()
        super().__enter__()
        try:
            self._ip("link", "add", self._host_end, "type", "veth", "peer", "name", "host", "netns", self._switch)
            self._in(self._switch, "link", "set", "host", "master", "br0", "up")
            self._ip("addr", "add", f"{self.host_ip4}/24", "dev", self._host_end)
            self._ip("link", "set", self._host_end, "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:
            end_processes_in(name)
        # The kernel takes a deleted namespace apart later; the name of our end must be free at once.
        _ip_output("link", "del", self._host_end)
        super().__exit__()

    def without_multicast(self, index: int):
        """From now on that namespace neither sends nor hears mDNS."""
        self._in(self.names[index], "link", "set", "eth0", "multicast", "off")

    def cut(self, *indices: int):
        """Each of them is alone from now on; nobody is told: their packets just go nowhere."""
        for index in indices:
            self._in(self._switch, "link", "set", f"port{index}", "nomaster")
            self._cut.add(index)

    def heal(self):
        for index in sorted(self._cut):
            self._in(self._switch, "link", "set", f"port{index}", "master", "br0")
        self._cut.clear()

    def is_cut(self, index: int) -> bool:
        return index in self._cut
