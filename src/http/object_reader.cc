// SPDX-License-Identifier: Apache-2.0
#include "http/object_reader.h"

#include <algorithm>
#include <utility>

namespace sealane::http {
namespace {

// An answer that refuses may say why in a document.
constexpr std::uint64_t kRefusalBytesMax = 64u << 10;

Error sends_the_whole() {
  return fail(ErrorKind::Unsupported, "the server sends the whole where a range was asked for",
              "it must answer Range with 206");
}

Error another_object() { return fail(ErrorKind::Conflict, "the object changed while it was read"); }

}  // namespace

Result<ObjectReader> ObjectReader::open(HttpClient& client, std::string bucket, std::string key,
                                        const ObjectReaderOptions& options) {
  GetObject get;
  get.bucket = std::move(bucket);
  get.key = std::move(key);
  ObjectReader out(client, std::move(get), options);
  SEALANE_TRY(out.fetch({0, std::max<std::uint64_t>(1, options.first_bytes)}));
  return out;
}

Status ObjectReader::read(std::uint64_t offset, MutableByteSpan to) {
  if (to.empty()) return {};
  if (offset > size_ || to.size() > size_ - offset)
    return fail(ErrorKind::Corrupt,
                "the object ends before byte " + std::to_string(offset + to.size()));
  const bool there = offset >= window_at_ && offset - window_at_ <= window_.size() &&
                     to.size() <= window_.size() - (offset - window_at_);
  if (!there)
    SEALANE_TRY(fetch({offset, std::min(std::max<std::uint64_t>(to.size(), options_.at_least_bytes),
                                        size_ - offset)}));
  copy_bytes(to,
             ByteSpan(window_).subspan(static_cast<std::size_t>(offset - window_at_), to.size()));
  return {};
}

Result<Response> ObjectReader::ask(ByteRange range) {
  get_.range = RangeSpec{range.offset, range.offset + range.length - 1};
  Request request = make_request(get_);
  request.response_bytes_max = std::max(range.length, kRefusalBytesMax);
  ++counts_.requests;
  auto response = client_->send(request);
  // The client stops at the head of an answer that is longer than anything asked for.
  if (!response.ok() && response.error().kind == ErrorKind::TooLarge) return sends_the_whole();
  return response;
}

Error ObjectReader::refused(const Response& response) const {
  const std::string said = "the server answers " + std::to_string(response.status);
  switch (response.status) {
    case 200: return sends_the_whole();
    case 403: return fail(ErrorKind::Denied, said);
    case 404: return fail(ErrorKind::NotFound, said);
    case 412: return another_object();
    case 416:
      if (opened_) return another_object();
      return fail(ErrorKind::Corrupt, "the object is empty");
    default:
      return fail(response.status >= 500 ? ErrorKind::Unavailable : ErrorKind::Invalid, said);
  }
}

Status ObjectReader::check(const Response& response, ByteRange asked) {
  const auto said = response.header("Content-Range");
  if (!said) return fail(ErrorKind::Corrupt, "the server does not say which range it sends");
  SEALANE_ASSIGN(const ContentRange content, parse_content_range(*said));
  const std::string etag(response.header("ETag").value_or(""));
  if (opened_ && (content.size != size_ || etag != etag_)) return another_object();
  asked.length = std::min(asked.length, content.size - std::min(content.size, asked.offset));
  if (content.range != asked)
    return fail(ErrorKind::Corrupt, "the server sends another range than was asked for");
  if (response.body.size() != asked.length)
    return fail(ErrorKind::Corrupt, "the server sends " + std::to_string(response.body.size()) +
                                        " bytes and calls them " + std::to_string(asked.length));
  if (opened_) return {};
  opened_ = true;
  size_ = content.size;
  etag_ = etag;
  // If-Match compares strongly: a weak tag would match nothing.
  if (etag_.starts_with('"')) get_.if_match = etag_;
  return {};
}

Status ObjectReader::fetch(ByteRange range) {
  SEALANE_ASSIGN(Response response, ask(range));
  if (response.status != 206) return refused(response);
  SEALANE_TRY(check(response, range));
  window_ = std::move(response.body);
  window_at_ = range.offset;
  counts_.bytes += window_.size();
  return {};
}

}  // namespace sealane::http
