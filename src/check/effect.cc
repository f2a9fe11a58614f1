// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "check/side_internal.h"

namespace sealane::check {
namespace {

constexpr std::size_t kShownMax = 100;

bool lets_plaintext(Transport transport) {
  return transport == Transport::Either || transport == Transport::Plaintext;
}

Transport any_of(Transport a, Transport b) {
  if (a == b || b == Transport::Unsaid || b == Transport::None) return a;
  if (a == Transport::Unsaid || a == Transport::None) return b;
  if (lets_plaintext(a) || lets_plaintext(b)) return Transport::Either;
  if (a == Transport::Unknown || b == Transport::Unknown) return Transport::Unknown;
  return Transport::TlsUnverified;  // the one and Tls
}

// User and password of an address, and what follows a question mark, are nobody's business.
std::string without_secrets(std::string text) {
  if (const std::size_t scheme = text.find("://"); scheme != std::string::npos) {
    const std::size_t begin = scheme + 3;
    const std::size_t end = std::min(text.find_first_of("/?", begin), text.size());
    const std::size_t at = text.rfind('@', end);
    if (at != std::string::npos && at >= begin) text.erase(begin, at + 1 - begin);
    if (const std::size_t query = text.find('?'); query != std::string::npos)
      text = text.substr(0, query) + "?…";
  }
  return text;
}

std::string cut(std::string text) {
  if (text.size() <= kShownMax) return text;
  std::size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

}  // namespace

Effect any_of(const Effect& a, const Effect& b) {
  Effect out = a;
  out.transport = any_of(a.transport, b.transport);
  if (out.transport == b.transport && out.transport != a.transport) out = b;
  out.verify = a.verify || b.verify;
  // What is used of the two may be the lesser.
  if (a.transport == Transport::None) {
    out.min_tls = b.min_tls;
  } else if (b.transport == Transport::None) {
    out.min_tls = a.min_tls;
  } else if (a.min_tls == Tls::Verify || b.min_tls == Tls::Verify) {
    out.min_tls = Tls::Verify;
  } else if (b.min_tls < a.min_tls) {
    out.min_tls = b.min_tls;
    if (a.transport == b.transport) out.says = b.says;
  } else {
    out.min_tls = a.min_tls;
  }
  return out;
}

bool same_value(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

std::string shown(const iac::Value& value) {
  if (value.sensitive) return "(hidden)";
  if (const std::string* text = value.text()) return cut(one_line(without_secrets(*text)));
  if (const bool* boolean = value.boolean()) return *boolean ? "true" : "false";
  if (const json::Number* number = value.number()) return number->lexeme;
  if (value.is_null()) return "null";
  if (value.unknown() != nullptr) return "unknown";
  if (const iac::Value::List* list = value.list()) {
    std::string out;
    for (const iac::Value& one : *list) out += (out.empty() ? "" : ", ") + shown(one);
    return cut("[" + out + "]");
  }
  if (const iac::Template* parts = value.template_text()) {
    std::string out;
    for (const iac::Part& part : parts->parts) {
      out += part.literal;
      if (!part.reference.resource.empty())
        out += "${" + part.reference.resource +
               (part.reference.attribute.empty() ? "" : "." + part.reference.attribute) + "}";
    }
    return cut(one_line(without_secrets(out)));
  }
  return "{…}";
}

}  // namespace sealane::check
