// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/keyring_option.h"
#include "cli/sealed_files.h"
#include "crypto/random.h"
#include "envelope/body_sealer.h"
#include "envelope/footer.h"
#include "envelope/raw_aes.h"
#include "envelope/raw_rsa.h"
#include "keys/opener.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kPemBytesMax = 64 << 10;
constexpr std::size_t kDataKeyBytes = 32;

struct SealArguments {
  std::string keyring;
  std::string passphrase_file;
  std::vector<std::string> keys;
  std::vector<std::string> rsa;
  std::vector<std::string> context;
  std::string suite = "0x0478";
  std::uint32_t frame_length = envelope::kDefaultFrameLength;
  std::string in;
  std::string out;
  OutputFormat format = OutputFormat::Text;
};

// Wraps the data key for each recipient of the command line.
class Recipients {
 public:
  Recipients(const Secret& data_key, Bytes context)
      : data_key_(data_key), context_(std::move(context)) {}

  Status add_key(keys::Keyring& keyring, const std::string& name) {
    SEALANE_ASSIGN(const keys::WrapGrant grant, keyring.grant_wraps(name, 1));
    crypto::AesGcm cipher;
    cipher.set_key(grant.key.reveal());
    crypto::GcmIv iv{};
    crypto::random_bytes(iv);
    edks_.push_back(envelope::wrap_data_key(cipher,
                                            {.key_namespace = std::string(keys::kKeyNamespace),
                                             .name = keys::key_epoch_name(name, grant.epoch)},
                                            iv, data_key_.reveal(), context_));
    if (grant.recovery_pem.empty()) return {};
    return add_rsa(grant.recovery_pem, std::string(keys::kRecoveryNamespace), name);
  }

  Status add_rsa_file(Env& env, const std::string& path) {
    SEALANE_ASSIGN(const Bytes file, read_file(env, path, kPemBytesMax));
    auto key = crypto::RsaPublicKey::from_pem(as_text(file));
    if (!key.ok()) return std::move(key).error().within("`" + path + "`");
    const std::string pem = key->pem();
    // The same key has the same name wherever its file lies.
    const std::string name = to_hex(crypto::sha256(as_bytes(pem))).substr(0, 32);
    return add_rsa(pem, "sealane-rsa", name);
  }

  std::vector<envelope::EncryptedDataKey> take() { return std::move(edks_); }

 private:
  Status add_rsa(const std::string& pem, const std::string& space, const std::string& name) {
    SEALANE_ASSIGN(const crypto::RsaPublicKey key, crypto::RsaPublicKey::from_pem(pem));
    SEALANE_ASSIGN(auto edk, envelope::wrap_data_key(key, crypto::RsaPadding::OaepSha256,
                                                     {.key_namespace = space, .name = name},
                                                     data_key_.reveal()));
    edks_.push_back(std::move(edk));
    return {};
  }

  const Secret& data_key_;
  Bytes context_;
  std::vector<envelope::EncryptedDataKey> edks_;
};

Result<envelope::HeaderPlan> plan_header(Env& env, const SealArguments& arguments,
                                         const Secret& data_key) {
  const envelope::Suite* suite = envelope::find_suite(arguments.suite);
  if (suite == nullptr || !suite->commits())
    return fail(ErrorKind::Invalid, "`" + arguments.suite + "` is no suite to seal with",
                "use 0x0478, or 0x0578 for a signed message");
  if (arguments.frame_length == 0 || arguments.frame_length % 16 != 0)
    return fail(ErrorKind::Invalid, "the length of a frame is a multiple of 16");
  envelope::HeaderPlan plan;
  plan.suite = suite->id;
  plan.frame_length = arguments.frame_length;
  SEALANE_ASSIGN(plan.context, parse_context(arguments.context));
  if (suite->is_signed()) {
    plan.signing_key = std::make_shared<const crypto::EcdsaPrivateKey>(
        crypto::EcdsaPrivateKey::generate(envelope::curve_of(*suite)));
    envelope::add_public_key(plan.context, *plan.signing_key);
  }
  SEALANE_ASSIGN(Bytes context, envelope::encode_context(plan.context));
  Recipients recipients(data_key, std::move(context));
  if (!arguments.keys.empty()) {
    if (arguments.keyring.empty())
      return fail(ErrorKind::Invalid, "nobody says in which keyring the keys are",
                  "give --keyring DIR");
    const SystemClock clock;
    // One wrap for each run: more would be reserved for nobody.
    SEALANE_ASSIGN(auto keyring, open_keyring(env, arguments.keyring, arguments.passphrase_file,
                                              clock, {.reservation = 1}));
    for (const std::string& name : arguments.keys) SEALANE_TRY(recipients.add_key(*keyring, name));
  }
  for (const std::string& path : arguments.rsa) SEALANE_TRY(recipients.add_rsa_file(env, path));
  plan.data_keys = recipients.take();
  if (plan.data_keys.empty())
    return fail(ErrorKind::Invalid, "nobody could open it: no recipient is named",
                "give --keyring DIR --key NAME, or --rsa-public-key FILE");
  crypto::random_bytes(plan.message_id);
  return plan;
}

Result<int> run_seal(const SealArguments& arguments) {
  PosixEnv env;
  SEALANE_ASSIGN(Source source, Source::open(env, arguments.in));
  const Secret data_key = crypto::random_secret(kDataKeyBytes);
  SEALANE_ASSIGN(const envelope::HeaderPlan plan, plan_header(env, arguments, data_key));
  SEALANE_ASSIGN(Target target, Target::open(env, arguments.out));
  envelope::Cipher cipher;
  SEALANE_ASSIGN(auto header, envelope::seal_header(cipher, plan, data_key));
  std::uint64_t plaintext_bytes = 0;
  envelope::BodySealer body(
      cipher, std::move(header), [&](ByteSpan bytes) { return target.write(bytes); },
      envelope::bulk_options(1, plan.frame_length));
  Progress progress("sealing", source.size());
  for (;;) {
    SEALANE_ASSIGN(const MutableByteSpan room, body.room());
    SEALANE_ASSIGN(const std::size_t got, source.read(room));
    if (got == 0) break;
    body.commit(got);
    plaintext_bytes += got;
    progress.advance(got);
  }
  SEALANE_TRY(body.finish());
  SEALANE_TRY(target.commit());
  if (arguments.format == OutputFormat::Json && arguments.out != "-")
    print(json::Writer(2)
              .begin_object()
              .field("out", arguments.out)
              .field("suite", arguments.suite)
              .field("recipients", std::uint64_t{plan.data_keys.size()})
              .field("plaintext_bytes", plaintext_bytes)
              .field("sealed_bytes", body.bytes_written())
              .end_object()
              .str() +
          "\n");
  return static_cast<int>(kOk);
}

}  // namespace

void add_seal_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<SealArguments>();
  CLI::App* command = add_command(
      app, "seal", "Seal a file as a message that every AWS Encryption SDK reads",
      "  sealane seal --keyring keys --key photos photo.jpg photo.jpg.esdk\n"
      "  tar c photos | sealane seal --rsa-public-key office.pem --context camera=7 - photos.esdk");
  command->add_option("--keyring", a->keyring, "folder of a keyring")->type_name("DIR");
  command->add_option("--passphrase-file", a->passphrase_file, "what opens the keyring")
      ->type_name("FILE");
  command->add_option("--key", a->keys, "a key of the keyring to seal for; several may be given")
      ->type_name("NAME")
      ->expected(1)
      ->allow_extra_args(false);
  command
      ->add_option("--rsa-public-key", a->rsa,
                   "an RSA public key to seal for; several may be given")
      ->type_name("FILE")
      ->expected(1)
      ->allow_extra_args(false);
  command->add_option("--context", a->context, "a pair that is authenticated in clear")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->allow_extra_args(false);
  command->add_option("--suite", a->suite, "0x0478, or 0x0578 for a signed message")
      ->capture_default_str();
  command->add_option("--frame-length", a->frame_length, "bytes of plaintext in a frame")
      ->capture_default_str();
  command->add_option("IN", a->in, "file, or - for standard input")->required();
  command->add_option("OUT", a->out, "file, or - for standard output")->required();
  add_format_option(command, a->format);
  on_run(command, chosen, [a] {
    auto done = run_seal(*a);
    return done.ok() ? *done : report_error(done.error(), a->format);
  });
}

}  // namespace sealane::cli
