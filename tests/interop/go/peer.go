package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"

	libp2p "github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	ma "github.com/multiformats/go-multiaddr"
)

// What identify told of a peer, as the contract writes it.
type identity struct {
	Protocols       []string
	Agent           string
	ProtocolVersion string
	ListenAddrs     []string
	ObservedAddr    string
	SignedRecord    bool
	Pushed          bool
}

func (i identity) fields(p peer.ID) fields {
	return fields{
		"peer": p.String(), "protocols": i.Protocols, "agent": i.Agent, "protocol_version": i.ProtocolVersion,
		"listen_addrs": i.ListenAddrs, "observed_addr": i.ObservedAddr, "signed_record": i.SignedRecord, "pushed": i.Pushed,
	}
}

// span is one connection's life: wait_closed also answers for one that has ended already.
type span struct {
	opened, closed time.Time
}

type peerNode struct {
	host   host.Host
	out    *out
	mdns   mdns.Service
	gossip *gossip // null with --gossip off
	stop   context.CancelFunc
	bytes  *byteCounter // null without --outsider

	mu       sync.Mutex
	changed  *sync.Cond // on any change of the two maps
	known    map[peer.ID]identity
	lastConn map[peer.ID]span
}

func newPeer(o options, w *out) (*peerNode, error) {
	p := &peerNode{out: w, known: map[peer.ID]identity{}, lastConn: map[peer.ID]span{}}
	p.changed = sync.NewCond(&p.mu)

	opts, err := p.hostOptions(o)
	if err != nil {
		return nil, err
	}
	if p.host, err = libp2p.New(opts...); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.host.Network().Notify(&network.NotifyBundle{ConnectedF: p.onConnected, DisconnectedF: p.onDisconnected})
	if err := p.watch(ctx); err != nil {
		return nil, err
	}
	p.host.SetStreamHandler(perfProtocol, servePerf)
	if o.gossip {
		if p.gossip, err = newGossip(ctx, p.host, w); err != nil {
			return nil, err
		}
	}
	if o.mdns {
		p.mdns = mdns.NewMdnsService(p.host, "", p)
		if err := p.mdns.Start(); err != nil {
			return nil, fmt.Errorf("mDNS: %w", err)
		}
	}
	return p, nil
}

func (p *peerNode) hostOptions(o options) ([]libp2p.Option, error) {
	key, err := newKey(o.key)
	if err != nil {
		return nil, err
	}
	opts := []libp2p.Option{
		libp2p.Identity(key),
		libp2p.UserAgent("starling-interop-go"),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		// Benchmarks open thousands of connections from one address.
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.ConnectionManager(connmgr.NullConnMgr{}),
	}

	if o.outsider {
		p.bytes = newByteCounter()
	}
	lower, err := transportOptions(o, p.bytes)
	if err != nil {
		return nil, err
	}
	opts = append(opts, lower...)

	if o.muxer != "yamux" {
		return nil, fmt.Errorf("--muxer %s: only yamux", o.muxer)
	}
	var muxer network.Multiplexer = yamux.DefaultTransport
	if o.outsider {
		muxer = &countingMuxer{Multiplexer: muxer, counter: p.bytes}
	}
	opts = append(opts, libp2p.Muxer(yamux.ID, muxer))

	if len(o.listen) == 0 {
		return append(opts, libp2p.NoListenAddrs), nil
	}
	return append(opts, libp2p.ListenAddrStrings(o.listen...)), nil
}

func newKey(kind string) (crypto.PrivKey, error) {
	kinds := map[string]int{"ed25519": crypto.Ed25519, "secp256k1": crypto.Secp256k1, "ecdsa": crypto.ECDSA, "rsa": crypto.RSA}
	k, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("--key %s: ed25519, secp256k1, ecdsa or rsa", kind)
	}
	key, _, err := crypto.GenerateKeyPair(k, 2048) // the bits count for RSA alone
	return key, err
}

// addrs lists what we listen on, each with our peer id.
func (p *peerNode) addrs() []string {
	list := []string{}
	addrs, err := p.host.Network().InterfaceListenAddresses()
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-peer: own addresses:", err)
	}
	for _, a := range addrs {
		list = append(list, fmt.Sprintf("%s/p2p/%s", a, p.host.ID()))
	}
	sort.Strings(list)
	return list
}

// watch turns the host's events into ours until ctx ends.
func (p *peerNode) watch(ctx context.Context) error {
	sub, err := p.host.EventBus().Subscribe([]any{
		new(event.EvtPeerConnectednessChanged),
		new(event.EvtPeerProtocolsUpdated),
		new(event.EvtPeerIdentificationCompleted),
		new(event.EvtPeerIdentificationFailed),
	}, eventbus.BufSize(4096))
	if err != nil {
		return err
	}
	go func() {
		defer sub.Close()
		// A push, and only a push, says "protocols updated" just before "identification completed".
		pushed := map[peer.ID]bool{}
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-sub.Out():
				switch e := e.(type) {
				case event.EvtPeerConnectednessChanged:
					p.onConnectedness(e)
				case event.EvtPeerProtocolsUpdated:
					pushed[e.Peer] = true
				case event.EvtPeerIdentificationCompleted:
					p.onIdentified(e, pushed[e.Peer])
					delete(pushed, e.Peer)
				case event.EvtPeerIdentificationFailed:
					p.out.event("identify_failed", fields{"peer": e.Peer.String(), "error": e.Reason.Error()})
				}
			}
		}
	}()
	return nil
}

func (p *peerNode) onConnectedness(e event.EvtPeerConnectednessChanged) {
	if e.Connectedness != network.Connected {
		p.mu.Lock()
		delete(p.known, e.Peer)
		p.changed.Broadcast()
		p.mu.Unlock()
		p.out.event("disconnected", fields{"peer": e.Peer.String()})
		return
	}
	f := fields{"peer": e.Peer.String(), "direction": "inbound"}
	if conns := p.host.Network().ConnsToPeer(e.Peer); len(conns) > 0 {
		if conns[0].Stat().Direction == network.DirOutbound {
			f["direction"] = "outbound"
		}
		addConnection(f, conns[0])
	}
	p.out.event("connected", f)
}

func addConnection(f fields, c network.Conn) {
	s := c.ConnState()
	f["muxer"] = string(s.StreamMultiplexer)
	f["security"] = string(s.Security)
	f["early_muxer"] = s.UsedEarlyMuxerNegotiation
	if s.StreamMultiplexer == "" {
		f["early_muxer"] = nil // a transport that multiplexes by itself
	}
}

func (p *peerNode) onIdentified(e event.EvtPeerIdentificationCompleted, pushed bool) {
	i := identity{
		Protocols:       protocol.ConvertToStrings(e.Protocols),
		Agent:           e.AgentVersion,
		ProtocolVersion: e.ProtocolVersion,
		ListenAddrs:     texts(e.ListenAddrs),
		SignedRecord:    e.SignedPeerRecord != nil,
		Pushed:          pushed,
	}
	if e.ObservedAddr != nil {
		i.ObservedAddr = e.ObservedAddr.String()
	}
	p.mu.Lock()
	p.known[e.Peer] = i
	p.changed.Broadcast()
	p.mu.Unlock()
	p.out.event("identified", i.fields(e.Peer))
}

func texts(addrs []ma.Multiaddr) []string {
	list := make([]string, 0, len(addrs))
	for _, a := range addrs {
		list = append(list, a.String())
	}
	return list
}

func (p *peerNode) onConnected(_ network.Network, c network.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastConn[c.RemotePeer()] = span{opened: c.Stat().Opened}
	p.changed.Broadcast()
}

func (p *peerNode) onDisconnected(n network.Network, c network.Conn) {
	if len(n.ConnsToPeer(c.RemotePeer())) > 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.lastConn[c.RemotePeer()]
	s.closed = time.Now()
	p.lastConn[c.RemotePeer()] = s
	p.changed.Broadcast()
}

// HandlePeerFound is called by the mDNS service. We only tell; the driver dials.
func (p *peerNode) HandlePeerFound(i peer.AddrInfo) {
	p.out.event("discovered", fields{"peer": i.ID.String(), "addrs": texts(i.Addrs)})
}

// waitFor blocks until done, which is called under the lock, says yes or ctx ends.
func (p *peerNode) waitFor(ctx context.Context, done func() bool) error {
	defer context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !done() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.changed.Wait()
	}
	return nil
}

func (p *peerNode) close() {
	if p.mdns != nil {
		p.mdns.Close()
	}
	p.stop()
	p.host.Close()
}
