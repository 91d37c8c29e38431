"""Which file may include which: the direction of the dependencies, and where other projects' libraries are seen."""

import fnmatch
import re
from dataclasses import dataclass

# A module depends on levels before its own only: nothing upward, and nothing sideways.
LEVELS = (
    ("base",),
    ("multi", "crypto"),
    ("identity",),
    ("io",),
    ("multistream", "noise", "tls", "yamux"),
    ("transport",),
    ("pnet", "tcp", "dns", "memory", "upgrader", "quic"),
    ("websocket",),
    ("swarm",),
    ("ping", "identify", "mdns", "gossipsub", "perf"),
    ("host",),
    # The control plane, on libp2p's public headers.
    ("model",),
    ("layers",),
    ("charter", "changelog", "merge", "dataplane"),
    ("history",),
    ("fleet", "dataplane_unit", "dataplane_nginx"),
    ("sync", "rollout"),
    ("api",),
    ("daemon",),
    ("backup",),
    ("cli",),
    ("starling", "sim"),
)

# What of libp2p the control plane sees. The rest are a module's own parts.
PUBLIC_HEADERS = (
    "libp2p/base/*.hpp",
    "libp2p/multi/*.hpp",
    "libp2p/identity/*.hpp",
    "libp2p/io/*.hpp",
    "libp2p/crypto/keys.hpp",
    "libp2p/crypto/hash.hpp",
    "libp2p/crypto/x25519.hpp",
    "libp2p/crypto/aead.hpp",
    "libp2p/security/pnet/psk.hpp",
    "libp2p/transport/transport.hpp",
    "libp2p/transport/interfaces.hpp",
    "libp2p/transport/tcp/tcp_transport.hpp",
    "libp2p/transport/dns/resolver.hpp",
    "libp2p/transport/memory/memory_transport.hpp",
    "libp2p/transport/tcp/shared_port.hpp",
    "libp2p/transport/websocket/websocket_transport.hpp",
    "libp2p/transport/upgrader/upgrader.hpp",
    "libp2p/transport/quic/quic_config.hpp",
    "libp2p/transport/quic/quic_transport.hpp",
    "libp2p/swarm/swarm.hpp",
    "libp2p/swarm/swarm_config.hpp",
    "libp2p/swarm/resource_limits.hpp",
    "libp2p/swarm/transport_kind.hpp",
    "libp2p/swarm/connection.hpp",
    "libp2p/swarm/gater.hpp",
    "libp2p/swarm/metrics.hpp",
    "libp2p/swarm/peerstore.hpp",
    "libp2p/swarm/peerstore_file.hpp",
    "libp2p/protocols/ping/ping.hpp",
    "libp2p/protocols/identify/identify.hpp",
    "libp2p/protocols/mdns/mdns.hpp",
    "libp2p/protocols/mdns/multicast_port.hpp",
    "libp2p/protocols/gossipsub/gossipsub.hpp",
    "libp2p/protocols/gossipsub/config.hpp",
    "libp2p/protocols/perf/perf.hpp",
    "libp2p/host/*.hpp",
)


@dataclass(frozen=True)
class Library:
    pattern: str
    folders: tuple
    why: str


# Where another project's headers may be included. Tests and benchmarks may include all of them.
LIBRARIES = (
    Library("sqlite3", ("starling/changelog/",), "the store is a seam: everything else sees changelog/store.hpp"),
    Library("archive", ("starling/backup/",), "archives are read and written in one place, with its limits"),
    Library("openssl/", ("libp2p/crypto/", "libp2p/security/", "libp2p/transport/", "starling/api/"),
            "keys, hashes and ciphers come from libp2p/crypto"),
    Library("secp256k1", ("libp2p/crypto/",), "keys come from libp2p/crypto"),
    Library("sodium", ("libp2p/security/pnet/",), "only private networks need it"),
    Library("ares", ("libp2p/transport/dns/",), "TXT records are asked for in one place"),
    Library("boost/beast", ("libp2p/transport/websocket/", "starling/api/", "starling/cli/"),
            "Beast costs seconds a file: HTTP is served in one place, and read for WebSocket's handshake in another"),
    Library("boost/json", ("starling/",), "libp2p knows no JSON"),
    Library("boost/url", ("starling/api/", "starling/cli/"), "addresses are multiaddrs"),
    Library("ngtcp2/", ("libp2p/transport/quic/",), "its names change between versions: they are kept in one folder"),
    Library("gnutls/", ("libp2p/transport/quic/",), "only QUIC's TLS is GnuTLS's: all else is OpenSSL's"),
    Library("usrsctp", ("libp2p/transport/webrtc/",), "it is one global stack a process, with one owner"),
    Library("CLI/", ("starling/cli/", "starling/main.cpp"), "the command line is parsed in one place"),
    Library("toml++/", ("starling/daemon/",), "the configuration file is read in one place"),
    Library("gtest/", (), "it is for tests"),
    Library("gmock/", (), "it is for tests"),
    Library("rapidcheck", (), "it is for tests"),
    Library("benchmark/", (), "it is for benchmarks"),
)
# What a module without ASIO, one that is pure, doesn't include.
SOCKETS = ("boost/asio", "boost/beast", "sys/socket.h", "sys/epoll.h", "poll.h")


@dataclass(frozen=True)
class Module:
    name: str
    folder: str
    deps: frozenset
    asio: bool


class Modules:
    """The declared modules, as CMake writes them to modules.txt."""

    def __init__(self, declared: str):
        self._modules = {}
        for line in declared.splitlines():
            name, folder, deps, asio = line.split()
            deps = frozenset() if deps == "-" else frozenset(deps.split(","))
            self._modules[name] = Module(name, folder, deps, asio == "asio")
        self._level = {name: level for level, names in enumerate(LEVELS) for name in names}
        self._reached = {}

    def of(self, path: str):
        """The module of the file or header at `path`; none for what belongs to no module."""
        inside = [module for module in self._modules.values() if path.startswith(module.folder + "/")]
        return max(inside, key=lambda module: len(module.folder), default=None)

    def reached(self, name: str) -> frozenset:
        """All that `name` depends on, itself too."""
        if name not in self._reached:
            self._reached[name] = frozenset({name}).union(*(self.reached(dep) for dep in self._modules[name].deps))
        return self._reached[name]

    def wrong_declarations(self):
        """What is said of a declaration that breaks the direction, with the folder that holds it."""
        for module in self._modules.values():
            where = module.folder + "/CMakeLists.txt"
            if module.name not in self._level:
                yield where, f"module {module.name} has no level: name it in LEVELS of tests/tidy/modules.py"
                continue
            for dep in sorted(module.deps):
                if self._level.get(dep, -1) >= self._level[module.name]:
                    yield where, (f"module {module.name} depends on {dep}, which isn't below it: dependencies point "
                                  "one way, and equals never see each other (ARCHITECTURE.md)")

    def wrong_includes(self, source):
        """(line, what is wrong) for each include of `source` that isn't allowed."""
        for line, header, quoted in source.includes():
            wrong = self._wrong_own(source.path, header) if quoted else None
            if wrong := wrong or self._wrong_library(source.path, header):
                yield line, wrong

    def _wrong_own(self, path: str, header: str):
        if not re.match(r"(libp2p|starling|sim|tests|bench|cmake)/", header):
            return f'"{header}" is not named from the root of the project'
        if path.startswith("examples/") and not header.startswith("libp2p/"):
            return f'"{header}": the examples show libp2p alone'
        if not path.startswith(("libp2p/", "starling/", "sim/")):
            return None
        owner, target = self.of(path), self.of(header)
        if target is None:
            return f'"{header}" belongs to no module'
        # starling/main.cpp is the only file of the program that is in no module.
        reached = self.reached(owner.name if owner else "cli")
        if target.name not in reached:
            name = owner.name if owner else "main.cpp"
            return f'"{header}" is of module {target.name}, which {name} neither declares nor reaches through what it declares'
        if path.startswith("starling/") and header.startswith("libp2p/"):
            if not any(fnmatch.fnmatchcase(header, pattern) for pattern in PUBLIC_HEADERS):
                return f'"{header}" is a part of libp2p\'s own: the control plane sees its public headers (tests/tidy/modules.py)'
        return None

    def _wrong_library(self, path: str, header: str):
        if path.startswith(("tests/", "bench/", "cmake/")):
            return None
        for library in LIBRARIES:
            if header.startswith(library.pattern) and not path.startswith(library.folders or ("\0",)):
                place = " and ".join(library.folders) or "tests"
                return f"<{header}> belongs into {place} alone: {library.why}"
        owner = self.of(path)
        if owner and not owner.asio and header.startswith(SOCKETS):
            return f"<{header}>: module {owner.name} is declared without ASIO, so it is pure and knows no socket"
        return None
