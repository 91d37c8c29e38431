"""What serves the traffic of a node: a real Unit where one is found, else nginx."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from support import Unavailable, wait_until

START_TIMEOUT_S = 30
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
# Whoever is started here ends with us, even when we are killed with -9.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def children_of(pid: int) -> list:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def title_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except FileNotFoundError:
        return ""


class Unit:
    """A Unit of its own. `prefix` is what runs it in its namespace."""

    kind = "unit"

    def __init__(self, program: str, directory: Path, prefix: list):
        self._program = program
        self._directory = directory
        self._prefix = prefix
        self._process = None
        self.control = directory / "control.sock"
        self.log = directory / "unit.log"
        self.argument = f"unit:{self.control}"
        (directory / "state").mkdir(parents=True)

    def start(self):
        directory = self._directory
        self.control.unlink(missing_ok=True)
        with open(directory / "unit.out", "ab") as out:
            self._process = subprocess.Popen(
                [*self._prefix, *DIES_WITH_US, self._program, "--no-daemon", "--control", f"unix:{self.control}",
                 "--state", str(directory / "state"), "--pid", str(directory / "unit.pid"), "--log", str(self.log),
                 "--tmp", str(directory)], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        wait_until(lambda: self.get("/config") is not None, START_TIMEOUT_S, f"Unit in {directory} answers")

    def request(self, method: str, path: str, body: bytes = b""):
        """Status and body of Unit's own answer."""
        connection = UnixConnection(self.control, START_TIMEOUT_S)
        try:
            connection.request(method, path, body, {"Content-Length": str(len(body))})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get(self, path: str):
        return json.loads(self.request("GET", path)[1])

    def put(self, path: str, value):
        status, body = self.request("PUT", path, json.dumps(value).encode())
        assert status == 200, body

    def controller_pid(self) -> int:
        for child in children_of(self._process.pid):
            if title_of(child).startswith("unit: controller"):
                return child
        raise AssertionError("Unit has no controller")

    def stop(self):
        """SIGTERM, as a service manager does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def forget_configuration(self):
        """As after a crash at the wrong moment: Unit comes up empty."""
        (self._directory / "state" / "conf.json").unlink(missing_ok=True)

    def log_tail(self) -> Path:
        return self.log


class Nginx:
    """nginx as the driver runs it: it starts it, daemonised, and it outlives the daemon."""

    kind = "nginx"

    def __init__(self, _program: str, directory: Path, _prefix: list):
        self._directory = directory
        self.argument = f"nginx:{directory}"
        directory.mkdir(parents=True)

    def start(self):
        pass

    def pid(self):
        """Of its master process; none while it isn't running."""
        for file in self._directory.glob("*.pid"):
            if found := re.match(r"\d+", file.read_text()):
                return int(found.group())
        return None

    def stop(self):
        pid = self.pid()
        if pid is None or "nginx" not in title_of(pid):
            return
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: "nginx" not in title_of(pid), START_TIMEOUT_S, "nginx ends")

    def log_tail(self) -> Path:
        return self._directory / "error.log"


class NoDataPlane:
    kind = "none"
    argument = "none"

    def __init__(self, *_):
        pass

    def start(self):
        pass

    def stop(self):
        pass

    def log_tail(self):
        return None


def find_unitd():
    """UNITD, else unitd on the PATH or where Debian keeps such programs."""
    return shutil.which(os.environ.get("UNITD") or "unitd", path=SEARCH_PATH)


def find_nginx():
    return shutil.which("nginx", path=SEARCH_PATH)


def maker(kind: str):
    """A function (directory, prefix) → data plane. `kind`: unit, nginx, none, or auto for what this machine has."""
    finders = {"unit": (find_unitd, Unit), "nginx": (find_nginx, Nginx), "none": (lambda: "-", NoDataPlane)}
    for name in ("unit", "nginx") if kind == "auto" else (kind,):
        find, make = finders[name]
        if program := find():
            return lambda directory, prefix: make(program, directory, prefix)
    raise Unavailable({"unit": "no unitd is here (name it with UNITD)",
                       "nginx": "no nginx is here (Debian: apt-get install nginx)"}.get(
                           kind, "neither unitd nor nginx is here (Debian: apt-get install nginx)"))
