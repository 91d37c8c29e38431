#include "starling/api/writing.hpp"

#include <gtest/gtest.h>

namespace starling {
namespace {

std::string code_of(const HttpResponse& response) {
  return text_at(parse_json(response.body)->as_object(), "code");
}

TEST(ProblemOfPast, WhoIsTurnedAwayIsToldToComeAgain) {
  const HttpResponse busy = problem_of_past({Errc::busy, "try again"});
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(code_of(busy), "unavailable");
  EXPECT_EQ(busy.headers.at("Retry-After"), "1");
}

TEST(ProblemOfPast, APointThatIsNotKnownIsNotABadRequest) {
  const HttpResponse unknown = problem_of_past({Errc::not_found, "no such"});
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(code_of(unknown), "no-such-state");
  EXPECT_EQ(code_of(problem_of_past({Errc::not_found, "no such"}, "no-such-change")), "no-such-change");
  const HttpResponse bad = problem_of_past({Errc::invalid_argument, "too few digits"});
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(code_of(bad), "bad-request");
  EXPECT_FALSE(bad.headers.contains("Retry-After"));
}

}  // namespace
}  // namespace starling
