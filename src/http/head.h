// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sealane::http {

// Every bound on a head.
struct HeadLimits {
  std::size_t head_bytes_max = std::size_t{16} << 10;
  std::size_t headers_max = 64;
  std::size_t target_bytes_max = std::size_t{8} << 10;
  std::uint64_t body_bytes_max = 5ULL * 1024 * 1024 * 1024;
};

enum class Method : std::uint8_t { Get, Head, Put, Post, Delete, Other };
std::string_view to_string(Method method);

enum class Version : std::uint8_t { Http10, Http11 };

// Name and value without surrounding white space, as received.
struct Header {
  std::string_view name{};
  std::string_view value{};
  bool operator==(const Header&) const = default;
};

// The value of the header with this name in any case; the first, when there are several.
std::optional<std::string_view> find_header(const std::vector<Header>& headers,
                                            std::string_view name);
std::size_t count_header(const std::vector<Header>& headers, std::string_view name);

// A request's start line and headers.  All texts are views into the decoded input.
struct RequestHead {
  Method method = Method::Other;
  std::string_view method_text{};
  std::string_view target{};  // origin form: begins with `/`
  Version version = Version::Http11;
  std::vector<Header> headers{};
  std::uint64_t content_length = 0;  // 0 when there is none
  bool has_content_length = false;
  bool keep_alive = true;
  bool expect_continue = false;  // `Expect: 100-continue`: send kContinue before the body comes
  std::optional<std::string_view> header(std::string_view name) const {
    return find_header(headers, name);
  }
  bool operator==(const RequestHead&) const = default;
};

struct DecodedRequestHead {
  RequestHead head;
  std::size_t bytes = 0;  // the head's own; the body follows
};

// A response's status line and headers.  All texts are views into the decoded input.
struct ResponseHead {
  std::uint16_t status = 0;
  std::string_view reason{};
  Version version = Version::Http11;
  std::vector<Header> headers{};
  std::uint64_t content_length =
      0;  // as the header says; a response to HEAD has no body all the same
  bool has_content_length = false;
  bool keep_alive = true;
  std::optional<std::string_view> header(std::string_view name) const {
    return find_header(headers, name);
  }
  bool operator==(const ResponseHead&) const = default;
};

struct DecodedResponseHead {
  ResponseHead head;
  std::size_t bytes = 0;
};

enum class HeadErrorKind : std::uint8_t {
  NeedMore,        // the input ends inside the head
  Malformed,       // not a head, or one that two parsers could read differently
  TooLarge,        // a limit of HeadLimits
  LengthRequired,  // Transfer-Encoding: not in this version
  Unsupported,     // an HTTP version or an expectation that is not spoken
};

struct HeadError {
  HeadErrorKind kind = HeadErrorKind::Malformed;
  std::uint16_t status = 400;  // what a server answers before it closes; 0 for NeedMore
  std::string_view message{};  // for the operator; a literal
};

// Reads the head of one HTTP/1.x message from the front of a byte stream.
//
// Source:   RFC 9112 §2-§6, RFC 9110 §5, §8.6, §10.1.1.  Stricter than both where two readers
//           could disagree: bare CR or LF, NUL and other control characters, folded lines, white
//           space before a colon or around the start line, repeated Content-Length or Host,
//           Content-Length beside Transfer-Encoding, targets that are not in origin form (no
//           absolute form, no `*`, no authority) are refused.
// Input:    bytes as received; may hold less or more than one head.
// Errors:   HeadError; everything but NeedMore ends the connection.
// Bounds:   O(head) time; looks at no more than limits.head_bytes_max bytes.
// Threads:  pure.
Result<DecodedRequestHead, HeadError> decode_request_head(ByteSpan input, const HeadLimits& limits);
Result<DecodedResponseHead, HeadError> decode_response_head(ByteSpan input,
                                                            const HeadLimits& limits);

// Appends the head with its empty line, exactly the headers given and no others.
// Errors: Invalid – a method, target, header name or value that would change the message's shape
//         (CR, LF, NUL, an empty name …); nothing is appended then.
struct RequestHeadFields {
  std::string_view method{};
  std::string_view target{};
  std::vector<Header> headers{};
};
Status encode_request_head(const RequestHeadFields& fields, Bytes& to);
struct ResponseHeadFields {
  std::uint16_t status = 200;
  std::vector<Header> headers{};
};
Status encode_response_head(const ResponseHeadFields& fields, Bytes& to);

// The interim response that a client waits for after `Expect: 100-continue`.
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// `Not Found` for 404; empty for a status without a registered phrase.
std::string_view reason_phrase(std::uint16_t status);

}  // namespace sealane::http
