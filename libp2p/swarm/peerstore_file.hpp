// The peerstore's bytes in a file of the disk.
#pragma once

#include <string>

#include "libp2p/swarm/peerstore.hpp"

namespace libp2p {

// Mode 0600. A crash leaves the old contents or the new, never a part.
class DiskPeerstoreFile final : public PeerstoreFile {
 public:
  explicit DiskPeerstoreFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] Result<Bytes> load() override;
  [[nodiscard]] Result<> save(BytesView contents) override;

 private:
  std::string path_;
};

}  // namespace libp2p
