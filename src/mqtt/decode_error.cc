// SPDX-License-Identifier: Apache-2.0
#include "mqtt/decode_error.h"

namespace sealane::mqtt {

std::string_view to_string(DecodeErrorKind kind) {
  switch (kind) {
    case DecodeErrorKind::NeedMore: return "need more";
    case DecodeErrorKind::Malformed: return "malformed";
    case DecodeErrorKind::TooLarge: return "too large";
    case DecodeErrorKind::Unsupported: return "unsupported";
  }
  return "unknown";
}

}  // namespace sealane::mqtt
