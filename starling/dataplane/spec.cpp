#include "starling/dataplane/spec.hpp"

#include <filesystem>

namespace starling {

namespace {

std::string absolute_path(std::string_view path, std::string_view directory) {
  return (std::filesystem::path(directory) / path).lexically_normal().string();
}

}  // namespace

Result<DataPlaneSpec> DataPlaneSpec::parse(std::string_view text) {
  DataPlaneSpec spec;
  if (text == "none") return spec;
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (kind == "unit" && !rest.empty()) {
    auto address = ControlAddress::parse(rest);
    if (!address) return libp2p::fail_in("data plane", std::move(address.error()));
    spec.kind = Kind::unit;
    spec.unit = std::move(*address);
    return spec;
  }
  if (kind == "nginx" && !rest.empty()) {
    spec.kind = Kind::nginx;
    spec.directory = rest;
    return spec;
  }
  return fail(Errc::invalid_argument, "a data plane is unit:PATH, unit:HOST:PORT, nginx:DIR or none, not '" +
                                          libp2p::printable(text) + "'");
}

DataPlaneSpec DataPlaneSpec::absolute(std::string_view from) const {
  DataPlaneSpec spec = *this;
  if (spec.unit.is_unix()) spec.unit.path = absolute_path(spec.unit.path, from);
  if (!spec.directory.empty()) spec.directory = absolute_path(spec.directory, from);
  return spec;
}

std::string DataPlaneSpec::to_string() const {
  switch (kind) {
    case Kind::none:
      return "none";
    case Kind::unit:
      return "unit:" + unit.to_string();
    case Kind::nginx:
      return "nginx:" + directory;
  }
  return {};
}

}  // namespace starling
