package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// The commands that only benchmarks give.

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (p *peerNode) reconnect(ctx context.Context, addr string, count int, probe bool) (fields, error) {
	byteMS, identifiedMS := []float64{}, []float64{}
	begun := time.Now()
	for range count {
		dialled := time.Now()
		c, err := p.connect(ctx, addr)
		if err != nil {
			return nil, err
		}
		id := c.RemotePeer()
		if probe {
			if _, err := p.perf(ctx, id, 1, 1); err != nil {
				return nil, err
			}
			byteMS = append(byteMS, milliseconds(time.Since(dialled)))
			// It has gone on meanwhile.
			if _, err := p.identify(ctx, id); err != nil {
				return nil, err
			}
			identifiedMS = append(identifiedMS, milliseconds(time.Since(dialled)))
		}
		if err := p.host.Network().ClosePeer(id); err != nil {
			return nil, err
		}
		if err := p.waitFor(ctx, func() bool {
			_, known := p.known[id]
			return !known
		}); err != nil {
			return nil, err
		}
	}
	return fields{"byte_ms": byteMS, "identified_ms": identifiedMS, "total_s": time.Since(begun).Seconds()}, nil
}

func (p *peerNode) streams(ctx context.Context, id peer.ID, count, atOnce int, bytes uint64) (fields, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var begun atomic.Int64
	var workers sync.WaitGroup
	start := time.Now()
	for range max(atOnce, 1) {
		workers.Go(func() {
			for begun.Add(1) <= int64(count) && ctx.Err() == nil {
				if _, err := p.perf(ctx, id, bytes, bytes); err != nil {
					cancel(err)
				}
			}
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return fields{"total_s": time.Since(start).Seconds()}, nil
}
