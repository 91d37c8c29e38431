package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"

	libp2p "github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/connmgr"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/pnet"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
)

// transportOptions has the one transport that was asked for, and what lies on and below it. `counter`, unless
// it is nil, counts what comes over a transport that multiplexes by itself.
func transportOptions(o options, counter *byteCounter) ([]libp2p.Option, error) {
	var opts []libp2p.Option
	switch o.transport {
	case "tcp":
		tcpOptions := []any{}
		if o.congestion != "" {
			c, err := newCongestion(o.congestion)
			if err != nil {
				return nil, err
			}
			tcpOptions = append(tcpOptions, tcp.WithDialerForAddr(c.dialer))
			opts = append(opts, libp2p.ConnectionGater(c))
		}
		opts = append(opts, libp2p.Transport(tcp.NewTCPTransport, tcpOptions...))
	case "ws":
		opts = append(opts, libp2p.Transport(websocket.New))
	case "wss":
		// The peers' certificates are their own word: the peer id is what is verified, by the handshake within.
		wsOptions := []any{websocket.WithTLSClientConfig(&tls.Config{InsecureSkipVerify: true})}
		if o.wssCert != "" {
			certificate, err := tls.LoadX509KeyPair(o.wssCert, o.wssKey)
			if err != nil {
				return nil, err
			}
			server := &tls.Config{Certificates: []tls.Certificate{certificate}}
			wsOptions = append(wsOptions, websocket.WithTLSConfig(server))
		}
		opts = append(opts, libp2p.Transport(websocket.New, wsOptions...))
	case "quic-v1":
		if o.congestion != "" {
			return nil, errors.New("STARLING_TCP_CONGESTION: QUIC has a congestion control of its own")
		}
		opts = append(opts, libp2p.Transport(quicTransport(counter)))
	default:
		return nil, fmt.Errorf("--transport %s: tcp, ws, wss or quic-v1", o.transport)
	}

	if o.psk != "" {
		psk, err := readPsk(o.psk)
		if err != nil {
			return nil, err
		}
		opts = append(opts, libp2p.PrivateNetwork(psk))
	}
	security, err := securityOption(o)
	return append(opts, security), err
}

// quicConstructor is the form that libp2p knows such a function by.
type quicConstructor = func(crypto.PrivKey, *quicreuse.ConnManager, pnet.PSK, connmgr.ConnectionGater,
	network.ResourceManager) (transport.Transport, error)

func quicTransport(counter *byteCounter) quicConstructor {
	if counter == nil {
		return quic.NewTransport
	}
	return func(key crypto.PrivKey, m *quicreuse.ConnManager, psk pnet.PSK, gater connmgr.ConnectionGater,
		resources network.ResourceManager) (transport.Transport, error) {
		t, err := quic.NewTransport(key, m, psk, gater, resources)
		if err != nil {
			return nil, err
		}
		return &countingTransport{Transport: t, counter: counter}, nil
	}
}

func readPsk(file string) (pnet.PSK, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return pnet.DecodeV1PSK(f)
}

func securityOption(o options) (libp2p.Option, error) {
	// Without a list of muxers the handshake offers none, and multistream has to settle it.
	switch {
	case o.security == "noise" && bool(o.earlyMuxer):
		return libp2p.Security(noise.ID, noise.New), nil
	case o.security == "noise":
		return libp2p.Security(noise.ID, func(id protocol.ID, key crypto.PrivKey) (*noise.Transport, error) {
			return noise.New(id, key, nil)
		}), nil
	case o.security == "tls" && bool(o.earlyMuxer):
		return libp2p.Security(libp2ptls.ID, libp2ptls.New), nil
	case o.security == "tls":
		return libp2p.Security(libp2ptls.ID, func(id protocol.ID, key crypto.PrivKey) (*libp2ptls.Transport, error) {
			return libp2ptls.New(id, key, nil)
		}), nil
	}
	return nil, fmt.Errorf("--security %s: noise or tls", o.security)
}
