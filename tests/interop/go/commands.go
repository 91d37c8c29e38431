package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	ma "github.com/multiformats/go-multiaddr"
	mss "github.com/multiformats/go-multistream"
)

// How long try_stream listens for what the other side says on its own, and how much of it is shown.
const (
	tryStreamWait     = 2 * time.Second
	tryStreamMaxBytes = 64 << 10
)

func (p *peerNode) run(ctx context.Context, r request) (fields, error) {
	switch r.Cmd {
	case "dial":
		return p.dial(ctx, r.Addr)
	case "reconnect":
		return p.reconnect(ctx, r.Addr, r.Count, r.Probe)
	case "push":
		return nil, p.push(r.Protocol)
	case "subscribe", "publish":
		return p.runGossip(ctx, r)
	case "peers":
		return fields{"peers": idTexts(p.host.Network().Peers())}, nil
	case "quit":
		return nil, nil
	}

	id, err := peer.Decode(r.Peer)
	if err != nil {
		return nil, fmt.Errorf("%q: no such command, or no peer id in %q", r.Cmd, r.Peer)
	}
	switch r.Cmd {
	case "ping":
		return p.ping(ctx, id, r.Count)
	case "perf":
		return p.perf(ctx, id, r.Upload, r.Download)
	case "streams":
		return p.streams(ctx, id, r.Count, r.AtOnce, r.Bytes)
	case "identify":
		return p.identify(ctx, id)
	case "protocols":
		protocols, err := p.host.Peerstore().GetProtocols(id)
		return fields{"protocols": protocol.ConvertToStrings(protocols)}, err
	case "try_stream":
		return p.tryStream(ctx, id, r.Protocol, r.SendHex)
	case "disconnect":
		return nil, p.host.Network().ClosePeer(id)
	case "wait_closed":
		return p.waitClosed(ctx, id)
	}
	return nil, fmt.Errorf("%q: no such command", r.Cmd)
}

func idTexts(ids []peer.ID) []string {
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		list = append(list, id.String())
	}
	slices.Sort(list)
	return list
}

// dial answers once the connection is secured and multiplexed; identify goes on by itself.
func (p *peerNode) dial(ctx context.Context, addr string) (fields, error) {
	c, err := p.connect(ctx, addr)
	if err != nil {
		return nil, err
	}
	f := fields{"peer": c.RemotePeer().String()}
	addConnection(f, c)
	return f, nil
}

func (p *peerNode) connect(ctx context.Context, addr string) (network.Conn, error) {
	a, err := ma.NewMultiaddr(addr)
	if err != nil {
		return nil, err
	}
	info, err := peer.AddrInfoFromP2pAddr(a)
	if err != nil {
		return nil, err
	}
	p.host.Peerstore().AddAddrs(info.ID, info.Addrs, peerstore.PermanentAddrTTL)
	// Each dial command is meant: the wait that follows a failed one is for those that nobody asked for.
	return p.host.Network().DialPeer(network.WithForceDirectDial(ctx, "driver"), info.ID)
}

// push registers one more protocol, of which identify-push then tells.
func (p *peerNode) push(name string) error {
	if name == "" {
		return errors.New("push: no protocol")
	}
	p.host.SetStreamHandler(protocol.ID(name), func(s network.Stream) { s.Close() })
	return nil
}

func (p *peerNode) ping(ctx context.Context, id peer.ID, count int) (fields, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rtts := []float64{}
	results := ping.Ping(ctx, p.host, id)
	for len(rtts) < max(count, 1) {
		r, open := <-results
		if !open {
			return nil, fmt.Errorf("ping ended after %d answers: %w", len(rtts), context.Cause(ctx))
		}
		if r.Error != nil {
			return nil, r.Error
		}
		rtts = append(rtts, float64(r.RTT)/float64(time.Millisecond))
	}
	return fields{"rtt_ms": rtts}, nil
}

func (p *peerNode) identify(ctx context.Context, id peer.ID) (fields, error) {
	var known identity
	err := p.waitFor(ctx, func() (ok bool) {
		known, ok = p.known[id]
		return ok
	})
	if err != nil {
		return nil, fmt.Errorf("identify has told nothing: %w", err)
	}
	return known.fields(id), nil
}

// tryStream negotiates to the end before it says anything, then listens.
func (p *peerNode) tryStream(ctx context.Context, id peer.ID, name, sendHex string) (fields, error) {
	send, err := hex.DecodeString(sendHex)
	if err != nil {
		return nil, err
	}
	refused := func(err error) (fields, error) {
		return fields{"accepted": false, "reason": err.Error(), "bytes_hex": "", "bytes": 0, "end": ending(err)}, nil
	}
	s, err := p.host.Network().NewStream(network.WithNoDial(ctx, "try_stream"), id)
	if err != nil {
		return refused(err)
	}
	defer s.Reset()
	if deadline, ok := ctx.Deadline(); ok {
		// Answered before the command's own time is up.
		s.SetDeadline(deadline.Add(-tryStreamWait - time.Second))
	}
	if err := mss.SelectProtoOrFail(name, s); err != nil {
		return refused(err)
	}
	if _, err := s.Write(send); err != nil {
		return refused(err)
	}
	s.SetReadDeadline(time.Now().Add(tryStreamWait))
	got, err := io.ReadAll(io.LimitReader(s, tryStreamMaxBytes))
	return fields{"accepted": true, "bytes_hex": hex.EncodeToString(got), "bytes": len(got), "end": ending(err)}, nil
}

// ending names how a stream stood when we stopped reading it.
func ending(err error) string {
	var timeout net.Error
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return "eof"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "open"
	case errors.Is(err, network.ErrReset):
		return "reset"
	}
	return "closed"
}

// waitClosed answers when the last connection with the peer has ended, also if it had before.
func (p *peerNode) waitClosed(ctx context.Context, id peer.ID) (fields, error) {
	var s span
	err := p.waitFor(ctx, func() bool {
		s = p.lastConn[id]
		return !s.closed.IsZero()
	})
	if s.opened.IsZero() {
		return nil, errors.New("was never connected")
	}
	if err != nil {
		return nil, fmt.Errorf("still connected after %d ms", time.Since(s.opened).Milliseconds())
	}
	f := fields{"closed_after_ms": s.closed.Sub(s.opened).Milliseconds(), "bytes_in": nil}
	if p.bytes != nil {
		f["bytes_in"] = p.bytes.of(id)
	}
	return f, nil
}
