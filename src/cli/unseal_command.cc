// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/log.h"
#include "cli/demo/interrupt.h"
#include "cli/keys_at_hand.h"
#include "cli/pipeline_option.h"
#include "cli/remote_object.h"
#include "cli/sealed_files.h"
#include "cli/unseal_folder.h"
#include "envelope/seekable.h"
#include "envelope/stream_opener.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kPieceBytes = 1u << 20;
constexpr std::uint64_t kRemotePieceBytes = 4u << 20;  // asked for at once of a whole object

struct UnsealArguments {
  OpeningOptions opening;
  std::string range;
  PipelineOptions pipeline;  // for an object at an HTTPS server
  std::string consumer;
  ManifestOptions manifest;
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
    SEALANE_TRY(check_interrupted());
    SEALANE_ASSIGN(const std::size_t got, source.read(piece));
    if (got == 0) break;
    SEALANE_TRY(opener.write(ByteSpan(piece).first(got)));
    progress.advance(got);
  }
  SEALANE_TRY(opener.finish());
  return opener.plaintext_bytes();
}

Result<int> run_unseal_folder(Env& env, const UnsealArguments& arguments) {
  if (arguments.out == "-" || !arguments.range.empty())
    return fail(ErrorKind::Invalid, "a folder is unsealed as a whole, into a folder",
                "of one bundle, `unseal` gives ranges, or an archive for `tar x`");
  KeysAtHand at_hand;
  SEALANE_TRY(at_hand.load(env, arguments.opening));
  SEALANE_ASSIGN(const FolderUnsealed opened,
                 unseal_folder(env, at_hand, arguments.opening, arguments.manifest, arguments.in,
                               arguments.out));
  if (arguments.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object().field("out", arguments.out).field("dataset", opened.dataset);
    w.field("bundles", opened.bundles).field("files", opened.files);
    w.field("plaintext_bytes", opened.plaintext_bytes).field("head", keys::to_text(opened.head));
    w.field("freshness", keys::to_string(opened.freshness));
    print(w.end_object().str() + "\n");
  } else {
    print(std::to_string(opened.files) + " files of " + std::to_string(opened.bundles) +
          " bundles of data set `" + opened.dataset + "`: " + arguments.out + "\nhead " +
          keys::to_text(opened.head) + ", freshness " +
          std::string(keys::to_string(opened.freshness)) + "\n");
    if (opened.freshness == keys::Freshness::Unknown)
      print("note: no head was known: what was added last may be missing; --expect-head says\n");
  }
  return static_cast<int>(kOk);
}

// What has left through a pipe cannot be called back.
Error with_prefix(Error error, const std::string& in, std::uint64_t written) {
  error = error.within("`" + in + "`");
  if (written > 0)
    error.hint = std::to_string(written) +
                 " bytes that authenticated have been written: they are a beginning of the "
                 "plaintext and not the whole";
  return error;
}

// `loaded` is null for what is not an object at an HTTPS server.
Result<int> run_unseal(Env& env, const LoadedPipeline* loaded, UnsealArguments arguments) {
  RemoteObject* remote = nullptr;
  Source source;
  if (loaded != nullptr) {
    const std::uint64_t at_least = arguments.range.empty() ? kRemotePieceBytes : 0;
    auto object = RemoteObject::open(env, *loaded, arguments.consumer, arguments.in, at_least);
    if (!object.ok()) return std::move(object).error().within("`" + arguments.in + "`");
    remote = object->get();
    std::ranges::copy(remote->key_files(), std::back_inserter(arguments.opening.key_files));
    SEALANE_ASSIGN(source, Source::of(std::move(object).value()));
  } else {
    SEALANE_ASSIGN(source, Source::open(env, arguments.in));
  }
  KeysAtHand at_hand;
  SEALANE_TRY(at_hand.load(env, arguments.opening));
  SEALANE_ASSIGN(Target target, Target::open(env, arguments.out));
  auto bytes = arguments.range.empty() ? unseal_all(source, target, at_hand)
                                       : unseal_range(source, target, at_hand, arguments.range);
  if (!bytes.ok())
    return with_prefix(std::move(bytes).error(), arguments.in,
                       arguments.out == "-" ? target.written() : 0);
  SEALANE_TRY(target.commit());
  if (arguments.format == OutputFormat::Json && arguments.out != "-") {
    json::Writer w(2);
    w.begin_object().field("out", arguments.out).field("plaintext_bytes", *bytes);
    if (remote != nullptr)
      w.field("requests", remote->counts().requests).field("bytes_read", remote->counts().bytes);
    print(w.end_object().str() + "\n");
  }
  return static_cast<int>(kOk);
}

}  // namespace

void add_unseal_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<UnsealArguments>();
  CLI::App* command =
      add_command(app, "unseal", "Open a sealed file or folder; a failure leaves none",
                  "  sealane unseal --keyring keys photo.jpg.esdk photo.jpg\n"
                  "  sealane unseal --rsa-private-key office.key --require-context "
                  "camera=7 photos.esdk - | tar x\n"
                  "  sealane unseal --keyring keys --range 0-4095 big.esdk head\n"
                  "  sealane unseal --keyring keys photos.sealed photos\n"
                  "  sealane unseal --pipeline pipeline.yaml --range 0-4095 "
                  "https://lake/weather/training/bundles/NAME head");
  add_opening_options(command, a->opening);
  command->add_option("--range", a->range, "only these bytes of the plaintext, both included")
      ->type_name("A-B");
  add_manifest_options(command, a->manifest);
  command
      ->add_option("--pipeline", a->pipeline.file,
                   "pipeline of the lake that has IN, read by ranges as a consumer of it")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_option("--state", a->pipeline.state, "state folder of the pipeline")
      ->type_name("DIR");
  command->add_option("--as", a->consumer, "the consumer to read as (default: the only one)");
  command->add_option("IN", a->in, "file, folder, - for standard input, or https://LAKE/BUCKET/KEY")
      ->required();
  command->add_option("OUT", a->out, "file, new folder, or - for standard output")->required();
  add_format_option(command, a->format);
  on_run(command, chosen, [a] {
    if (is_remote(a->in)) {
      log::configure({.least = log::Level::Warning, .format = log::Format::Text});
      a->pipeline.format = a->format;
      return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
        return run_unseal(env, &loaded, *a);
      });
    }
    PosixEnv env;
    const demo::InterruptGuard guard;
    auto done = is_folder(a->in) ? run_unseal_folder(env, *a) : run_unseal(env, nullptr, *a);
    return done.ok() ? *done : report_piped(done.error(), a->out, a->format);
  });
}

}  // namespace sealane::cli
