// SPDX-License-Identifier: Apache-2.0
#include "policy/request_json.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "policy/operator_date.h"
#include "policy/text.h"

namespace sealane::policy {
namespace {

constexpr std::size_t kDiagnosticsMax = 100;
const std::vector<std::string> kMembers = {"principal", "action", "resource",   "resource_account",
                                           "context",   "now",    "exemptions", "variables"};

class RequestReader {
 public:
  RequestReader(const Catalogue& catalogue, const RequestLimits& limits)
      : catalogue_(catalogue), limits_(limits) {}

  Parsed<RequestFile> run(const json::Value& root) {
    read(root);
    Parsed<RequestFile> out;
    if (diagnostics_.empty()) out.value = std::move(request_);
    out.diagnostics = std::move(diagnostics_);
    return out;
  }

 private:
  void error(const SourceSpan& span, std::string message, std::string hint = {}) {
    if (diagnostics_.size() < kDiagnosticsMax)
      diagnostics_.push_back(
          {Severity::Error, span, one_line(std::move(message)), one_line(std::move(hint))});
  }

  void read(const json::Value& root) {
    const json::Value::Object* members = root.object();
    if (members == nullptr) return error(root.span, "a request is a JSON object");
    for (const json::Member& member : *members) read_member(member);
    if (root.find("action") == nullptr)
      error(root.span, "the request has no `action`", "write \"action\": \"s3:GetObject\"");
    if (request_.resource.empty()) request_.resource = "*";
    // The principal is known now, wherever it stood.
    if (principal_arn_ != nullptr) read_principal_arn(*principal_arn_);
  }

  void read_member(const json::Member& member) {
    const json::Value& value = member.value;
    if (member.name == "principal") {
      read_principal(value);
    } else if (member.name == "action") {
      if (const std::string* text = read_text(member)) read_action(*text, value.span);
    } else if (member.name == "resource") {
      const std::string* text = read_text(member);
      if (text != nullptr && text->empty()) error(value.span, "`resource` is empty", "write \"*\"");
      if (text != nullptr) request_.resource = *text;
    } else if (member.name == "resource_account") {
      read_account(member);
    } else if (member.name == "context") {
      read_context(value);
    } else if (member.name == "now") {
      read_time(value, "now");
    } else if (member.name == "exemptions") {
      read_exemptions(value);
    } else if (member.name == "variables") {
      read_variables(member);
    } else {
      const auto near = nearest(to_lower(member.name), kMembers);
      error(member.span, "a request has no `" + member.name + "`",
            near ? "did you mean `" + *near + "`?" : "");
    }
  }

  const std::string* read_text(const json::Member& member) {
    const std::string* text = member.value.text();
    if (text == nullptr) error(member.value.span, "`" + member.name + "` is text");
    if (text != nullptr && text->size() > limits_.value_bytes_max) {
      error(member.value.span, "`" + member.name + "` is longer than " +
                                   std::to_string(limits_.value_bytes_max) + " bytes");
      return nullptr;
    }
    return text;
  }

  void read_variables(const json::Member& member) {
    const std::string* text = read_text(member);
    if (text == nullptr) return;
    if (*text != "guarded" && *text != "as-sent")
      return error(member.value.span, "`" + *text + "` is no rule for variables",
                   "there are `guarded` and `as-sent`");
    request_.variables = *text == "guarded" ? VariableRule::Guarded : VariableRule::AsSent;
  }

  void read_action(const std::string& text, const SourceSpan& span) {
    const std::size_t colon = text.find(':');
    const bool whole = colon != std::string::npos && colon > 0 && colon + 1 < text.size();
    if (!whole || text.find_first_of("*? \t\r\n") != std::string::npos)
      return error(span, "`" + text + "` is not one action",
                   "a request is for one action, as `iot:Publish`");
    request_.action = text;
  }

  void read_account(const json::Member& member) {
    std::string text;
    if (const json::Number* number = member.value.number())
      text = number->lexeme;
    else if (const std::string* found = read_text(member))
      text = *found;
    else
      return;
    if (text.size() != 12 || text.find_first_not_of("0123456789") != std::string::npos)
      return error(member.value.span, "`" + text + "` is not an account", "it has twelve digits");
    request_.resource_account = text;
  }

  void take_principal(Result<Principal> principal, const SourceSpan& span) {
    if (!principal) return error(span, principal.error().message, principal.error().hint);
    request_.principal = std::move(*principal);
    request_.names_principal = true;
  }

  // Devices of IoT Core: the policies belong to the certificate, which is no IAM principal.
  static bool is_device(std::string_view text) {
    if (text == "device") return true;
    return text.starts_with("arn:") && text.contains(":iot:") &&
           (text.contains(":cert/") || text.contains(":thing/"));
  }

  void read_principal(const json::Value& value) {
    if (const std::string* text = value.text()) {
      if (is_device(*text)) {
        request_.principal = Principal::device();
        return;
      }
      return take_principal(parse_principal(*text), value.span);
    }
    const json::Value::Object* members = value.object();
    if (members == nullptr || members->size() != 1)
      return error(value.span, "`principal` is neither text nor an object of one member",
                   "write an ARN, or {\"Service\": \"s3.amazonaws.com\"}");
    const json::Member& member = members->front();
    const json::Value* inner = &member.value;
    if (inner->array() != nullptr && inner->array()->size() == 1) inner = &inner->array()->front();
    const std::string* text = inner->text();
    if (text == nullptr)
      return error(inner->span, "a request has one principal", "write its name as text");
    if (member.name == "AWS" && is_device(*text)) {
      request_.principal = Principal::device();
      return;
    }
    take_principal(parse_principal(member.name, *text), inner->span);
  }

  void read_principal_arn(const json::Value& value) {
    const std::string* text = value.text();
    if (text == nullptr) return error(value.span, "`aws:PrincipalArn` is text");
    Principal& principal = request_.principal;
    if (!request_.names_principal) return take_principal(parse_principal(*text), value.span);
    if (principal.principal_arn() == *text) return;
    // The ARN of a session lacks the path that its role's ARN has.
    const std::string_view account = principal.account;
    const std::string tail = principal.role_arn.substr(principal.role_arn.rfind('/') + 1);
    const bool same_role = principal.kind == PrincipalKind::RoleSession &&
                           text->contains("::" + std::string(account) + ":role/") &&
                           text->ends_with("/" + tail);
    if (!same_role)
      return error(value.span, "`aws:PrincipalArn` is not the ARN of `principal`",
                   "leave it out: it comes from `principal`");
    principal.role_arn = *text;
  }

  void read_time(const json::Value& value, const std::string& name) {
    std::string text;
    if (const std::string* found = value.text())
      text = *found;
    else if (const json::Number* number = value.number())
      text = number->lexeme;
    const auto time = parse_date(text);
    if (!time)
      return error(value.span, "`" + name + "` is not a time",
                   "write \"2027-06-30T12:00:00Z\", or seconds since 1970");
    if (request_.now && *request_.now != *time)
      return error(value.span, "`" + name + "` says another time than stands before", "keep `now`");
    request_.now = *time;
  }

  void read_exemptions(const json::Value& value) {
    if (value.object() == nullptr) return error(value.span, "`exemptions` is a JSON object");
    for (const json::Member& member : *value.object()) {
      bool* target = nullptr;
      if (member.name == "principal_in_management_account")
        target = &request_.exemptions.principal_in_management_account;
      else if (member.name == "resource_in_management_account")
        target = &request_.exemptions.resource_in_management_account;
      else if (member.name == "aws_managed_key")
        target = &request_.exemptions.aws_managed_key;
      else if (member.name == "service_without_rcps")
        target = &request_.exemptions.service_without_rcps;
      if (target == nullptr)
        error(member.span, "there is no exemption `" + member.name + "`",
              "it is one of `principal_in_management_account`, `resource_in_management_account`, "
              "`aws_managed_key` and `service_without_rcps`");
      else if (member.value.boolean() == nullptr)
        error(member.value.span, "`" + member.name + "` is true or false");
      else
        *target = *member.value.boolean();
    }
  }

  void read_context(const json::Value& value) {
    if (value.object() == nullptr)
      return error(value.span, "`context` is a JSON object of keys and values");
    if (value.object()->size() > limits_.keys_max)
      return error(value.span,
                   "`context` has more than " + std::to_string(limits_.keys_max) + " keys");
    for (const json::Member& member : *value.object()) read_key(member);
  }

  void read_key(const json::Member& member) {
    const std::string key = to_lower(member.name);
    const std::size_t colon = key.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == key.size())
      return error(member.span, "`" + member.name + "` is not a condition key",
                   "keys have the form `prefix:name`, as in `aws:SourceIp`");
    if (!keys_.insert(key).second)
      return error(member.span, "the key `" + member.name + "` stands twice, in two spellings");
    if (key == "aws:currenttime" || key == "aws:epochtime")
      return read_time(member.value, member.name);
    if (key == "aws:principalarn") {
      principal_arn_ = &member.value;
      return;
    }
    std::vector<std::string> values;
    const json::Value::Array* items = member.value.array();
    if (items != nullptr) {
      for (const json::Value& item : *items)
        if (!take_value(item, values)) return;
    } else if (!take_value(member.value, values)) {
      return;
    }
    set(member, items != nullptr, values);
  }

  void set(const json::Member& member, bool listed, const std::vector<std::string>& values) {
    const auto arity = arity_of(to_lower(member.name));
    const bool multi = arity ? *arity == Context::Arity::Multi : listed;
    if (multi) return request_.context.set_list(member.name, values);
    if (values.size() != 1)
      return error(member.value.span, "`" + member.name + "` has one value",
                   "write the value without a list, or leave the key out");
    request_.context.set(member.name, values.front());
  }

  std::optional<Context::Arity> arity_of(const std::string& key) const {
    if (const KeyFacts* facts = find_iot_device_key(key)) return facts->arity;
    if (const GlobalKey* global = find_global_key(key)) return global->facts.arity;
    if (const auto facts = catalogue_.find_key(key)) return facts->arity;
    return std::nullopt;
  }

  bool take_value(const json::Value& value, std::vector<std::string>& out) {
    if (++values_ > limits_.values_max) {
      if (values_ == limits_.values_max + 1)
        error(value.span,
              "`context` has more than " + std::to_string(limits_.values_max) + " values");
      return false;
    }
    if (const std::string* text = value.text())
      out.push_back(*text);
    else if (const json::Number* number = value.number())
      out.push_back(number->lexeme);
    else if (const bool* boolean = value.boolean())
      out.push_back(*boolean ? "true" : "false");
    else
      return error(
                 value.span, "a value of a key is text, a number, a boolean, or a list of such",
                 value.object() == nullptr ? "leave a key out that the request does not have" : ""),
             false;
    if (out.back().size() <= limits_.value_bytes_max) return true;
    error(value.span,
          "the value is longer than " + std::to_string(limits_.value_bytes_max) + " bytes");
    return false;
  }

  const Catalogue& catalogue_;
  const RequestLimits& limits_;
  RequestFile request_;
  std::set<std::string> keys_;
  const json::Value* principal_arn_ = nullptr;
  std::size_t values_ = 0;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace

Request RequestFile::at(Time instant) const {
  return {.principal = principal,
          .action = action,
          .resource = resource,
          .context = context,
          .now = now.value_or(instant),
          .resource_account = resource_account,
          .exemptions = exemptions,
          .variables = variables};
}

Parsed<RequestFile> parse_request(std::string_view text, const std::string& file,
                                  const Catalogue& catalogue, const RequestLimits& limits) {
  auto parsed = json::parse(text, {.file = file, .bytes_max = limits.bytes_max, .depth_max = 16});
  if (!parsed.value) return {std::nullopt, std::move(parsed.diagnostics)};
  return RequestReader(catalogue, limits).run(*parsed.value);
}

}  // namespace sealane::policy
