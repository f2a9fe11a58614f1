// SPDX-License-Identifier: Apache-2.0
#include "iac/policy_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/json.h"
#include "iac/placeholder_internal.h"
#include "iac/policy_recover_internal.h"
#include "iac/shape_internal.h"

namespace sealane::iac {
namespace {

constexpr std::size_t kTextsMax = 10'000;
constexpr std::size_t kHolesMax = 200;  // texts of one element with something unknown in them
constexpr std::string_view kNothing =
    R"({"Sid":"Nothing","Effect":"Deny","Principal":"*","Action":"sealane:Nothing","Resource":"*"})";

bool has_unknown(const Value& value) {
  if (const auto* map = value.map())
    return std::ranges::any_of(*map, [](const Field& f) { return has_unknown(f.value); });
  if (const auto* list = value.list())
    return std::ranges::any_of(*list, [](const Value& item) { return has_unknown(item); });
  return value.unknown() != nullptr;
}

// The statement as wide as what is unknown in it could make it.
Value widest(const Value& statement) {
  Value out = statement;
  auto* fields = std::get_if<Value::Map>(&out.data);
  auto text = [](std::string_view what) {
    Value made;
    made.data = std::string(what);
    return made;
  };
  if (fields == nullptr) {
    auto& made = out.data.emplace<Value::Map>();
    made.push_back({"Effect", text("Deny")});
    for (const char* name : {"Principal", "Action", "Resource"}) made.push_back({name, text("*")});
    return out;
  }
  for (Field& field : *fields) {
    if (!has_unknown(field.value)) continue;
    if (field.name == "Effect") field.value = text("Deny");
    for (const std::string_view element : {"Principal", "Action", "Resource"})
      if (field.name == element || field.name == "Not" + std::string(element)) {
        field.name = element;
        field.value = text("*");
      }
    if (field.name == "Sid") field.value = text("");
    if (field.name != "Condition") continue;
    auto* operators = std::get_if<Value::Map>(&field.value.data);
    if (operators == nullptr) {
      field.value.data = Value::Map{};
      continue;
    }
    for (Field& op : *operators)
      if (auto* keys = std::get_if<Value::Map>(&op.value.data))
        std::erase_if(*keys, [](const Field& key) { return has_unknown(key.value); });
    std::erase_if(*operators, [](const Field& op) {
      return op.value.map() == nullptr || op.value.map()->empty();
    });
  }
  std::erase_if(*fields, [](const Field& field) {
    return field.name == "Condition" && field.value.map() != nullptr && field.value.map()->empty();
  });
  return out;
}

bool is_json_number(std::string_view lexeme) {
  const auto parsed = json::parse(lexeme);
  return parsed.value && parsed.value->number() != nullptr;
}

class Renderer {
 public:
  Renderer(const System& system, std::optional<std::uint32_t> subject)
      : system_(system), subject_number_(subject) {}

  Result<PolicyText> run(const Value& document, PolicyText out) {
    const Value* statements = document.find("Statement");
    if (document.map() == nullptr || statements == nullptr)
      return fail(ErrorKind::Unsupported, "the document has no statements");
    if (subject_number_) {
      auto shape = arn_shape(system_, *subject_number_);
      if (!shape)
        return fail(ErrorKind::Unsupported,
                    fmt::format("the ARN of a `{}` is not known before it exists",
                                system_.resources[*subject_number_].type));
      subject_ = *std::move(shape);
      take_place_from(*statements);
    }
    SEALANE_TRY(sort(*statements, out));
    for (const Value* statement : certain_) SEALANE_TRY(note_deny(*statement));
    for (const Value& statement : wide_) SEALANE_TRY(note_deny(statement));
    SEALANE_TRY(check_holes());
    if (subject_number_) out.subject = stand_.text_of(subject_);
    out.least = text(document, false);
    out.most = wide_.empty() ? out.least : text(document, true);
    out.assumed.insert(out.assumed.end(), stand_.assumed().begin(), stand_.assumed().end());
    if (defaults_)
      out.assumed.emplace_back("parameters have their defaults where the document uses them");
    return out;
  }

 private:
  // Which statements are there as they stand, and which may be.
  Status sort(const Value& statements, PolicyText& out) {
    if (statements.unknown() != nullptr) {
      wide_.push_back(widest(statements));
      out.missing = "the statements are " + statements.unknown()->why;
      return {};
    }
    std::vector<const Value*> all;
    if (const auto* list = statements.list())
      for (const Value& item : *list) all.push_back(&item);
    else
      all.push_back(&statements);
    for (const Value* statement : all) {
      if (!has_unknown(*statement)) {
        certain_.push_back(statement);
        continue;
      }
      const Value* effect = statement->find("Effect");
      const auto effect_text = effect == nullptr ? std::nullopt : scalar_text(*effect);
      const Value* sid = statement->find("Sid");
      const auto name = sid == nullptr ? std::nullopt : scalar_text(*sid);
      const std::string called = name && !name->empty() ? "`" + *name + "`" : "a statement";
      if (effect_text == "Allow") {
        out.assumed.push_back(fmt::format("{} allows what the input does not tell", called));
        continue;
      }
      wide_.push_back(widest(*statement));
      if (out.missing.empty()) out.missing = doubt_about(*statement, called);
    }
    return {};
  }

  static std::string doubt_about(const Value& statement, const std::string& called) {
    if (const auto* fields = statement.map())
      for (const Field& field : *fields)
        if (has_unknown(field.value))
          return fmt::format("the input does not tell `{}` of {}", field.name, called);
    return fmt::format("the input does not tell {}", called);
  }

  // A resource whose name is known and whose account and region are not is taken for the one of
  // that name in the document: a policy can be about no other.
  void take_place_from(const Value& value) {
    if (const auto* list = value.list()) {
      for (const Value& item : *list) take_place_from(item);
    } else if (const auto* map = value.map()) {
      for (const Field& field : *map)
        if (value.find("Effect") == nullptr || field.name == "Resource")
          take_place_from(field.value);
    } else if (const std::string* text = value.text()) {
      take_place(*text);
    }
  }
  void take_place(std::string_view text) {
    std::vector<std::pair<std::string, std::string>> found;
    for (std::size_t i = 0; i < subject_.size(); ++i) {
      const ShapePiece& piece = subject_[i];
      if (piece.hole.empty()) {
        if (!text.starts_with(piece.literal)) return;
        text.remove_prefix(piece.literal.size());
        continue;
      }
      if (piece.names_resource || i + 1 == subject_.size()) return;
      const std::string_view part = text.substr(0, text.find(':'));
      if (part.empty() || part.find_first_of("*?$") != std::string_view::npos) return;
      found.emplace_back(piece.hole, part);
      text.remove_prefix(part.size());
    }
    if (!text.empty()) return;
    for (const auto& [hole, part] : found)
      stand_.set(hole, part,
                 fmt::format("the resource is the one that the document names, in `{}`", part));
    for (ShapePiece& piece : subject_)
      for (const auto& [hole, part] : found)
        if (piece.hole == hole) piece = {part, {}};
  }

  // --- what a Deny says, for the check of holes ---

  Status note_deny(const Value& statement) {
    const Value* effect = statement.find("Effect");
    if (effect == nullptr || scalar_text(*effect) != "Deny") return {};
    for (const Field& field : *statement.map()) {
      if (field.name == "Resource" || field.name == "NotResource")
        SEALANE_TRY(note("Resource", field.value));
      if (field.name == "Principal" || field.name == "NotPrincipal")
        SEALANE_TRY(note("Principal", field.value));
      if (field.name == "Action" || field.name == "NotAction")
        SEALANE_TRY(note("Action", field.value));
      const auto* operators = field.name == "Condition" ? field.value.map() : nullptr;
      if (operators == nullptr) continue;
      for (const Field& op : *operators)
        if (const auto* keys = op.value.map())
          for (const Field& key : *keys) {
            std::string name = key.name;
            std::ranges::transform(name, name.begin(), [](char c) {
              return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            });
            SEALANE_TRY(note(name, key.value));
          }
    }
    return {};
  }
  Status note(const std::string& element, const Value& value) {
    if (const auto* list = value.list()) {
      for (const Value& item : *list) SEALANE_TRY(note(element, item));
    } else if (const auto* map = value.map()) {
      for (const Field& field : *map) SEALANE_TRY(note(element, field.value));
    } else if (auto shape = shape_of(system_, value)) {
      if (++texts_ > kTextsMax)
        return fail(ErrorKind::Unsupported, "the document has too many texts");
      auto& known = patterns_[element];
      if (known.with_holes.size() >= kHolesMax)
        return fail(ErrorKind::Unsupported, "too much of the document is not in the input");
      (has_hole(*shape) ? known.with_holes : known.plain).push_back(*std::move(shape));
    }
    return {};
  }

  static Error could_be(const Shape& a, const Shape& b) {
    auto words = [](const Shape& shape) {
      std::string out;
      for (const ShapePiece& piece : shape)
        out += piece.hole.empty() ? piece.literal : "${" + piece.hole + "}";
      return out;
    };
    return fail(ErrorKind::Unsupported,
                fmt::format("a Deny says `{}`, and the input does not tell whether that is `{}`",
                            words(a), words(b)),
                "give the name in the input, or write the resource in the policy by reference");
  }

  Status check_holes() const {
    for (const auto& [element, known] : patterns_) {
      if (element == "Resource" && subject_number_) {
        for (const auto* some : {&known.plain, &known.with_holes})
          for (const Shape& pattern : *some)
            if (!is_independent(pattern, subject_, Whose::Resource))
              return could_be(pattern, subject_);
        continue;
      }
      for (std::size_t i = 0; i < known.with_holes.size(); ++i) {
        const Shape& pattern = known.with_holes[i];
        for (const Shape& text : known.plain)
          if (!is_independent(text, pattern, Whose::Anybody) &&
              !is_independent(pattern, text, Whose::Anybody))
            return could_be(pattern, text);
        for (std::size_t k = i + 1; k < known.with_holes.size(); ++k)
          if (!is_independent(pattern, known.with_holes[k], Whose::Anybody))
            return could_be(pattern, known.with_holes[k]);
      }
    }
    return {};
  }

  // --- the text ---

  std::string text(const Value& document, bool most) {
    json::Writer out;
    out.begin_object();
    for (const Field& field : *document.map()) {
      if (field.name == "Statement" || has_unknown(field.value)) continue;
      out.key(field.name);
      write(out, field.value);
    }
    out.key("Statement").begin_array();
    for (const Value* statement : certain_) write(out, *statement);
    if (most)
      for (const Value& statement : wide_) write(out, statement);
    if (certain_.empty() && (!most || wide_.empty())) out.raw(kNothing);
    out.end_array().end_object();
    return out.str();
  }

  void write(json::Writer& out, const Value& value) {
    defaults_ = defaults_ || value.from_default;
    if (const auto* map = value.map()) {
      out.begin_object();
      for (const Field& field : *map) {
        out.key(field.name);
        write(out, field.value);
      }
      out.end_object();
    } else if (const auto* list = value.list()) {
      out.begin_array();
      for (const Value& item : *list) write(out, item);
      out.end_array();
    } else if (const auto* boolean = value.boolean()) {
      out.value(*boolean);
    } else if (const auto* number = value.number()) {
      if (is_json_number(number->lexeme))
        out.raw(number->lexeme);
      else
        out.value(number->lexeme);
    } else if (const auto shape = shape_of(system_, value)) {
      out.value(stand_.text_of(*shape));
    } else {
      out.null();
    }
  }

  struct Patterns {
    std::vector<Shape> plain;
    std::vector<Shape> with_holes;
  };

  const System& system_;
  std::optional<std::uint32_t> subject_number_;
  Shape subject_;
  Stand stand_;
  std::vector<const Value*> certain_;
  std::vector<Value> wide_;
  std::map<std::string, Patterns> patterns_;
  std::size_t texts_ = 0;
  bool defaults_ = false;
};

Result<Value> document_in(const Value& value) {
  if (value.map() != nullptr) return value;
  std::optional<Marked> marked;
  std::string text;
  if (value.text() != nullptr) {
    text = *value.text();
  } else if (const Template* parts = value.template_text()) {
    marked = Marked::from(*parts);
    if (!marked)
      return fail(ErrorKind::Unsupported, "the document cannot be told from its references");
    text = marked->text();
  } else {
    return fail(ErrorKind::Unsupported, "the property holds no policy document");
  }
  auto parsed = json::parse(text, {.file = "policy"});
  if (!parsed.value)
    return fail(
        ErrorKind::Unsupported,
        "the document is no JSON: " +
            (parsed.diagnostics.empty() ? std::string("unknown") : parsed.diagnostics[0].message));
  return from_json(*parsed.value, value, marked ? &*marked : nullptr);
}

}  // namespace

Result<PolicyText> policy_text(const System& system, std::uint32_t owner, const Setting& setting,
                               std::optional<std::uint32_t> subject) {
  if (owner >= system.resources.size() || (subject && *subject >= system.resources.size()))
    return fail(ErrorKind::Invalid, "no such resource");
  if (setting.presence == Presence::Omitted)
    return fail(ErrorKind::Unsupported, "there is no policy document");
  PolicyText out;
  if (setting.presence == Presence::Unknown) {
    SEALANE_ASSIGN(const Value recovered, recover_policy(system, owner, setting, out));
    return Renderer(system, subject).run(recovered, std::move(out));
  }
  // Configuration: the data source is referred to, and tells all.
  if (const Template* parts = setting.value->template_text();
      parts != nullptr && parts->parts.size() == 1 &&
      parts->parts[0].reference.target < system.resources.size() &&
      system.resources[parts->parts[0].reference.target].type == "aws_iam_policy_document") {
    Value referred;
    referred.place = setting.place;
    referred.data = Unknown{"computed by a data source", {parts->parts[0].reference}};
    Setting unknown = setting;
    unknown.value = &referred;
    SEALANE_ASSIGN(const Value recovered, recover_policy(system, owner, unknown, out));
    out.assumed.clear();  // configuration shows the whole expression
    return Renderer(system, subject).run(recovered, std::move(out));
  }
  SEALANE_ASSIGN(const Value document, document_in(*setting.value));
  return Renderer(system, subject).run(document, std::move(out));
}

}  // namespace sealane::iac
