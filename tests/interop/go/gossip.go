package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// The library drops what doesn't fit its queues (32 by default); a test sends bursts and counts.
const gossipQueue = 4096

type peerSet map[peer.ID]struct{}

func (s peerSet) texts() []string { return idTexts(slices.Collect(maps.Keys(s))) }

// gossip is GossipSub with its mesh and its topics' subscribers told to the driver.
type gossip struct {
	ctx    context.Context
	self   peer.ID
	out    *out
	pubsub *pubsub.PubSub

	mu         sync.Mutex
	topics     map[string]*pubsub.Topic
	subscribed map[string]bool

	meshMu sync.Mutex
	mesh   map[string]peerSet
}

func newGossip(ctx context.Context, h host.Host, w *out) (*gossip, error) {
	g := &gossip{
		ctx: ctx, self: h.ID(), out: w,
		topics: map[string]*pubsub.Topic{}, subscribed: map[string]bool{}, mesh: map[string]peerSet{},
	}
	var err error
	g.pubsub, err = pubsub.NewGossipSub(ctx, h,
		pubsub.WithMessageSignaturePolicy(pubsub.StrictSign),
		pubsub.WithPeerOutboundQueueSize(gossipQueue),
		pubsub.WithValidateQueueSize(gossipQueue),
		pubsub.WithRawTracer(&meshTracer{gossip: g}))
	return g, err
}

func (p *peerNode) runGossip(ctx context.Context, r request) (fields, error) {
	if p.gossip == nil {
		return nil, errors.New("gossip is off")
	}
	if r.Cmd == "subscribe" {
		return nil, p.gossip.subscribe(r.Topic)
	}
	data, err := hex.DecodeString(r.DataHex)
	if err != nil {
		return nil, err
	}
	p.gossip.mu.Lock()
	t, err := p.gossip.topic(r.Topic)
	p.gossip.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return nil, t.Publish(ctx, data)
}

// topic is called under the lock.
func (g *gossip) topic(name string) (*pubsub.Topic, error) {
	if t := g.topics[name]; t != nil {
		return t, nil
	}
	t, err := g.pubsub.Join(name)
	if err != nil {
		return nil, err
	}
	g.topics[name] = t
	return t, nil
}

func (g *gossip) subscribe(name string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.subscribed[name] {
		return fmt.Errorf("already subscribed to %q", name)
	}
	t, err := g.topic(name)
	if err != nil {
		return err
	}
	events, err := t.EventHandler()
	if err != nil {
		return err
	}
	sub, err := t.Subscribe(pubsub.WithBufferSize(gossipQueue))
	if err != nil {
		return err
	}
	g.subscribed[name] = true
	go g.tellSubscribers(name, events)
	go g.tellMessages(name, sub)
	return nil
}

func (g *gossip) tellSubscribers(name string, events *pubsub.TopicEventHandler) {
	peers := peerSet{}
	for {
		e, err := events.NextPeerEvent(g.ctx)
		if err != nil {
			return
		}
		if e.Type == pubsub.PeerJoin {
			peers[e.Peer] = struct{}{}
		} else {
			delete(peers, e.Peer)
		}
		g.out.event("topic_peers", fields{"topic": name, "peers": peers.texts()})
	}
}

func (g *gossip) tellMessages(name string, sub *pubsub.Subscription) {
	for {
		m, err := sub.Next(g.ctx)
		if err != nil {
			return
		}
		if m.GetFrom() != g.self {
			g.out.event("message", fields{"topic": name, "data_hex": hex.EncodeToString(m.Data), "from": m.GetFrom().String()})
		}
	}
}

// changeMesh tells the topic's mesh whenever change says that it altered the set.
func (g *gossip) changeMesh(topic string, change func(peerSet) bool) {
	g.meshMu.Lock()
	defer g.meshMu.Unlock()
	set := g.mesh[topic]
	if set == nil {
		set = peerSet{}
		g.mesh[topic] = set
	}
	if change(set) {
		g.out.event("mesh", fields{"topic": topic, "peers": set.texts()})
	}
}

func (g *gossip) meshTopics() []string {
	g.meshMu.Lock()
	defer g.meshMu.Unlock()
	return slices.Sorted(maps.Keys(g.mesh))
}

func (s peerSet) add(p peer.ID) bool {
	before := len(s)
	s[p] = struct{}{}
	return len(s) != before
}

func (s peerSet) remove(p peer.ID) bool {
	before := len(s)
	delete(s, p)
	return len(s) != before
}

// meshTracer follows the router's own mesh. The methods that it doesn't need do nothing.
type meshTracer struct {
	gossip *gossip
}

func (t *meshTracer) Graft(p peer.ID, topic string) {
	t.gossip.changeMesh(topic, func(s peerSet) bool { return s.add(p) })
}

func (t *meshTracer) Prune(p peer.ID, topic string) {
	t.gossip.changeMesh(topic, func(s peerSet) bool { return s.remove(p) })
}

// The router drops a peer that goes away from every mesh without a Prune.
func (t *meshTracer) OnClosedOutboundStream(p peer.ID) {
	for _, topic := range t.gossip.meshTopics() {
		t.gossip.changeMesh(topic, func(s peerSet) bool { return s.remove(p) })
	}
}

func (t *meshTracer) OnNewOutboundStream(peer.ID, protocol.ID) {}
func (t *meshTracer) Join(string)                              {}
func (t *meshTracer) Leave(string)                             {}
func (t *meshTracer) ValidateMessage(*pubsub.Message)          {}
func (t *meshTracer) DeliverMessage(*pubsub.Message)           {}
func (t *meshTracer) RejectMessage(*pubsub.Message, string)    {}
func (t *meshTracer) DuplicateMessage(*pubsub.Message)         {}
func (t *meshTracer) ThrottlePeer(peer.ID)                     {}
func (t *meshTracer) RecvRPC(*pubsub.RPC)                      {}
func (t *meshTracer) SendRPC(*pubsub.RPC, peer.ID)             {}
func (t *meshTracer) DropRPC(*pubsub.RPC, peer.ID)             {}
func (t *meshTracer) UndeliverableMessage(*pubsub.Message)     {}
