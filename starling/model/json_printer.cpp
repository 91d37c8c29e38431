#include <algorithm>
#include <charconv>
#include <cmath>

#include "starling/model/document.hpp"

namespace starling {

namespace {

// As many characters as Unit takes for a number: what we print must be taken again.
constexpr std::size_t most_number_chars = 14;

// ±digits × 10^exponent; no trailing zero in digits, which are "0" for zero.
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0;
};

Decimal normalise(bool negative, std::string digits, int exponent) {
  while (digits.size() > 1 && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  if (digits == "0") return {false, std::move(digits), 0};
  return {negative, std::move(digits), exponent};
}

Decimal to_decimal(double value) {
  // Shortest digits that read back as the same double: d[.ddd]e±XX.
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.begin(), buffer.end(), std::fabs(value), std::chars_format::scientific).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const std::size_t exponent_at = text[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(text.data() + exponent_at, text.data() + text.size(), exponent);
  exponent -= static_cast<int>(digits.size()) - 1;
  return normalise(std::signbit(value), std::move(digits), exponent);
}

Decimal to_decimal(const json::value& number) {
  if (const double* real = number.if_double()) return to_decimal(*real);
  if (const std::uint64_t* natural = number.if_uint64()) return normalise(false, std::to_string(*natural), 0);
  const std::string text = std::to_string(number.get_int64());
  const bool negative = text.front() == '-';
  return normalise(negative, text.substr(negative ? 1 : 0), 0);
}

// Equal numbers have one text, whatever type holds them: plain as long as it fits, else with an exponent.
std::string number_text(const json::value& number) {
  const Decimal decimal = to_decimal(number);
  const std::string sign = decimal.negative ? "-" : "";
  const std::string& digits = decimal.digits;
  const auto size = static_cast<int>(digits.size());
  const int point = size + decimal.exponent;  // digits before the decimal point; not positive below 0.1
  const int plain_size = static_cast<int>(sign.size()) + (decimal.exponent >= 0 ? point
                                                          : point > 0           ? size + 1
                                                                                : size + 2 - point);
  std::string whole = sign + digits + "e" + std::to_string(decimal.exponent);
  if (decimal.exponent == 0) return sign + digits;
  if (plain_size <= static_cast<int>(most_number_chars)) {
    if (decimal.exponent > 0)
      return sign + digits + std::string(static_cast<std::size_t>(decimal.exponent), '0');
    if (point > 0) {
      const auto split = static_cast<std::size_t>(point);
      return sign + digits.substr(0, split) + "." + digits.substr(split);
    }
    return sign + "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  }
  if (decimal.exponent > 0 || size == 1) return whole;
  std::string scientific =
      sign + digits.substr(0, 1) + "." + digits.substr(1) + "e" + std::to_string(point - 1);
  return scientific.size() <= whole.size() ? scientific : whole;
}

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view special = "\"\\\n\r\t\b\f";
  constexpr std::string_view letter = "\"\\nrtbf";
  constexpr std::string_view hex = "0123456789ABCDEF";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t i = special.find(c); i != std::string_view::npos) {
      out += '\\';
      out += letter[i];
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_scalar(std::string& out, const json::value& value) {
  if (value.is_string()) {
    append_string(out, value.get_string());
  } else if (value.is_bool()) {
    out += value.get_bool() ? "true" : "false";
  } else if (value.is_null()) {
    out += "null";
  } else {
    out += number_text(value);
  }
}

std::vector<const json::object::value_type*> sorted_members(const json::object& object) {
  std::vector<const json::object::value_type*> members;
  members.reserve(object.size());
  for (const auto& member : object) members.push_back(&member);
  std::ranges::sort(members, {}, [](const auto* member) { return std::string_view(member->key()); });
  return members;
}

void append_canonical(std::string& out, const json::value& value) {
  if (const json::object* object = value.if_object()) {
    out += '{';
    bool first = true;
    for (const auto* member : sorted_members(*object)) {
      if (!std::exchange(first, false)) out += ',';
      append_string(out, member->key());
      out += ':';
      append_canonical(out, member->value());
    }
    out += '}';
  } else if (const json::array* array = value.if_array()) {
    out += '[';
    bool first = true;
    for (const json::value& element : *array) {
      if (!std::exchange(first, false)) out += ',';
      append_canonical(out, element);
    }
    out += ']';
  } else {
    append_scalar(out, value);
  }
}

class UnitPrinter {
 public:
  explicit UnitPrinter(std::string& out) : out_(out) {}

  void print(const json::value& value) {
    if (const json::object* object = value.if_object()) return print_object(*object);
    if (const json::array* array = value.if_array()) return print_array(*array);
    append_scalar(out_, value);
  }

 private:
  void new_line() {
    out_ += "\r\n";
    out_.append(level_, '\t');
  }
  void close(char bracket) {
    --level_;
    new_line();
    out_ += bracket;
    after_container_ = true;
  }
  void print_object(const json::object& object) {
    if (object.empty()) {
      out_ += "{}";
      return;
    }
    out_ += '{';
    ++level_;
    bool first = true;
    for (const auto& member : object) {
      if (!std::exchange(first, false)) {
        out_ += ',';
        // A blank line parts a member from the non-empty container before it.
        if (std::exchange(after_container_, false)) out_ += "\r\n";
      }
      new_line();
      append_string(out_, member.key());
      out_ += ": ";
      print(member.value());
    }
    close('}');
  }
  void print_array(const json::array& array) {
    if (array.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    ++level_;
    bool first = true;
    for (const json::value& element : array) {
      if (!std::exchange(first, false)) {
        out_ += ',';
        after_container_ = false;
      }
      new_line();
      print(element);
    }
    close(']');
  }

  std::string& out_;
  std::size_t level_ = 0;
  bool after_container_ = false;
};

}  // namespace

std::string canonical_json(const json::value& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

std::string unit_json(const json::value& value) {
  std::string out;
  UnitPrinter(out).print(value);
  out += "\r\n";
  return out;
}

bool same_json(const json::value& a, const json::value& b) {
  if (const json::object* object = a.if_object()) {
    const json::object* other = b.if_object();
    if (other == nullptr || object->size() != other->size()) return false;
    return std::ranges::all_of(*object, [&](const auto& member) {
      const json::value* counterpart = other->if_contains(member.key());
      return counterpart != nullptr && same_json(member.value(), *counterpart);
    });
  }
  if (const json::array* array = a.if_array()) {
    const json::array* other = b.if_array();
    return other != nullptr && std::ranges::equal(*array, *other, same_json);
  }
  if (a.is_number() && b.is_number()) return number_text(a) == number_text(b);
  return a == b;
}

}  // namespace starling
