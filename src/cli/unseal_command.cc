// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "cli/keyring_option.h"
#include "cli/sealed_files.h"
#include "envelope/data_keys.h"
#include "envelope/seekable.h"
#include "envelope/stream_opener.h"
#include "keys/opener.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kKeyFileBytesMax = 64 << 10;
constexpr std::uint64_t kPieceBytes = 1u << 20;

struct UnsealArguments {
  std::string keyring;
  std::string passphrase_file;
  std::vector<std::string> key_files;  // NAME/EPOCH=FILE
  std::vector<std::string> rsa;
  std::vector<std::string> required;
  std::string range;
  bool any_suite = false;
  std::string in;
  std::string out;
  OutputFormat format = OutputFormat::Text;
};

// What opens data keys, from the command line.
class KeysAtHand {
 public:
  Status load(Env& env, const UnsealArguments& arguments) {
    if (!arguments.keyring.empty()) {
      SEALANE_ASSIGN(keyring_,
                     open_keyring(env, arguments.keyring, arguments.passphrase_file, clock_));
    }
    for (const std::string& word : arguments.key_files) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos)
        return fail(ErrorKind::Invalid, "`" + word + "` is not `NAME/EPOCH=FILE`");
      SEALANE_ASSIGN(auto parsed, keys::parse_key_epoch(word.substr(0, equals)));
      SEALANE_ASSIGN(Bytes raw, read_file(env, word.substr(equals + 1), kKeyFileBytesMax));
      Secret key = Secret::take(std::move(raw));
      if (key.size() != 32)
        return fail(ErrorKind::Invalid, "`" + word.substr(equals + 1) + "` is no raw key");
      exported_.push_back({parsed.name, parsed.epoch, std::move(key)});
    }
    for (const std::string& path : arguments.rsa) {
      SEALANE_ASSIGN(Bytes raw, read_file(env, path, kKeyFileBytesMax));
      const Secret pem = Secret::take(std::move(raw));
      auto key = crypto::RsaPrivateKey::from_pem(pem);
      if (!key.ok()) return std::move(key).error().within("`" + path + "`");
      rsa_.push_back(std::move(key).value());
    }
    SEALANE_ASSIGN(required_, parse_context(arguments.required));
    if (!keyring_ && exported_.empty() && rsa_.empty())
      return fail(ErrorKind::Invalid, "nothing is given that could open it",
                  "give --keyring DIR, --key-file NAME/EPOCH=FILE or --rsa-private-key FILE");
    return {};
  }

  // The context is compared before any key is used and authenticates with the header right after.
  Result<Secret> data_key(const envelope::Header& header) {
    SEALANE_TRY(envelope::require_context(header.context, required_));
    SEALANE_ASSIGN(const Bytes context, envelope::encode_full_context(header));
    Error last = fail(ErrorKind::Denied, "the message is sealed for none of the keys at hand");
    for (const envelope::EncryptedDataKey& edk : header.data_keys) {
      auto key = try_one(edk, header, context);
      if (key.ok()) return key;
      if (key.error().kind != ErrorKind::NotFound) last = key.error();
    }
    return last;
  }

 private:
  Result<Secret> try_one(const envelope::EncryptedDataKey& edk, const envelope::Header& header,
                         ByteSpan context) {
    const envelope::WrapDescription wrap = envelope::describe_data_key(edk);
    const envelope::WrappingKeyName name{.key_namespace = wrap.provider, .name = wrap.name};
    if (wrap.kind == envelope::WrapKind::RawRsa) {
      const std::size_t bytes = envelope::suite_of(header.suite).key_bytes;
      for (const crypto::RsaPrivateKey& key : rsa_) {
        auto opened =
            envelope::unwrap_data_key(key, crypto::RsaPadding::OaepSha256, name, edk, bytes);
        if (opened.ok()) return opened;
      }
    }
    if (wrap.kind != envelope::WrapKind::RawAes || wrap.provider != keys::kKeyNamespace)
      return fail(ErrorKind::NotFound, "no key for it");
    SEALANE_ASSIGN(const Secret wrapping_key, epoch_key(wrap.name));
    crypto::AesGcm cipher;
    cipher.set_key(wrapping_key.reveal());
    return envelope::unwrap_data_key(cipher, name, edk, context);
  }

  Result<Secret> epoch_key(const std::string& full_name) {
    auto parsed = keys::parse_key_epoch(full_name);
    if (!parsed.ok()) return fail(ErrorKind::NotFound, "no name of a key");
    for (const keys::ExportedKey& each : exported_)
      if (each.name == parsed->name && each.epoch == parsed->epoch) return each.key.clone();
    if (!keyring_) return fail(ErrorKind::NotFound, "no key for it");
    return keyring_->export_key(parsed->name, parsed->epoch);
  }

  SystemClock clock_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::vector<keys::ExportedKey> exported_;
  std::vector<crypto::RsaPrivateKey> rsa_;
  envelope::EncryptionContext required_;
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
                                   const std::string& text, const envelope::Limits& limits) {
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
          limits));
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

Result<std::uint64_t> unseal_all(Source& source, Target& target, KeysAtHand& at_hand,
                                 const envelope::Limits& limits) {
  envelope::Cipher cipher;
  envelope::StreamOpener opener(
      cipher, [&](const envelope::Header& header) { return at_hand.data_key(header); },
      [&](ByteSpan plaintext) { return target.write(plaintext); }, {.limits = limits});
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
  SEALANE_TRY(at_hand.load(env, arguments));
  SEALANE_ASSIGN(Source source, Source::open(env, arguments.in));
  SEALANE_ASSIGN(Target target, Target::open(env, arguments.out));
  envelope::Limits limits;
  if (arguments.any_suite) limits.suites = envelope::SuiteSet::all();
  auto bytes = arguments.range.empty()
                   ? unseal_all(source, target, at_hand, limits)
                   : unseal_range(source, target, at_hand, arguments.range, limits);
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
  command->add_option("--keyring", a->keyring, "folder of a keyring")->type_name("DIR");
  command->add_option("--passphrase-file", a->passphrase_file, "what opens the keyring")
      ->type_name("FILE");
  command->add_option("--key-file", a->key_files, "a raw key as `key export` writes it")
      ->type_name("NAME/EPOCH=FILE")
      ->expected(1)
      ->allow_extra_args(false);
  command->add_option("--rsa-private-key", a->rsa, "an RSA private key, PEM without a passphrase")
      ->type_name("FILE")
      ->expected(1)
      ->allow_extra_args(false);
  command->add_option("--require-context", a->required, "a pair that the message must carry")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->allow_extra_args(false);
  command->add_option("--range", a->range, "only these bytes of the plaintext, both included")
      ->type_name("A-B");
  command->add_flag("--any-suite", a->any_suite,
                    "also suites that do not commit to their key, as old SDKs wrote them");
  command->add_option("IN", a->in, "file, or - for standard input")->required();
  command->add_option("OUT", a->out, "file, or - for standard output")->required();
  add_format_option(command, a->format);
  on_run(command, chosen, [a] {
    auto done = run_unseal(*a);
    return done.ok() ? *done : report_error(done.error(), a->format);
  });
}

}  // namespace sealane::cli
