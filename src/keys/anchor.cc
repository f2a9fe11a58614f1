// SPDX-License-Identifier: Apache-2.0
#include "keys/anchor.h"

#include <charconv>

#include "crypto/compare.h"
#include "crypto/hash.h"

namespace sealane::keys {
namespace {

constexpr std::string_view kTitle = "sealane keyring anchor v1\n";
constexpr std::uint64_t kAnchorBytesMax = 64 << 10;

std::string seal_of(std::string_view text, const Secret& seal_key) {
  return to_hex(crypto::hmac_sha256(seal_key.reveal(), as_bytes(text)));
}

std::string text_of(const Anchor& anchor) {
  std::string out(kTitle);
  out += "generation " + std::to_string(anchor.generation) + "\n";
  for (const auto& [name, epoch] : anchor.epochs)
    out += "epoch " + name + " " + std::to_string(epoch) + "\n";
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<Anchor> read_anchor(Env& env, const std::string& path, const Secret& seal_key) {
  SEALANE_ASSIGN(const Bytes file, read_file(env, path, kAnchorBytesMax));
  const Error wrong =
      fail(ErrorKind::Corrupt, "`" + path + "` is not this keyring's anchor",
           "if the keyring is known to be the newest, `sealane key restore` writes it again");
  std::string_view text = as_text(file);
  constexpr std::string_view kSeal = "hmac ";
  const std::size_t seal = text.rfind(kSeal);
  if (seal == std::string_view::npos || seal == 0 || !text.ends_with('\n')) return wrong;
  const std::string_view given =
      text.substr(seal + kSeal.size(), text.size() - seal - kSeal.size() - 1);
  text = text.substr(0, seal);
  if (!crypto::equal_constant_time(as_bytes(seal_of(text, seal_key)), as_bytes(given)))
    return wrong;
  Anchor out;
  if (!text.starts_with(kTitle)) return wrong;
  text.remove_prefix(kTitle.size());
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return wrong;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const std::size_t space = line.rfind(' ');
    if (line.starts_with("generation ")) {
      if (!read_number(line.substr(11), out.generation)) return wrong;
    } else if (line.starts_with("epoch ") && space > 6) {
      if (!read_number(line.substr(space + 1), out.epochs[std::string(line.substr(6, space - 6))]))
        return wrong;
    } else {
      return wrong;
    }
  }
  return out;
}

Status write_anchor(Env& env, const std::string& path, const Anchor& anchor,
                    const Secret& seal_key) {
  const std::string text = text_of(anchor);
  return write_file_atomic(env, path, as_bytes(text + "hmac " + seal_of(text, seal_key) + "\n"),
                           IfExists::Replace);
}

}  // namespace sealane::keys
