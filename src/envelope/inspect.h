// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "envelope/data_keys.h"
#include "envelope/header.h"
#include "envelope/seekable.h"

namespace sealane::envelope {

// What a message says of itself, told without any key.  Nothing of it has been authenticated.
struct Inspection {
  Header header;
  std::size_t header_bytes = 0;
  std::vector<WrapDescription> recipients;
  std::uint64_t frames = 0;           // whole ones, the final one included; 0 when not framed
  std::uint64_t plaintext_bytes = 0;  // as far as the body was whole
  std::uint32_t final_bytes = 0;      // plaintext in the final frame
  std::uint64_t body_bytes = 0;
  std::size_t footer_bytes = 0;  // 0 for an unsigned message
  std::uint64_t message_bytes = 0;
  // What looks wrong, worst first; a message without any may still not authenticate.
  std::vector<std::string> problems;
};

// Walks a message from its header to its last byte, reading the heads of frames and not their
// content.
// Errors:  those of decode_header and of `read_at`; Corrupt – cut short in its header.  What is
//          wrong after the header becomes a problem, not an error.
// Bounds:  one read of 24 bytes for each frame; at most 16 problems are kept.
Result<Inspection> inspect_message(const ReadAt& read_at, std::uint64_t message_bytes,
                                   const Limits& limits = {.suites = SuiteSet::all()});

}  // namespace sealane::envelope
