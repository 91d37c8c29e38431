package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	perfProtocol  = "/perf/1.0.0"
	perfBlockSize = 64 << 10
)

// servePerf reads the size of the answer and everything after it, and answers only after the end.
func servePerf(s network.Stream) {
	if err := func() error {
		var size [8]byte
		if _, err := io.ReadFull(s, size[:]); err != nil {
			return err
		}
		if _, err := drain(s); err != nil {
			return err
		}
		if err := sendZeros(s, binary.BigEndian.Uint64(size[:])); err != nil {
			return err
		}
		return s.CloseWrite()
	}(); err != nil {
		fmt.Fprintln(os.Stderr, "go-peer: perf server:", err)
		s.Reset()
		return
	}
	s.Close()
}

func (p *peerNode) perf(ctx context.Context, id peer.ID, upload, download uint64) (fields, error) {
	s, err := p.host.NewStream(network.WithNoDial(ctx, "perf"), id, perfProtocol)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { s.Reset() })()
	defer s.Close()

	start := time.Now()
	if _, err := s.Write(binary.BigEndian.AppendUint64(nil, download)); err != nil {
		return nil, err
	}
	if err := sendZeros(s, upload); err != nil {
		return nil, err
	}
	if err := s.CloseWrite(); err != nil {
		return nil, err
	}
	// The first byte of the answer, or its end, tells that the other side has read all of ours.
	var first [1]byte
	n, err := s.Read(first[:])
	if err != nil && err != io.EOF {
		return nil, err
	}
	uploaded := time.Now()
	got := uint64(n)
	if err == nil {
		rest, err := drain(s)
		if err != nil {
			return nil, err
		}
		got += rest
	}
	end := time.Now()
	if got != download {
		return nil, fmt.Errorf("%d bytes came, %d were asked for", got, download)
	}
	return fields{
		"upload_s": uploaded.Sub(start).Seconds(), "download_s": end.Sub(uploaded).Seconds(), "total_s": end.Sub(start).Seconds(),
	}, nil
}

func sendZeros(w io.Writer, size uint64) error {
	block := make([]byte, perfBlockSize)
	for size > 0 {
		n := min(size, perfBlockSize)
		if _, err := w.Write(block[:n]); err != nil {
			return err
		}
		size -= n
	}
	return nil
}

func drain(r io.Reader) (uint64, error) {
	block := make([]byte, perfBlockSize)
	total := uint64(0)
	for {
		n, err := r.Read(block)
		total += uint64(n)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
