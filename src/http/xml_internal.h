// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sealane::http {

inline constexpr std::string_view kXmlDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

// An element without its attributes: text, or children.
struct XmlElement {
  std::string name;
  std::string text;
  std::vector<XmlElement> children;

  const XmlElement* child(std::string_view child_name) const;
  const std::string* text_of(std::string_view child_name) const;
};

// Text with the five characters escaped, and with what XML 1.0 cannot hold as U+FFFD.
void append_escaped(std::string& to, std::string_view text);
// `<name>text</name>`.
void append_element(std::string& to, std::string_view name, std::string_view text);

// The subset of XML 1.0 that S3 documents use: one declaration, elements, attributes (skipped),
// text, the five named entities and character references.  Everything else - DOCTYPE, CDATA,
// comments, other entities - is refused, so that nothing can expand.
//
// Errors: Corrupt – not such a document, nesting over 8, or over `elements_max` elements.
Result<XmlElement> parse_xml(std::string_view document, std::size_t elements_max);

}  // namespace sealane::http
