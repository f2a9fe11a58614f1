// SPDX-License-Identifier: Apache-2.0
// Property: a request that is read can be decided, alike each time, with any documents; one that is
// refused says why in one line; keys are lower case and in order, and the lint of the same bytes
// ends.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "policy/evaluate.h"
#include "policy/request_json.h"

namespace sealane::policy {
namespace {

void must(bool property) {
  if (!property) std::abort();
}

const Catalogue& catalogue() {
  static const Catalogue shipped = Catalogue::shipped();
  return shipped;
}

const CompiledPolicies& policies() {
  static const CompiledPolicies compiled = [] {
    std::vector<Document> documents;
    for (const char* text : {R"({"Version":"2012-10-17","Statement":[
              {"Effect":"Allow","Action":"*","Resource":"*",
               "Condition":{"Bool":{"aws:SecureTransport":"true"}}},
              {"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}",
               "Condition":{"ForAnyValue:StringLike":{"aws:TagKeys":"a*"},
                            "NumericLessThan":{"s3:TlsVersion":"1.2"},
                            "IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]})"})
      if (auto parsed = parse_document(text, DocumentKind::Identity, "p.json"); parsed.value)
        documents.push_back(std::move(*parsed.value));
    must(documents.size() == 1);
    return compile(documents);
  }();
  return compiled;
}

void check_context(const Context& context) {
  const auto entries = context.entries();
  must(std::ranges::is_sorted(entries, {}, &Context::Entry::key));
  for (const Context::Entry& entry : entries) {
    must(std::ranges::none_of(entry.key, [](char c) { return c >= 'A' && c <= 'Z'; }));
    must(entry.arity == Context::Arity::Multi || entry.values.size() == 1);
    must(context.find(entry.key) == &entry);
  }
}

}  // namespace
}  // namespace sealane::policy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealane;
  using namespace sealane::policy;
  if (size > 4096) return 0;
  const std::string text(data, data + size);
  const auto parsed = parse_request(text, "r.json", catalogue());
  must(parsed.value.has_value() == parsed.diagnostics.empty());
#ifdef SEALANE_PLANTED_DEFECT
  // Forgets a last line without a line feed.
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
#else
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
#endif
  for (const Diagnostic& d : parsed.diagnostics) {
    must(!d.message.empty() && !d.message.contains('\n'));
    must(d.span.line >= 1 && d.span.line <= lines && d.span.column >= 1);
  }
  if (parsed.value) {
    check_context(parsed.value->context);
    must(!parsed.value->action.empty() && !parsed.value->resource.empty());
    const Request request = parsed.value->at(Time{});
    const Decision first = decide(policies(), request);
    must(first.outcome() == decide(policies(), request).outcome());
    must(explain_statements(policies(), request).size() == 2);
  }
  return 0;
}
