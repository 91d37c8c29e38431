package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/transport"
	ma "github.com/multiformats/go-multiaddr"
)

// byteCounter sums the application bytes that each peer sent us: whatever arrives on any stream, ours or
// theirs, after the multistream lines at its start. It sits below the library's own protocols, so nothing
// that identify, ping or gossip reads escapes it.
type byteCounter struct {
	mu    sync.Mutex
	total map[peer.ID]uint64
}

func newByteCounter() *byteCounter { return &byteCounter{total: map[peer.ID]uint64{}} }

func (c *byteCounter) add(p peer.ID, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total[p] += uint64(n)
}

func (c *byteCounter) of(p peer.ID) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total[p]
}

type countingMuxer struct {
	network.Multiplexer
	counter *byteCounter
}

func (m *countingMuxer) NewConn(c net.Conn, server bool, scope network.PeerScope) (network.MuxedConn, error) {
	conn, err := m.Multiplexer.NewConn(c, server, scope)
	if err != nil {
		return nil, err
	}
	// The upgrader hands us the secured connection, which knows its peer.
	secured, ok := c.(interface{ RemotePeer() peer.ID })
	if !ok {
		return nil, errNoPeer
	}
	return &countingConn{MuxedConn: conn, peer: secured.RemotePeer(), counter: m.counter}, nil
}

// countingTransport does the same for a transport that multiplexes by itself.
type countingTransport struct {
	transport.Transport
	counter *byteCounter
}

func (t *countingTransport) Dial(ctx context.Context, a ma.Multiaddr, p peer.ID) (transport.CapableConn, error) {
	return t.wrap(t.Transport.Dial(ctx, a, p))
}

func (t *countingTransport) Listen(a ma.Multiaddr) (transport.Listener, error) {
	l, err := t.Transport.Listen(a)
	if err != nil {
		return nil, err
	}
	return &countingListener{Listener: l, transport: t}, nil
}

func (t *countingTransport) Close() error {
	if c, ok := t.Transport.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (t *countingTransport) wrap(c transport.CapableConn, err error) (transport.CapableConn, error) {
	if err != nil {
		return nil, err
	}
	return &countingCapableConn{
		CapableConn: c,
		streams:     countingConn{MuxedConn: c, peer: c.RemotePeer(), counter: t.counter},
	}, nil
}

type countingListener struct {
	transport.Listener
	transport *countingTransport
}

func (l *countingListener) Accept() (transport.CapableConn, error) {
	return l.transport.wrap(l.Listener.Accept())
}

type countingCapableConn struct {
	transport.CapableConn
	streams countingConn
}

func (c *countingCapableConn) OpenStream(ctx context.Context) (network.MuxedStream, error) {
	return c.streams.OpenStream(ctx)
}

func (c *countingCapableConn) AcceptStream() (network.MuxedStream, error) {
	return c.streams.AcceptStream()
}

type muxerError string

func (e muxerError) Error() string { return string(e) }

const errNoPeer = muxerError("--outsider: the connection below the muxer doesn't name its peer")

type countingConn struct {
	network.MuxedConn
	peer    peer.ID
	counter *byteCounter
}

func (c *countingConn) OpenStream(ctx context.Context) (network.MuxedStream, error) {
	return c.wrap(c.MuxedConn.OpenStream(ctx))
}

func (c *countingConn) AcceptStream() (network.MuxedStream, error) {
	return c.wrap(c.MuxedConn.AcceptStream())
}

func (c *countingConn) wrap(s network.MuxedStream, err error) (network.MuxedStream, error) {
	if err != nil {
		return nil, err
	}
	return &countingStream{MuxedStream: s, conn: c}, nil
}

type countingStream struct {
	network.MuxedStream
	conn    *countingConn
	skipper lineSkipper
}

func (s *countingStream) Read(b []byte) (int, error) {
	n, err := s.MuxedStream.Read(b)
	if count := s.skipper.application(b[:n], err != nil); count > 0 {
		s.conn.counter.add(s.conn.peer, count)
	}
	return n, err
}

// lineSkipper tells the application bytes of a stream from the multistream lines before them: each line is
// a varint length, then "na\n", or a text that starts with a slash and ends with a line feed.
type lineSkipper struct {
	pending []byte // the start of what may yet become a line
	past    bool   // the lines are over
}

const maxMultistreamLine = 1024

// application says how many more application bytes are known after these were read.
func (l *lineSkipper) application(b []byte, ended bool) int {
	if l.past {
		return len(b)
	}
	l.pending = append(l.pending, b...)
	for len(l.pending) > 0 {
		size, used := binary.Uvarint(l.pending)
		complete := used > 0 && uint64(len(l.pending)-used) >= size
		switch {
		case used < 0 || size > maxMultistreamLine || (used > 0 && !mayBeLine(l.pending[used:], size)):
			l.past = true
		case !complete && !ended:
			return 0
		case !complete:
			// Ended in the midst of a line, which no negotiation does: count it.
			l.past = true
		default:
			l.pending = l.pending[used+int(size):]
			continue
		}
		n := len(l.pending)
		l.pending = nil
		return n
	}
	return 0
}

// mayBeLine looks at as much of a line of that size as is there.
func mayBeLine(text []byte, size uint64) bool {
	if size < 2 {
		return false
	}
	if uint64(len(text)) >= size {
		text = text[:size]
		if text[size-1] != '\n' {
			return false
		}
	}
	na := []byte("na\n")
	return len(text) == 0 || text[0] == '/' || (size == uint64(len(na)) && bytes.HasPrefix(na, text))
}
