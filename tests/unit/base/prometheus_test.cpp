#include "libp2p/base/prometheus.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/prometheus.hpp"

namespace libp2p {
namespace {

TEST(PrometheusText, IsAFamilyAfterTheOther) {
  PrometheusText out;
  out.gauge("libp2p_streams", "Open streams.", 7);
  out.counter("libp2p_dials_total", "Dials.");
  out.sample(1, {{"transport", "tcp"}, {"outcome", "failed"}});
  out.sample(std::numeric_limits<std::uint64_t>::max(), {{"transport", "quic"}, {"outcome", "failed"}});
  EXPECT_EQ(out.text(),
            "# HELP libp2p_streams Open streams.\n"
            "# TYPE libp2p_streams gauge\n"
            "libp2p_streams 7\n"
            "# HELP libp2p_dials_total Dials.\n"
            "# TYPE libp2p_dials_total counter\n"
            "libp2p_dials_total{transport=\"tcp\",outcome=\"failed\"} 1\n"
            "libp2p_dials_total{transport=\"quic\",outcome=\"failed\"} 18446744073709551615\n");
  EXPECT_EQ(test::read_prometheus(out.text()).size(), 3U);
}

TEST(PrometheusText, EscapesWhatWouldEndALabelOrALine) {
  PrometheusText out;
  out.gauge("starling_build_info", "Back\\slash and\nline.");
  out.sample(1, {{"version", "a\"b\\c\nd"}});
  EXPECT_EQ(out.text(),
            "# HELP starling_build_info Back\\\\slash and\\nline.\n"
            "# TYPE starling_build_info gauge\n"
            "starling_build_info{version=\"a\\\"b\\\\c\\nd\"} 1\n");
  EXPECT_EQ(test::read_prometheus(out.text()).size(), 1U);
}

}  // namespace
}  // namespace libp2p
