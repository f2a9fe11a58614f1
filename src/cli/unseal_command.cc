// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "cli/keys_at_hand.h"
#include "cli/sealed_files.h"
#include "envelope/seekable.h"
#include "envelope/stream_opener.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kPieceBytes = 1u << 20;

struct UnsealArguments {
  OpeningOptions opening;
  std::string range;
  std::string in;
  std::string out;
  OutputFormat format = OutputFormat::Text;
};

struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

Result<Range> parse_range(const std::string& text) {
  Range out;
  const char* end = text.data() + text.size();
  const auto [middle, first] = std::from_chars(text.data(), end, out.first);
  if (first == std::errc() && middle != end && *middle == '-') {
    const auto [rest, last] = std::from_chars(middle + 1, end, out.last);
    if (last == std::errc() && rest == end && out.last >= out.first) return out;
  }
  return fail(ErrorKind::Invalid, "`" + text + "` is not a range",
              "write the first and the last byte, as in `0-4095`");
}

Result<std::uint64_t> unseal_range(Source& source, Target& target, KeysAtHand& at_hand,
                                   const std::string& text) {
  SEALANE_ASSIGN(const Range range, parse_range(text));
  File* file = source.file();
  if (file == nullptr)
    return fail(ErrorKind::Invalid, "a range cannot be read from a pipe", "name a file");
  SEALANE_ASSIGN(
      auto reader,
      envelope::SeekableReader::open(
          [file](std::uint64_t offset, MutableByteSpan to) -> Status {
            SEALANE_ASSIGN(const std::size_t got, file->read_at(offset, to));
            if (got != to.size()) return fail(ErrorKind::Corrupt, "the file became shorter");
            return {};
          },
          *source.size(), [&](const envelope::Header& header) { return at_hand.data_key(header); },
          at_hand.limits(), at_hand.brought()));
  if (range.last >= reader.size())
    return fail(ErrorKind::Invalid, "the message has " + std::to_string(reader.size()) +
                                        " bytes of plaintext, so the range leaves it");
  std::uint64_t at = range.first;
  while (at <= range.last) {
    const std::uint64_t length = std::min(kPieceBytes, range.last - at + 1);
    SEALANE_ASSIGN(const Bytes piece, reader.read(at, length));
    SEALANE_TRY(target.write(piece));
    at += length;
  }
  return range.last - range.first + 1;
}

Result<std::uint64_t> unseal_all(Source& source, Target& target, KeysAtHand& at_hand) {
  envelope::Cipher cipher;
  envelope::StreamOpener opener(
      cipher, [&](const envelope::Header& header) { return at_hand.data_key(header); },
      [&](ByteSpan plaintext) { return target.write(plaintext); },
      {.limits = at_hand.limits(), .caller_context = at_hand.brought()});
  Progress progress("unsealing", source.size());
  Bytes piece(kPieceBytes);
  for (;;) {
    SEALANE_ASSIGN(const std::size_t got, source.read(piece));
    if (got == 0) break;
    SEALANE_TRY(opener.write(ByteSpan(piece).first(got)));
    progress.advance(got);
  }
  SEALANE_TRY(opener.finish());
  return opener.plaintext_bytes();
}

Result<int> run_unseal(const UnsealArguments& arguments) {
  PosixEnv env;
  KeysAtHand at_hand;
  SEALANE_TRY(at_hand.load(env, arguments.opening));
  SEALANE_ASSIGN(Source source, Source::open(env, arguments.in));
  SEALANE_ASSIGN(Target target, Target::open(env, arguments.out));
  auto bytes = arguments.range.empty() ? unseal_all(source, target, at_hand)
                                       : unseal_range(source, target, at_hand, arguments.range);
  if (!bytes.ok()) return std::move(bytes).error().within("`" + arguments.in + "`");
  SEALANE_TRY(target.commit());
  if (arguments.format == OutputFormat::Json && arguments.out != "-")
    print(json::Writer(2)
              .begin_object()
              .field("out", arguments.out)
              .field("plaintext_bytes", *bytes)
              .end_object()
              .str() +
          "\n");
  return static_cast<int>(kOk);
}

}  // namespace

void add_unseal_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<UnsealArguments>();
  CLI::App* command = add_command(app, "unseal", "Open a sealed message; a failure leaves no file",
                                  "  sealane unseal --keyring keys photo.jpg.esdk photo.jpg\n"
                                  "  sealane unseal --rsa-private-key office.key --require-context "
                                  "camera=7 photos.esdk - | tar x\n"
                                  "  sealane unseal --keyring keys --range 0-4095 big.esdk head");
  add_opening_options(command, a->opening);
  command->add_option("--range", a->range, "only these bytes of the plaintext, both included")
      ->type_name("A-B");
  command->add_option("IN", a->in, "file, or - for standard input")->required();
  command->add_option("OUT", a->out, "file, or - for standard output")->required();
  add_format_option(command, a->format);
  on_run(command, chosen, [a] {
    auto done = run_unseal(*a);
    return done.ok() ? *done : report_error(done.error(), a->format);
  });
}

}  // namespace sealane::cli
