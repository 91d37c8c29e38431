#include "libp2p/protocols/gossipsub/rpc.hpp"

#include "libp2p/base/protobuf.hpp"

namespace libp2p::gossipsub {
namespace {

// Takes an RPC apart under its limits.
class Decoder {
 public:
  Result<Rpc> decode(BytesView encoded) {
    ProtobufReader in(encoded);
    while (const auto field = in.next()) {
      switch (field->number) {
        case 1:
          descend(in, read_subscription(in.bytes(*field)));
          break;
        case 2:
          add(rpc_.messages, max_messages_per_rpc, in.bytes(*field));
          break;
        case 3:
          descend(in, read_control(in.bytes(*field)));
          break;
        default:
          in.skip(*field);
      }
    }
    LIBP2P_CHECK(in.finish("gossipsub RPC"));
    return std::move(rpc_);
  }

 private:
  static void descend(ProtobufReader& in, const Result<>& nested) {
    if (!nested) in.refuse(nested.error().message);
  }

  template <class T>
  void add(std::vector<T>& to, std::size_t limit, T value) {
    if (to.size() < limit) {
      to.push_back(std::move(value));
    } else {
      ++rpc_.left_out;
    }
  }

  Result<> read_subscription(BytesView encoded) {
    Rpc::Subscription entry;
    ProtobufReader in(encoded);
    while (const auto field = in.next()) {
      switch (field->number) {
        case 1:
          entry.subscribe = in.boolean(*field);
          break;
        case 2:
          entry.topic = in.string(*field);
          break;
        default:
          in.skip(*field);
      }
    }
    add(rpc_.subscriptions, max_subscriptions_per_rpc, entry);
    return in.finish("subscription");
  }

  Result<> read_control(BytesView encoded) {
    ProtobufReader in(encoded);
    while (const auto field = in.next()) {
      switch (field->number) {
        case 1:
          descend(in, read_ihave(in.bytes(*field)));
          break;
        case 2:
          descend(in, read_iwant(in.bytes(*field)));
          break;
        case 3:
          descend(in, read_graft(in.bytes(*field)));
          break;
        case 4:
          descend(in, read_prune(in.bytes(*field)));
          break;
        case 5:   // IDONTWANT
        case 6:   // extensions
          break;  // of versions that we don't speak: whoever sends them gets nothing kept for it (GS10)
        default:
          in.skip(*field);
      }
    }
    return in.finish("control");
  }

  Result<> read_ihave(BytesView encoded) {
    Rpc::IHave entry;
    ProtobufReader in(encoded);
    while (const auto field = in.next()) {
      switch (field->number) {
        case 1:
          entry.topic = in.string(*field);
          break;
        case 2:
          add_id(entry.ids, ihave_ids_, in.bytes(*field));
          break;
        default:
          in.skip(*field);
      }
    }
    if (!entry.ids.empty()) rpc_.ihave.push_back(std::move(entry));
    return in.finish("IHAVE");
  }

  Result<> read_iwant(BytesView encoded) {
    ProtobufReader in(encoded);
    while (const auto field = in.next()) {
      if (field->number == 1) {
        add_id(rpc_.iwant, iwant_ids_, in.bytes(*field));
      } else {
        in.skip(*field);
      }
    }
    return in.finish("IWANT");
  }

  Result<> read_graft(BytesView encoded) {
    std::string_view topic;
    ProtobufReader in(encoded);
    while (const auto field = in.next()) {
      if (field->number == 1) {
        topic = in.string(*field);
      } else {
        in.skip(*field);
      }
    }
    add(rpc_.graft, max_grafts_per_rpc, topic);
    return in.finish("GRAFT");
  }

  Result<> read_prune(BytesView encoded) {
    Rpc::Prune entry;
    ProtobufReader in(encoded);
    while (const auto field = in.next()) {
      switch (field->number) {
        case 1:
          entry.topic = in.string(*field);
          break;
        case 2:
          break;  // peers that it offers for exchange: never taken, however many (GS13)
        case 3:
          entry.backoff_s = in.varint(*field);
          break;
        default:
          in.skip(*field);
      }
    }
    add(rpc_.prune, max_prunes_per_rpc, entry);
    return in.finish("PRUNE");
  }

  void add_id(std::vector<BytesView>& to, std::size_t& count, BytesView id) {
    if (count >= max_ids_per_rpc || id.size() > max_id_bytes || id.size() > id_bytes_left_) {
      ++rpc_.left_out;
      return;
    }
    ++count;
    id_bytes_left_ -= id.size();
    to.push_back(id);
  }

  Rpc rpc_;
  std::size_t ihave_ids_ = 0;
  std::size_t iwant_ids_ = 0;
  std::size_t id_bytes_left_ = max_control_bytes;
};

}  // namespace

ProtocolVersion version_of(std::string_view protocol) noexcept {
  return protocol == protocol_v1_0 ? ProtocolVersion::v1_0 : ProtocolVersion::v1_1;
}

Result<Rpc> decode_rpc(BytesView encoded) { return Decoder().decode(encoded); }

}  // namespace libp2p::gossipsub
