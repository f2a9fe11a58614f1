// SPDX-License-Identifier: Apache-2.0
// Property of the list reader: a page that it accepts, written again, is read as the same page.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "http/s3_error.h"
#include "http/s3_list.h"
#include "http/s3_request.h"

namespace {

using namespace sealane;
using namespace sealane::http;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string write(ListResult list) {
#ifdef SEALANE_PLANTED_DEFECT
  // A writer that takes keys for host names.
  for (ListedObject& object : list.objects)
    for (char& c : object.key)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
#endif
  return encode_list_result(list);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  constexpr std::size_t kObjectsMax = 16;
  if (const auto error = decode_s3_error(text); error.ok()) {
    const auto again = decode_s3_error(encode_s3_error(*error, "/r"));
    require(again.ok() && again->code == error->code);
  }
  const auto list = decode_list_result(text, kObjectsMax);
  if (!list.ok()) return 0;
  require(list->objects.size() <= kObjectsMax);
  for (const ListedObject& object : list->objects) require(valid_object_key(object.key));
  const auto again = decode_list_result(write(*list), kObjectsMax);
  require(again.ok());
  // XML has no control characters, so that the other texts may lose theirs once.
  require(again->objects.size() == list->objects.size() && again->truncated == list->truncated &&
          again->keys_max == list->keys_max);
  for (std::size_t i = 0; i < list->objects.size(); ++i) {
    require(again->objects[i].key == list->objects[i].key);
    require(again->objects[i].size == list->objects[i].size);
    require(again->objects[i].last_modified == list->objects[i].last_modified);
  }
  return 0;
}
