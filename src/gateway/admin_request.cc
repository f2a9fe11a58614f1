// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin_request.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "base/json.h"

namespace sealane::gateway {
namespace {

Status only(const json::Value& value, std::initializer_list<std::string_view> names) {
  for (const json::Member& member : *value.object())
    if (member.name != "request" && std::ranges::find(names, member.name) == names.end())
      return fail(ErrorKind::Invalid, "the request has no `" + member.name + "`");
  return {};
}

Result<std::uint64_t> number_of(const json::Value& value, std::string_view name,
                                std::uint64_t absent, std::uint64_t most) {
  const json::Value* member = value.find(name);
  if (member == nullptr) return absent;
  const json::Number* number = member->number();
  std::uint64_t out = 0;
  if (number != nullptr) {
    const std::string& text = number->lexeme;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    if (read.ec == std::errc() && read.ptr == text.data() + text.size() && out <= most) return out;
  }
  return fail(ErrorKind::Invalid,
              "`" + std::string(name) + "` is no whole number up to " + std::to_string(most));
}

Result<std::string> text_of(const json::Value& value, std::string_view name) {
  const json::Value* member = value.find(name);
  if (member == nullptr) return std::string();
  if (const std::string* text = member->text()) return *text;
  return fail(ErrorKind::Invalid, "`" + std::string(name) + "` is no text");
}

Result<AdminRequest> parse_why(const json::Value& value) {
  SEALANE_TRY(only(value, {"name", "peer", "last"}));
  WhyRequest why;
  SEALANE_ASSIGN(why.name, text_of(value, "name"));
  SEALANE_ASSIGN(why.peer, text_of(value, "peer"));
  SEALANE_ASSIGN(why.last, number_of(value, "last", why.last, AdminLimits::kLastMax));
  return AdminRequest(why);
}

struct RequestText {
  std::string operator()(const StatusRequest&) const { return R"({"request":"status"})"; }
  std::string operator()(const ReloadRequest&) const { return R"({"request":"reload"})"; }
  std::string operator()(const ConfirmRequest& r) const {
    json::Writer w;
    w.begin_object().field("request", "confirm");
    return w.field("registry_generation", r.registry_generation).end_object().str();
  }
  std::string operator()(const WhyRequest& r) const {
    json::Writer w;
    w.begin_object().field("request", "why").field("name", r.name).field("peer", r.peer);
    return w.field("last", std::uint64_t{r.last}).end_object().str();
  }
  std::string operator()(const ConnectionsRequest& r) const {
    json::Writer w;
    w.begin_object().field("request", "connections");
    return w.field("most", std::uint64_t{r.most}).end_object().str();
  }
};

}  // namespace

Result<AdminRequest> parse_admin_request(std::string_view line) {
  const auto parsed = json::parse(
      line, {.file = "request", .bytes_max = AdminLimits::kRequestBytesMax, .depth_max = 4});
  if (!parsed.value) return fail(ErrorKind::Invalid, parsed.diagnostics.front().message);
  const json::Value& value = *parsed.value;
  if (value.object() == nullptr) return fail(ErrorKind::Invalid, "a request is a JSON object");
  const std::string_view name = value.text_or_empty("request");
  if (name == "status") {
    SEALANE_TRY(only(value, {}));
    return AdminRequest(StatusRequest());
  }
  if (name == "reload") {
    SEALANE_TRY(only(value, {}));
    return AdminRequest(ReloadRequest());
  }
  if (name == "confirm") {
    SEALANE_TRY(only(value, {"registry_generation"}));
    if (value.find("registry_generation") == nullptr)
      return fail(ErrorKind::Invalid, "`confirm` needs `registry_generation`");
    ConfirmRequest confirm;
    SEALANE_ASSIGN(confirm.registry_generation,
                   number_of(value, "registry_generation", 0, INT64_MAX));
    return AdminRequest(confirm);
  }
  if (name == "why") return parse_why(value);
  if (name == "connections") {
    SEALANE_TRY(only(value, {"most"}));
    ConnectionsRequest connections;
    SEALANE_ASSIGN(connections.most,
                   number_of(value, "most", connections.most, AdminLimits::kConnectionsMax));
    return AdminRequest(connections);
  }
  return fail(ErrorKind::Invalid, "there is no request `" + std::string(name) + "`");
}

std::string to_text(const AdminRequest& request) { return std::visit(RequestText(), request); }

}  // namespace sealane::gateway
