// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ecdsa.h"
#include "envelope/body_sealer.h"
#include "envelope/sealed_header.h"

namespace sealane::envelope {

// When a StreamOpener gives plaintext away.
enum class Release {
  // Each frame once it authenticates.  Of a signed message the last frame waits for the signature:
  // what came before it is final only when finish() succeeds.
  AsAuthenticated,
  // Nothing before the whole message, its end and its signature are known to fit.  Keeps the
  // plaintext in memory, at most limits.message_bytes_max.
  WhenComplete,
};

struct StreamOpenerOptions {
  Limits limits = {};
  Release release = Release::AsAuthenticated;
  EncryptionContext caller_context = {};
};

// Opens a message that comes in pieces.
//
// Every byte given to the sink has authenticated.  That the message has a proper end is known when
// finish() succeeds and not before: a caller that writes a file gives it its name then.
//
// Errors:  those of decrypt_message; after one, the same is returned for ever.
// Bounds:  framed: one frame and the header, besides what WhenComplete keeps; not framed: the
//          whole body, at most limits.message_bytes_max, because it has one tag.
// Threads: one at a time.
// Secrets: holds the content key, wiped when it goes.
class StreamOpener {
 public:
  StreamOpener(Cipher& cipher, DataKeyFor data_key_for, Sink sink,
               StreamOpenerOptions options = {});

  Status write(ByteSpan piece);
  Status finish();

  // Nothing until the header has authenticated.
  const std::optional<Header>& header() const { return header_; }
  std::uint64_t plaintext_bytes() const { return plaintext_bytes_; }

 private:
  enum class Expect { Header, Frame, Body, Footer, End };

  Status take_pieces(ByteSpan input);
  Result<std::size_t> take_unit(ByteSpan input);
  Result<std::size_t> take_header(ByteSpan input);
  Result<std::size_t> take_frame(ByteSpan input);
  Result<std::size_t> take_body(ByteSpan input);
  Result<std::size_t> take_footer(ByteSpan input);
  Status release(ByteSpan plaintext, bool last);
  void expect(Expect next, std::size_t bytes);
  std::size_t wait_for(std::size_t bytes);
  Status check_complete();

  Cipher& cipher_;
  DataKeyFor data_key_for_;
  Sink sink_;
  StreamOpenerOptions options_;
  Expect expect_ = Expect::Header;
  std::optional<Header> header_;
  Secret content_key_;
  std::optional<crypto::EcdsaVerifier> verifier_;
  Bytes pending_;         // input of a unit that is not complete
  std::size_t want_ = 1;  // bytes that must be there before the unit is looked at again
  Bytes plaintext_;       // one frame
  Bytes held_;            // not given to the sink yet
  std::uint64_t sequence_ = 1;
  std::uint64_t plaintext_bytes_ = 0;
  std::optional<Error> failed_;
};

}  // namespace sealane::envelope
