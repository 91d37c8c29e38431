// Tar headers by hand: what no honest program writes.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "starling/model/ids.hpp"

namespace starling::test {

struct TarEntry {
  std::string name;
  std::string contents;
  char type = '0';  // a file; '1' and '2' are links, '3' a device, '5' a folder, '6' a pipe, 'S' is sparse
  std::string link = {};        // what a link names
  std::string octal_size = {};  // what it announces, where that isn't its size
  std::string from_345 = {};    // what stands from byte 345 on: of a sparse file, where its parts are
};

inline std::string octal(std::size_t number, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*zo", digits, number);
  return text;
}

inline Bytes tar(const std::vector<TarEntry>& entries) {
  std::string all;
  for (const TarEntry& entry : entries) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, std::string_view text) {
      text.copy(header.data() + at, text.size());
    };
    put(0, entry.name);
    put(100, "0000600");
    put(108, "0000000");
    put(116, "0000000");
    put(124, entry.octal_size.empty() ? octal(entry.contents.size(), 11) : entry.octal_size);
    put(136, octal(0, 11));
    put(148, "        ");
    header[156] = entry.type;
    put(157, entry.link);
    put(257, entry.type == 'S' ? "ustar  "
                               : std::string_view("ustar\0"
                                                  "00",
                                                  8));
    put(345, entry.from_345);
    std::size_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + '\0' + ' ');
    all += header + entry.contents;
    all.resize((all.size() + 511) / 512 * 512);
  }
  all.resize(all.size() + 1024);
  return {all.begin(), all.end()};
}

}  // namespace starling::test
