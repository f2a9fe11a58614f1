// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "envelope/suites.h"

namespace sealane::envelope {

// Which IVs of frames a reader of format version 2 accepts.  Version 1 says only that they differ.
enum class FrameIvs {
  Sequence,   // the frame's sequence number, which every writer of Sealane and stock SDK uses
  AsWritten,  // whatever the frame carries: some published vectors have others
};

// The order of the pairs of a context that a reader accepts.
enum class ContextOrder {
  Sorted,     // by the bytes of the key, as the format wants it
  AsWritten,  // any: an old SDK for C put the public key last
};

// What a reader accepts and a writer produces.
struct Limits {
  std::size_t context_bytes_max = 16u << 10;  // serialized; the format's own limit is 65,535
  std::size_t context_pairs_max = 64;
  std::size_t edk_count_max = 8;
  std::size_t edk_field_bytes_max = 8u << 10;  // each of provider, information, ciphertext
  std::size_t header_bytes_max = 128u << 10;
  std::uint32_t frame_length_max = 64u << 20;
  std::uint64_t message_bytes_max = 1ull << 30;  // for reading or writing a message as a whole
  FrameIvs frame_ivs = FrameIvs::Sequence;
  ContextOrder context_order = ContextOrder::Sorted;
  // Suites that a reader accepts.  The others do not commit to their key: one of their messages may
  // open under two keys to two plaintexts.
  SuiteSet suites = SuiteSet::committing();
};

inline constexpr std::uint32_t kDefaultFrameLength = 64u << 10;

}  // namespace sealane::envelope
