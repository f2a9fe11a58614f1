// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/beast/http/basic_parser.hpp>

#include "http/ascii_internal.h"

namespace sealane::http {
namespace {

namespace beast = boost::beast;
namespace beast_http = boost::beast::http;

HeadError malformed(std::string_view message) { return {HeadErrorKind::Malformed, 400, message}; }
std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

// Collects what Beast reads.  Its views point into the input, because a head in one buffer
// without folded lines is never copied.
template <bool is_request>
class HeadReader final : public beast_http::basic_parser<is_request> {
 public:
  explicit HeadReader(const HeadLimits& limits) : limits_(limits) {
    this->header_limit(static_cast<std::uint32_t>(limits.head_bytes_max) + 1);
    this->body_limit(boost::none);
    headers.reserve(16);
  }

  std::string_view method, target, reason;
  int status = 0;
  int version = 0;
  std::vector<Header> headers;
  bool too_many = false;

 private:
  using ErrorCode = beast::error_code;
  void on_request_impl(beast_http::verb, beast::string_view method_text,
                       beast::string_view target_text, int version_number, ErrorCode&) override {
    method = view_of(method_text);
    target = view_of(target_text);
    version = version_number;
  }
  void on_response_impl(int code, beast::string_view reason_text, int version_number,
                        ErrorCode&) override {
    status = code;
    reason = view_of(reason_text);
    version = version_number;
  }
  void on_field_impl(beast_http::field, beast::string_view name, beast::string_view value,
                     ErrorCode& error) override {
    if (headers.size() == limits_.headers_max) {
      too_many = true;
      error = beast_http::error::header_limit;
      return;
    }
    headers.push_back({view_of(name), view_of(value)});
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(beast::string_view body, ErrorCode&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode&) override {
    return body.size();
  }
  void on_finish_impl(ErrorCode&) override {}

  const HeadLimits& limits_;
};

// The octets of a head with its empty line, once they are all here and none of them can be read in
// two ways: RFC 9112 §2.2 (line ends), §5 (field lines), §5.2 (no folding).
Result<std::string_view, HeadError> find_head(ByteSpan input, const HeadLimits& limits) {
  const std::string_view text = as_text(input).substr(0, limits.head_bytes_max);
  std::size_t line_at = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') return malformed("a bare line feed");
    if (byte == '\r') {
      if (i + 1 == text.size()) break;
      if (text[i + 1] != '\n') return malformed("a bare carriage return");
      if (i == line_at) {
        if (i == 0) return malformed("an empty line before the start line");
        return text.substr(0, i + 2);
      }
      line_at = i + 2;
      ++i;
      continue;
    }
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
      return malformed("a control character in the head");
    if (i == line_at && (byte == ' ' || byte == '\t')) return malformed("a folded line");
  }
  if (text.size() == limits.head_bytes_max)
    return HeadError{HeadErrorKind::TooLarge, 431, "the head exceeds its limit"};
  return HeadError{HeadErrorKind::NeedMore, 0, ""};
}

// The start line and the colon of each field, before Beast sees them.
std::optional<HeadError> check_lines(std::string_view head) {
  const std::string_view start = head.substr(0, head.find('\r'));
  if (start.find('\t') != std::string_view::npos) return malformed("a tab in the start line");
  std::size_t at = start.size() + 2;
  while (at + 2 < head.size()) {
    const std::size_t end = head.find('\r', at);
    const std::string_view line = head.substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("a header without a colon");
    if (colon == 0) return malformed("a header without a name");
    // RFC 9112 §5.1: no white space between the name and the colon.
    if (!std::ranges::all_of(line.substr(0, colon), is_token_char))
      return malformed("a header name that is not a token");
    at = end + 2;
  }
  return std::nullopt;
}

HeadError from_beast(const beast::error_code& error, bool too_many) {
  if (too_many) return {HeadErrorKind::TooLarge, 431, "too many headers"};
  if (error == beast_http::error::header_limit)
    return {HeadErrorKind::TooLarge, 431, "the head exceeds its limit"};
  if (error == beast_http::error::bad_version)
    return {HeadErrorKind::Unsupported, 505, "the HTTP version is not 1.0 or 1.1"};
  if (error == beast_http::error::bad_content_length ||
      error == beast_http::error::multiple_content_length)
    return malformed("the Content-Length is not one number");
  if (error == beast_http::error::bad_transfer_encoding)
    return malformed("the Transfer-Encoding is not understood, or stands beside a Content-Length");
  return malformed("the head is not HTTP/1.1");
}

template <class Reader>
std::optional<HeadError> run(Reader& reader, std::string_view head) {
  beast::error_code error;
  const std::size_t taken = reader.put(beast::net::const_buffer(head.data(), head.size()), error);
  if (error && error != beast_http::error::need_more) return from_beast(error, reader.too_many);
  if (!reader.is_header_done() || taken != head.size())
    return malformed("the head is not HTTP/1.1");
  if (reader.version != 10 && reader.version != 11)
    return HeadError{HeadErrorKind::Unsupported, 505, "the HTTP version is not 1.0 or 1.1"};
  return std::nullopt;
}

// RFC 9112 §6: how the body ends.  Works on a request and a response head alike.
template <class Head>
std::optional<HeadError> read_framing(Head& head, const HeadLimits& limits) {
  const std::size_t lengths = count_header(head.headers, "content-length");
  if (count_header(head.headers, "transfer-encoding") != 0) {
    if (lengths != 0) return malformed("Content-Length beside Transfer-Encoding");  // RFC 9112 §6.1
    return HeadError{HeadErrorKind::LengthRequired, 411,
                     "Transfer-Encoding is not in this version"};
  }
  if (lengths == 0) return std::nullopt;
  if (lengths > 1) return malformed("more than one Content-Length");
  const auto length = parse_decimal(head.header("content-length").value_or(""));
  if (!length) return malformed("the Content-Length is not one number");
  if (*length > limits.body_bytes_max)
    return HeadError{HeadErrorKind::TooLarge, 413, "the body exceeds its limit"};
  head.content_length = *length;
  head.has_content_length = true;
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// RFC 9112 §9.3: `close` wins; HTTP/1.0 stays open only when it asks to.
bool keeps_alive(const std::vector<Header>& headers, Version version) {
  bool close = false;
  bool keep = version == Version::Http11;
  for (const Header& header : headers) {
    if (!equal_ignoring_case(header.name, "connection")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view token = trim(rest.substr(0, comma));
      close = close || equal_ignoring_case(token, "close");
      keep = keep || equal_ignoring_case(token, "keep-alive");
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return keep && !close;
}

Method method_of(std::string_view text) {
  for (const Method method : {Method::Get, Method::Head, Method::Put, Method::Post, Method::Delete})
    if (text == to_string(method)) return method;
  return Method::Other;
}

// RFC 9112 §3.2.1 with the characters of RFC 3986 §3.3 and §3.4.
bool is_target(std::string_view target) {
  return target.starts_with('/') && std::ranges::all_of(target, [](char c) {
           return is_alpha(c) || is_digit(c) ||
                  std::string_view("-._~!$&'()*+,;=:@/?%").find(c) != std::string_view::npos;
         });
}

std::optional<HeadError> check_request(RequestHead& head, const HeadLimits& limits) {
  if (head.target.size() > limits.target_bytes_max)
    return HeadError{HeadErrorKind::TooLarge, 414, "the target exceeds its limit"};
  if (!is_target(head.target)) return malformed("the target is not in origin form");
  const std::size_t hosts = count_header(head.headers, "host");  // RFC 9112 §3.2
  if (hosts > 1) return malformed("more than one Host");
  if (hosts == 0 && head.version == Version::Http11) return malformed("no Host");
  if (auto error = read_framing(head, limits)) return error;
  head.keep_alive = keeps_alive(head.headers, head.version);
  if (const auto expect = head.header("expect")) {  // RFC 9110 §10.1.1
    if (count_header(head.headers, "expect") > 1 || !equal_ignoring_case(*expect, "100-continue"))
      return HeadError{HeadErrorKind::Unsupported, 417, "an expectation other than 100-continue"};
    head.expect_continue = head.version == Version::Http11;
  }
  return std::nullopt;
}

bool is_field_value(std::string_view value) {
  return trim(value).size() == value.size() && std::ranges::all_of(value, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
         });
}

Status check_fields(const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    if (header.name.empty() || !std::ranges::all_of(header.name, is_token_char))
      return fail(ErrorKind::Invalid, "a header name is not a token");
    if (!is_field_value(header.value))
      return fail(ErrorKind::Invalid, "a header value has a control character");
  }
  return {};
}

void append_fields(const std::vector<Header>& headers, Bytes& to) {
  for (const Header& header : headers) {
    append(to, header.name);
    append(to, ": ");
    append(to, header.value);
    append(to, "\r\n");
  }
  append(to, "\r\n");
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::Get: return "GET";
    case Method::Head: return "HEAD";
    case Method::Put: return "PUT";
    case Method::Post: return "POST";
    case Method::Delete: return "DELETE";
    case Method::Other: return "other";
  }
  return "other";
}

std::optional<std::string_view> find_header(const std::vector<Header>& headers,
                                            std::string_view name) {
  for (const Header& header : headers)
    if (equal_ignoring_case(header.name, name)) return header.value;
  return std::nullopt;
}

std::size_t count_header(const std::vector<Header>& headers, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [&](const Header& header) { return equal_ignoring_case(header.name, name); }));
}

Result<DecodedRequestHead, HeadError> decode_request_head(ByteSpan input,
                                                          const HeadLimits& limits) {
  SEALANE_ASSIGN(const std::string_view text, find_head(input, limits));
  if (auto error = check_lines(text)) return *error;
  HeadReader<true> reader(limits);
  if (auto error = run(reader, text)) return *error;
  DecodedRequestHead decoded;
  decoded.bytes = text.size();
  RequestHead& head = decoded.head;
  head.method_text = reader.method;
  head.method = method_of(reader.method);
  head.target = reader.target;
  head.version = reader.version == 11 ? Version::Http11 : Version::Http10;
  head.headers = std::move(reader.headers);
  if (auto error = check_request(head, limits)) return *error;
  return decoded;
}

Result<DecodedResponseHead, HeadError> decode_response_head(ByteSpan input,
                                                            const HeadLimits& limits) {
  SEALANE_ASSIGN(const std::string_view text, find_head(input, limits));
  if (auto error = check_lines(text)) return *error;
  HeadReader<false> reader(limits);
  if (auto error = run(reader, text)) return *error;
  DecodedResponseHead decoded;
  decoded.bytes = text.size();
  ResponseHead& head = decoded.head;
  if (reader.status < 100 || reader.status > 599) return malformed("the status is not 100 to 599");
  head.status = static_cast<std::uint16_t>(reader.status);
  head.reason = reader.reason;
  head.version = reader.version == 11 ? Version::Http11 : Version::Http10;
  head.headers = std::move(reader.headers);
  if (auto error = read_framing(head, limits)) return *error;
  head.keep_alive = keeps_alive(head.headers, head.version);
  return decoded;
}

Status encode_request_head(const RequestHeadFields& fields, Bytes& to) {
  if (fields.method.empty() || !std::ranges::all_of(fields.method, is_token_char))
    return fail(ErrorKind::Invalid, "the method is not a token");
  if (!is_target(fields.target))
    return fail(ErrorKind::Invalid, "the target is not in origin form");
  SEALANE_TRY(check_fields(fields.headers));
  append(to, fields.method);
  append(to, " ");
  append(to, fields.target);
  append(to, " HTTP/1.1\r\n");
  append_fields(fields.headers, to);
  return {};
}

Status encode_response_head(const ResponseHeadFields& fields, Bytes& to) {
  if (fields.status < 100 || fields.status > 599)
    return fail(ErrorKind::Invalid, "the status is not 100 to 599");
  SEALANE_TRY(check_fields(fields.headers));
  std::array<char, 8> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), fields.status).ptr;
  append(to, "HTTP/1.1 ");
  append(to, std::string_view(digits.data(), end));
  append(to, " ");
  append(to, reason_phrase(fields.status));
  append(to, "\r\n");
  append_fields(fields.headers, to);
  return {};
}

std::string_view reason_phrase(std::uint16_t status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

}  // namespace sealane::http
