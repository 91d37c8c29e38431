"""Two processes of each implementation, ours and the others', in a network namespace of the benchmark's own."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from figures import ROOT

sys.path[:0] = [str(ROOT / "tests" / "interop"), str(ROOT / "tests" / "e2e")]
from peers import CommandFailed, Lan, Peer, PeerFailed, Unavailable, build_go, build_js, build_rust  # noqa: E402

OURS = "Starling"
# The better of those that ran is what ours is compared with.
RIVALS = ("go-libp2p", "rust-libp2p")
ALL = (OURS, *RIVALS, "js-libp2p")
WITHOUT_JS = (OURS, *RIVALS)
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
LISTEN = {"tcp": "/ip4/{}/tcp/0", "quic-v1": "/ip4/{}/udp/0/quic-v1"}
# Else rust's would ping each 50 ms, for the sake of the interop tests: as often as its library does by default.
FLAGS = {"rust-libp2p": ("--ping-every-ms", "15000")}


class Loopback(Lan):
    """A namespace whose loopback sets cubic on every TCP socket, of whoever is in it: not all peers can ask for it."""

    def __init__(self):
        super().__init__(1)

    def __enter__(self):
        super().__enter__()
        try:
            for destination in ("127.0.0.0/8", "127.0.0.1"):
                self._in(self.names[0], "route", "change", "local", destination, "dev", "lo", "table", "local", "proto", "kernel",
                         "scope", "host", "src", "127.0.0.1", "congctl", "cubic")
        except BaseException:
            self.__exit__()
            raise
        return self


class Setting:
    """Over what the two processes of a pair speak, and where each of them runs."""

    def __init__(self, lan: Lan, transport: str = "tcp", security: str = "noise", far: bool = False):
        self.flags = ("--transport", transport, "--security", security)
        self.listen = LISTEN[transport].format(lan.ip4(1) if far else "127.0.0.1")
        self.server_prefix, self.client_prefix = lan.prefix(1 if far else 0), lan.prefix(0)


class Pair:
    """A server and a client of one implementation."""

    def __init__(self, stack: ExitStack, name: str, command: list, setting: Setting):
        flags = (*setting.flags, *FLAGS.get(name, ()))
        self.name = name
        self.failure = ""
        serving = ("--listen", setting.listen, *flags)
        self.server = stack.enter_context(Peer(command, *serving, name=name, prefix=setting.server_prefix))
        self.client = stack.enter_context(Peer(command, *flags, name=name, prefix=setting.client_prefix))

    @property
    def address(self) -> str:
        return self.server.addrs[0]

    def cpu_s(self) -> float:
        return cpu_s(self.server.pid) + cpu_s(self.client.pid)

    def attempt(self, do, *args, **more) -> bool:
        """Whether `do` went well, a method of this; what has failed once isn't tried again, and is told in the results."""
        if not self.failure:
            try:
                do(*args, **more)
            except (CommandFailed, PeerFailed) as error:
                self.failure = str(error).splitlines()[0]
                print(f"FAILED {self.failure}", flush=True)
        return not self.failure


def commands(peer_binary: Path, names: tuple) -> dict:
    """The command line of each that this machine can build."""
    builders = {OURS: lambda: [str(peer_binary)], "go-libp2p": build_go, "rust-libp2p": build_rust, "js-libp2p": build_js}
    found = {}
    for name in names:
        try:
            found[name] = builders[name]()
        except Unavailable as reason:
            print(f"WITHOUT {name}: {reason}", flush=True)
    if not any(name in found for name in RIVALS):
        raise Unavailable("there is neither go-libp2p nor rust-libp2p to be compared with")
    return found


def cpu_s(pid: int) -> float:
    # After the name in brackets: utime and stime are the twelfth and thirteenth.
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ratio(values: dict, name: str, best=max) -> str:
    """The value of that name ÷ the better one of the rivals'."""
    rivals = [values[rival] for rival in RIVALS if rival in values]
    return f"{values[name] / best(rivals):.2f}" if rivals else "-"


def failures(pairs: list) -> str:
    """A paragraph for the results, of what could not be measured."""
    told = [f"{pair.name} failed: {pair.failure}\n" for pair in pairs if pair.failure]
    return "\n" + "".join(told) if told else ""
