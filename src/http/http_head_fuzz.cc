// SPDX-License-Identifier: Apache-2.0
// Properties of the head decoders: what is accepted lies inside the input, has one meaning (it
// encodes to bytes that decode to the same fields), every shorter input needs more, and S3 parsing
// is total over it.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "http/head.h"
#include "http/s3_request.h"

namespace {

using namespace sealane;
using namespace sealane::http;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_inside(std::string_view part, std::string_view whole) {
  if (part.empty()) return;
  require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

// The fields again, as a writer would pass them on.
std::vector<Header> pass_on(const std::vector<Header>& headers, std::vector<std::string>& owned) {
  owned.reserve(headers.size());
  std::vector<Header> out;
  for (const Header& header : headers) {
    std::string value(header.value);
#ifdef SEALANE_PLANTED_DEFECT
    // A writer that takes two spaces inside a value for one.
    if (const std::size_t at = value.find("  "); at != std::string::npos) value.erase(at, 1);
#endif
    owned.push_back(std::move(value));
    out.push_back({header.name, owned.back()});
  }
  return out;
}

void check_request(ByteSpan input, const HeadLimits& limits) {
  const auto decoded = decode_request_head(input, limits);
  if (!decoded.ok())
    return require((decoded.error().kind == HeadErrorKind::NeedMore) ==
                   (decoded.error().status == 0));
  require(decoded->bytes <= input.size() && decoded->bytes <= limits.head_bytes_max);
  const RequestHead& head = decoded->head;
  const ByteSpan taken = input.first(decoded->bytes);
  require(head.headers.size() <= limits.headers_max &&
          head.content_length <= limits.body_bytes_max);
  require_inside(head.target, as_text(taken));
  for (const Header& header : head.headers) {
    require_inside(header.name, as_text(taken));
    require_inside(header.value, as_text(taken));
  }
  require(!head.header("transfer-encoding").has_value());

  const auto shorter = decode_request_head(taken.first(taken.size() - 1), limits);
  require(!shorter.ok() && shorter.error().kind == HeadErrorKind::NeedMore);

  if (head.version == Version::Http11) {
    std::vector<std::string> owned;
    Bytes once;
    require(encode_request_head({head.method_text, head.target, pass_on(head.headers, owned)}, once)
                .ok());
    HeadLimits wider = limits;  // the encoder writes one space after a colon that had none
    wider.head_bytes_max += limits.headers_max;
    const auto again = decode_request_head(once, wider);
    require(again.ok() && again->bytes == once.size() && again->head == head);
  }
  const auto parsed = parse_s3_request(head);
  if (!parsed.ok()) return require(status_of(parsed.error().code) >= 400);
  if (const auto* put = std::get_if<PutObject>(&*parsed))
    require(valid_bucket_name(put->bucket) && valid_object_key(put->key) &&
            put->content_length == head.content_length);
  if (const auto* get = std::get_if<GetObject>(&*parsed))
    require(valid_bucket_name(get->bucket) && valid_object_key(get->key));
}

void check_response(ByteSpan input, const HeadLimits& limits) {
  const auto decoded = decode_response_head(input, limits);
  if (!decoded.ok()) return;
  require(decoded->bytes <= input.size() && decoded->head.status >= 100 &&
          decoded->head.status <= 599);
  Bytes once;
  require(encode_response_head({decoded->head.status, decoded->head.headers}, once).ok());
  HeadLimits wider = limits;
  wider.head_bytes_max *= 2;
  const auto again = decode_response_head(once, wider);
  require(again.ok() && again->bytes == once.size() &&
          again->head.headers == decoded->head.headers &&
          again->head.content_length == decoded->head.content_length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteSpan input = std::as_bytes(std::span(data, size));
  HeadLimits limits;
  limits.head_bytes_max = 4096;
  check_request(input, limits);
  check_response(input, limits);
  return 0;
}
