// A go-libp2p peer that an interoperability test drives over its standard input
// and output. The contract is in ../README.md; every peer speaks the same one.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// A command that names no time of its own is answered within this one.
const defaultTimeout = 30 * time.Second

// One line of input: publishing takes up to 1 MiB, which hexadecimal doubles.
const maxLineBytes = 4 << 20

// out writes one JSON object a line to the standard output, whole and at once.
type out struct {
	mu sync.Mutex
}

func (o *out) line(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		fatal(fmt.Errorf("a line that can't be encoded: %w", err))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	// A driver that has gone away closes our input too, which ends us.
	os.Stdout.Write(append(b, '\n'))
}

type fields map[string]any

func (o *out) event(name string, f fields) {
	f["event"] = name
	o.line(f)
}

// listFlag collects a flag that may be given several times.
type listFlag []string

func (l *listFlag) String() string     { return strings.Join(*l, " ") }
func (l *listFlag) Set(v string) error { *l = append(*l, v); return nil }

// switchFlag reads on and off.
type switchFlag bool

func (s *switchFlag) String() string {
	if *s {
		return "on"
	}
	return "off"
}

func (s *switchFlag) Set(v string) error {
	switch v {
	case "on":
		*s = true
	case "off":
		*s = false
	default:
		return errors.New("on or off")
	}
	return nil
}

type options struct {
	listen     listFlag
	transport  string
	security   string
	muxer      string
	earlyMuxer switchFlag
	mdns       switchFlag
	gossip     switchFlag
	key        string
	psk        string
	wssCert    string
	wssKey     string
	outsider   bool
	congestion string
}

func parseFlags() options {
	o := options{earlyMuxer: true, congestion: os.Getenv("STARLING_TCP_CONGESTION")}
	flag.Var(&o.listen, "listen", "multiaddr to listen on; may be repeated; none: no listener")
	flag.StringVar(&o.transport, "transport", "tcp", "tcp, ws, wss or quic-v1")
	flag.StringVar(&o.security, "security", "noise", "noise or tls")
	flag.StringVar(&o.muxer, "muxer", "yamux", "yamux")
	flag.Var(&o.earlyMuxer, "early-muxer", "on or off: offer the muxer inside the security handshake")
	flag.Var(&o.mdns, "mdns", "on or off: announce and look for peers by mDNS")
	flag.Var(&o.gossip, "gossip", "on or off: GossipSub")
	flag.StringVar(&o.key, "key", "ed25519", "ed25519, secp256k1, ecdsa or rsa")
	flag.StringVar(&o.psk, "psk", "", "file with the key of a private network")
	flag.StringVar(&o.wssCert, "wss-cert", "", "PEM file with the certificate that a wss listener shows")
	flag.StringVar(&o.wssKey, "wss-key", "", "PEM file with its key")
	flag.BoolVar(&o.outsider, "outsider", false, "count the application bytes that each peer sends us")
	flag.Parse()
	if flag.NArg() > 0 {
		fatal(fmt.Errorf("unknown argument %q", flag.Arg(0)))
	}
	return o
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "go-peer:", err)
	os.Exit(1)
}

func main() {
	o := &out{}
	p, err := newPeer(parseFlags(), o)
	if err != nil {
		fatal(err)
	}
	o.event("ready", fields{"peer": p.host.ID().String(), "addrs": p.addrs()})

	quit := make(chan struct{})
	var once sync.Once
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 64<<10), maxLineBytes)
	go func() {
		for in.Scan() {
			line := append([]byte(nil), in.Bytes()...)
			// Each in its own goroutine: wait_closed goes on beside try_stream.
			go func() {
				if p.answer(line, o) {
					once.Do(func() { close(quit) })
				}
			}()
		}
		if err := in.Err(); err != nil {
			fmt.Fprintln(os.Stderr, "go-peer: standard input:", err)
		}
		once.Do(func() { close(quit) })
	}()
	<-quit
	p.close()
}

// request is any command; each uses some of the members.
type request struct {
	ID        int64  `json:"id"`
	Cmd       string `json:"cmd"`
	Addr      string `json:"addr"`
	Peer      string `json:"peer"`
	Protocol  string `json:"protocol"`
	Topic     string `json:"topic"`
	DataHex   string `json:"data_hex"`
	SendHex   string `json:"send_hex"`
	Count     int    `json:"count"`
	AtOnce    int    `json:"at_once"`
	Bytes     uint64 `json:"bytes"`
	Probe     bool   `json:"probe"`
	Upload    uint64 `json:"upload"`
	Download  uint64 `json:"download"`
	TimeoutMS int64  `json:"timeout_ms"`
}

// answer carries out one line, writes its answer, and says whether to quit.
func (p *peerNode) answer(line []byte, o *out) (quit bool) {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		o.line(fields{"id": nil, "ok": false, "error": "not a command: " + err.Error()})
		return false
	}
	timeout := defaultTimeout
	if r.TimeoutMS > 0 {
		timeout = time.Duration(r.TimeoutMS) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()

	reply, err := p.run(ctx, r)
	if err != nil {
		o.line(fields{"id": r.ID, "ok": false, "error": err.Error()})
		return false
	}
	if reply == nil {
		reply = fields{}
	}
	reply["id"] = r.ID
	reply["ok"] = true
	o.line(reply)
	return r.Cmd == "quit"
}
