"""A LAN whose nodes are far from one another: HostLan's namespaces on slow_switch.py instead of a bridge."""

import subprocess
import sys
from pathlib import Path

from data_planes import DIES_WITH_US
from network import HostLan
from support import Unavailable

SWITCH = Path(__file__).resolve().parent / "slow_switch.py"


class SlowLan(HostLan):
    """The host has no place on it: what is served is asked for from inside the namespaces."""

    def __init__(self, count: int, one_way_ms: float, loss: float):
        super().__init__(count)
        self._quality = ["--one-way-ms", str(one_way_ms), "--loss", str(loss)]
        self._process = None

    def _add(self, index: int, name: str):
        self._ip("netns", "add", name)
        self._in(name, "tuntap", "add", "dev", "eth0", "mode", "tap")
        self._in(name, "link", "set", "lo", "up")
        self._in(name, "link", "set", "eth0", "up")
        self._address(index, name)

    def __enter__(self):
        super().__enter__()
        try:
            self._process = subprocess.Popen([*DIES_WITH_US, sys.executable, str(SWITCH), *self._quality, *self.names],
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if self._process.stdout.readline() != "ready\n":
                raise Unavailable("the slow switch did not start: has the kernel TAP devices (/dev/net/tun)?")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
            self._process = None
        super().__exit__()

    def is_cut(self, index: int) -> bool:
        return True
