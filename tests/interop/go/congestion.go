package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/sys/unix"
)

// congestion gives every TCP socket one congestion control: a benchmark sets the same at both ends.
// Outbound sockets get it from the dialer, inbound ones from the gater, which sees each before its handshake.
type congestion struct {
	algorithm string
}

func newCongestion(algorithm string) (*congestion, error) {
	c := &congestion{algorithm: algorithm}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := c.set(uintptr(fd)); err != nil {
		return nil, fmt.Errorf("STARLING_TCP_CONGESTION=%s: %w", algorithm, err)
	}
	return c, nil
}

func (c *congestion) set(fd uintptr) error {
	return unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, c.algorithm)
}

func (c *congestion) setOn(raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) { failed = c.set(fd) })
	return errors.Join(err, failed)
}

func (c *congestion) dialer(ma.Multiaddr) (tcp.ContextDialer, error) {
	return &net.Dialer{ControlContext: func(_ context.Context, _, _ string, raw syscall.RawConn) error { return c.setOn(raw) }}, nil
}

func (c *congestion) InterceptAccept(a network.ConnMultiaddrs) bool {
	err := errors.New("the library no longer passes the socket here")
	if s, ok := a.(syscall.Conn); ok {
		var raw syscall.RawConn
		if raw, err = s.SyscallConn(); err == nil {
			err = c.setOn(raw)
		}
	}
	if err != nil {
		// A figure measured with another congestion control would mislead: refuse instead.
		fmt.Fprintln(os.Stderr, "go-peer: TCP_CONGESTION on an inbound socket:", err)
	}
	return err == nil
}

func (c *congestion) InterceptPeerDial(peer.ID) bool               { return true }
func (c *congestion) InterceptAddrDial(peer.ID, ma.Multiaddr) bool { return true }
func (c *congestion) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool {
	return true
}

func (c *congestion) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) {
	return true, 0
}
