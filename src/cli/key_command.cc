// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <filesystem>
#include <map>

#include "base/json.h"
#include "cli/keyring_option.h"
#include "crypto/rsa.h"
#include "gateway/token_keys.h"

namespace sealane::cli {
namespace {

constexpr std::uint64_t kPemBytesMax = 64 << 10;

struct KeyArguments {
  KeyringOptions keyring;
  std::string key;
  std::uint32_t epoch = 0;  // 0: the newest
  std::string out;
  std::string time;  // `90d`
  std::string confirm;
  std::string public_key;
  bool remove = false;
  std::string provider = "local";
  keys::Pkcs11Key token;
  std::string pin;
  bool make_key = false;
};

// `90d`, `12h`, `30m`, `5s`.
Result<Duration> parse_duration(const std::string& text) {
  static const std::map<char, std::int64_t> kUnits{{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  std::int64_t count = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool one_left = !text.empty() && end == text.data() + text.size() - 1;
  const auto unit = kUnits.find(one_left ? *end : ' ');
  if (code != std::errc() || unit == kUnits.end() || count < 0 || count > 100'000'000)
    return fail(ErrorKind::Invalid, "`" + text + "` is not a time",
                "write a number and s, m, h or d, as in `7d`");
  return std::chrono::duration_cast<Duration>(std::chrono::seconds(count * unit->second));
}

void write_key(json::Writer& w, const keys::KeyInfo& key) {
  w.begin_object()
      .field("name", key.name)
      .field("state", keys::to_string(key.state))
      .field("provider", key.provider);
  w.field("destroy_at", key.destroy_at ? to_rfc3339(*key.destroy_at) : "")
      .field("recovery", !key.recovery_pem.empty());
  w.key("epochs").begin_array();
  for (const keys::EpochInfo& epoch : key.epochs) {
    w.begin_object()
        .field("epoch", std::uint64_t{epoch.number})
        .field("state", keys::to_string(epoch.state));
    w.field("created", to_rfc3339(epoch.created))
        .field("wraps_reserved", epoch.wraps_reserved)
        .end_object();
  }
  w.end_array().end_object();
}

std::string to_lines(const keys::KeyInfo& key) {
  std::string out = key.name + "  " + std::string(keys::to_string(key.state));
  if (key.destroy_at) out += " " + to_rfc3339(*key.destroy_at);
  if (key.provider != "local") out += "  provider " + key.provider;
  if (!key.recovery_pem.empty()) out += "  with a recovery key";
  out += "\n";
  for (const keys::EpochInfo& epoch : key.epochs)
    out += "  " + key.name + "/" + std::to_string(epoch.number) + "  " +
           std::string(keys::to_string(epoch.state)) + "  since " + to_rfc3339(epoch.created) +
           "  wraps reserved " + std::to_string(epoch.wraps_reserved) + "\n";
  return out;
}

Result<int> show_key(keys::Keyring& keyring, const KeyArguments& arguments) {
  SEALANE_ASSIGN(const keys::KeyInfo key, keyring.find(arguments.key));
  json::Writer w(2);
  write_key(w, key);
  print(arguments.keyring.pipeline.format == OutputFormat::Json ? w.str() + "\n" : to_lines(key));
  return static_cast<int>(kOk);
}

Result<int> run_list(keys::Keyring& keyring, const KeyArguments& arguments) {
  SEALANE_ASSIGN(const std::vector<keys::KeyInfo> all, keyring.list());
  json::Writer w(2);
  w.begin_object().field("generation", keyring.generation()).field("anchored", keyring.anchored());
  w.key("keys").begin_array();
  std::string text;
  for (const keys::KeyInfo& key : all) {
    write_key(w, key);
    text += to_lines(key);
  }
  w.end_array().end_object();
  if (!keyring.anchored()) text += "note: no anchor says whether this is the newest keyring\n";
  print(arguments.keyring.pipeline.format == OutputFormat::Json ? w.str() + "\n" : text);
  return static_cast<int>(kOk);
}

Result<int> run_export(Env& env, keys::Keyring& keyring, const KeyArguments& arguments) {
  SEALANE_ASSIGN(const keys::KeyInfo info, keyring.find(arguments.key));
  const std::uint32_t epoch = arguments.epoch == 0 ? info.epochs.back().number : arguments.epoch;
  SEALANE_ASSIGN(const Secret key, keyring.export_key(arguments.key, epoch));
  SEALANE_TRY(write_file_atomic(env, arguments.out, key.reveal(), IfExists::Refuse));
  const std::string name = arguments.key + "/" + std::to_string(epoch);
  if (arguments.keyring.pipeline.format == OutputFormat::Json) {
    print(json::Writer(2)
              .begin_object()
              .field("namespace", keys::kKeyNamespace)
              .field("name", name)
              .field("file", arguments.out)
              .end_object()
              .str() +
          "\n");
  } else {
    print("32 raw bytes of `" + name + "`, namespace `" + std::string(keys::kKeyNamespace) + "`: " +
          arguments.out + "\nnote: whoever has this file opens every message of this epoch\n");
  }
  return static_cast<int>(kOk);
}

// A folder that has no keyring gets one: with the passphrase, or with an unlock key of its own.
Result<std::unique_ptr<keys::Keyring>> open_or_make(Env& env, const KeyringFolder& where,
                                                    const std::string& passphrase_file,
                                                    const Clock& clock) {
  const std::string& folder = where.path;
  auto opened = open_keyring(env, folder, passphrase_file, clock, {}, false, where.loaded);
  const bool missing = !opened.ok() && opened.error().kind == ErrorKind::NotFound;
  std::error_code ignored;
  if (!missing || std::filesystem::exists(folder + "/keyring.db", ignored)) return opened;
  SEALANE_TRY(make_folders(env, folder));
  if (passphrase_file.empty() && !keys::has_unlock(env, folder))
    SEALANE_TRY(keys::create_unlock_key(env, folder + "/unlock.key"));
  SEALANE_ASSIGN(keys::Unlock unlock, keys::read_unlock(env, folder, passphrase_file));
  SEALANE_ASSIGN(const auto finder, finder_for(env, where.loaded));
  keys::KeyringParts parts;
  parts.provider_for = gateway::provider_for(finder);
  return keys::Keyring::create(folder, unlock, clock, {}, std::move(parts));
}

// What the options say about a token's key.
Result<keys::Pkcs11Key> token_key_of(const KeyArguments& arguments) {
  keys::Pkcs11Key where = arguments.token;
  const std::pair<const char*, const std::string*> parts[] = {{"--module", &where.module},
                                                              {"--token", &where.token},
                                                              {"--label", &where.label},
                                                              {"--pin", &arguments.pin}};
  for (const auto& [option, value] : parts)
    if (value->empty())
      return fail(ErrorKind::Invalid, "a key in a token needs " + std::string(option),
                  "run `sealane key create --help`");
  SEALANE_ASSIGN(where.pin, keys::parse_pin_source(arguments.pin));
  if (where.pin.kind == keys::PinSource::Kind::File)
    where.pin.name = std::filesystem::absolute(where.pin.name).lexically_normal().string();
  SEALANE_TRY(keys::check(where));
  return where;
}

Result<int> run_create(Env& env, const KeyringFolder& folder, const KeyArguments& arguments) {
  const SystemClock clock;
  keys::KeyPlan plan;
  if (!arguments.time.empty()) {
    SEALANE_ASSIGN(plan.rotate_after, parse_duration(arguments.time));
  }
  const bool in_token = arguments.provider == "pkcs11";
  keys::Pkcs11Key where;
  if (in_token) {
    SEALANE_ASSIGN(where, token_key_of(arguments));
  } else if (!arguments.token.module.empty() || !arguments.token.token.empty() ||
             !arguments.token.label.empty() || !arguments.pin.empty() || arguments.make_key) {
    return fail(ErrorKind::Invalid, "a local key is in no token", "add --provider pkcs11");
  }
  SEALANE_ASSIGN(auto keyring,
                 open_or_make(env, folder, arguments.keyring.pipeline.passphrase_file, clock));
  if (in_token) {
    SEALANE_ASSIGN(const auto finder, finder_for(env, nullptr));
    SEALANE_TRY(create_token_key(*keyring, *finder, arguments.key, plan, where,
                                 arguments.make_key ? MakeTokenKey::IfMissing : MakeTokenKey::No));
  } else {
    SEALANE_TRY(keyring->create_key(arguments.key, plan));
  }
  return show_key(*keyring, arguments);
}

Result<int> run_destroy(keys::Keyring& keyring, const KeyArguments& arguments) {
  SEALANE_ASSIGN(const Duration wait, parse_duration(arguments.time));
  if (wait < std::chrono::hours(24) && arguments.confirm != arguments.key)
    return fail(ErrorKind::Invalid, "a key that goes within a day cannot be called back in time",
                "say it twice: --confirm " + arguments.key);
  SEALANE_TRY(keyring.destroy(arguments.key, wait));
  return show_key(keyring, arguments);
}

Result<int> run_recovery(Env& env, keys::Keyring& keyring, const KeyArguments& arguments) {
  std::string pem;
  if (!arguments.remove) {
    if (arguments.public_key.empty())
      return fail(ErrorKind::Invalid, "no recovery key is named",
                  "give --public-key FILE, or --remove");
    SEALANE_ASSIGN(const Bytes file, read_file(env, arguments.public_key, kPemBytesMax));
    auto key = crypto::RsaPublicKey::from_pem(as_text(file));
    if (!key.ok()) return std::move(key).error().within("`" + arguments.public_key + "`");
    pem = key->pem();
  }
  SEALANE_TRY(keyring.set_recovery(arguments.key, pem));
  if (arguments.keyring.pipeline.format == OutputFormat::Json) {
    print(json::Writer(2)
              .begin_object()
              .field("key", arguments.key)
              .field("recovery", !pem.empty())
              .field("namespace", keys::kRecoveryNamespace)
              .field("name", arguments.key)
              .field("padding", "oaep-sha256")
              .end_object()
              .str() +
          "\n");
  } else {
    print(pem.empty() ? "messages of `" + arguments.key + "` carry no recovery copy any more\n"
                      : "messages of `" + arguments.key +
                            "` sealed from now on also open with the RSA private key: namespace `" +
                            std::string(keys::kRecoveryNamespace) + "`, name `" + arguments.key +
                            "`, OAEP with SHA-256\n");
  }
  return static_cast<int>(kOk);
}

Result<int> run_manifest(Env& env, keys::Keyring& keyring, const KeyArguments& arguments) {
  SEALANE_ASSIGN(const crypto::Ed25519PrivateKey key, keyring.manifest_signing_key());
  SEALANE_TRY(
      write_file_atomic(env, arguments.out, as_bytes(key.public_key().pem()), IfExists::Refuse));
  print(arguments.keyring.pipeline.format == OutputFormat::Json
            ? json::Writer(2).begin_object().field("file", arguments.out).end_object().str() + "\n"
            : "public key of this keyring's manifests: " + arguments.out +
                  "\nnote: give it to readers by another way than the data\n");
  return static_cast<int>(kOk);
}

using OnKeyring = std::function<Result<int>(Env&, keys::Keyring&, const KeyArguments&)>;

// A command on a keyring that is there.
CLI::App* add_keyring_command(CLI::App& app, Chosen& chosen, const std::string& name,
                              const std::string& help, const std::string& examples,
                              const std::shared_ptr<KeyArguments>& a, const OnKeyring& body,
                              bool accept_older = false) {
  CLI::App* command = add_command(app, name, help, examples);
  add_keyring_options(command, a->keyring);
  on_run(command, chosen, [a, body, accept_older] {
    return with_keyring_folder(
        a->keyring, [&](Env& env, const KeyringFolder& folder) -> Result<int> {
          const SystemClock clock;
          keys::KeyringLimits limits;
          if (!a->confirm.empty()) limits.destroy_wait_min = Duration::zero();
          SEALANE_ASSIGN(auto keyring,
                         open_keyring(env, folder.path, a->keyring.pipeline.passphrase_file, clock,
                                      limits, accept_older, folder.loaded));
          return body(env, *keyring, *a);
        });
  });
  return command;
}

void add_key_word(CLI::App* command, KeyArguments& arguments) {
  command->add_option("KEY", arguments.key, "name of the key")->required();
}

// A command that changes one key and shows it.
void add_change(CLI::App& app, Chosen& chosen, const std::string& name, const std::string& help,
                const std::function<Status(keys::Keyring&, const std::string&)>& change) {
  auto a = std::make_shared<KeyArguments>();
  add_key_word(
      add_keyring_command(
          app, chosen, name, help, "  sealane key " + name + " training", a,
          [change](Env&, keys::Keyring& keyring, const KeyArguments& arguments) -> Result<int> {
            SEALANE_TRY(change(keyring, arguments.key));
            return show_key(keyring, arguments);
          }),
      *a);
}

void add_create(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<KeyArguments>();
  CLI::App* command = add_command(
      app, "create", "Make a key, and the folder's keyring if it has none",
      "  sealane key create photos --keyring keys\n"
      "  sealane key create training --rotate 90d\n"
      "  sealane key create training --provider pkcs11 --token hall --label wrapping \\\n"
      "    --module /usr/lib/softhsm/libsofthsm2.so --pin file:/run/secrets/pin --make-key");
  add_keyring_options(command, a->keyring);
  add_key_word(command, *a);
  command->add_option("--rotate", a->time, "open a new epoch after this time (90d, 12h)")
      ->type_name("TIME");
  command->add_option("--provider", a->provider, "who wraps the key: the keyring, or a token")
      ->check(CLI::IsMember({"local", "pkcs11"}))
      ->capture_default_str();
  command->add_option("--module", a->token.module, "pkcs11: the token's library, absolute")
      ->type_name("FILE");
  command->add_option("--token", a->token.token, "pkcs11: the token's label");
  command->add_option("--label", a->token.label, "pkcs11: label of the AES-256 key in the token");
  command
      ->add_option("--pin", a->pin,
                   "pkcs11: where the PIN is: file:PATH, env:NAME or credential:NAME")
      ->type_name("SOURCE");
  command->add_flag("--make-key", a->make_key, "pkcs11: make the token's key if there is none");
  on_run(command, chosen, [a] {
    return with_keyring_folder(a->keyring, [&](Env& env, const KeyringFolder& folder) {
      return run_create(env, folder, *a);
    });
  });
}

}  // namespace

void add_key_command(CLI::App& app, Chosen& chosen) {
  CLI::App* key = add_command(app, "key", "Data set keys: their life, and copies of them",
                              "  sealane key list\n"
                              "  sealane key create photos --keyring keys\n"
                              "  sealane key export training --out training.key");
  key->require_subcommand(1);
  add_create(*key, chosen);
  add_keyring_command(*key, chosen, "list", "List the keys of a keyring with their epochs",
                      "  sealane key list\n  sealane key list --keyring keys",
                      std::make_shared<KeyArguments>(),
                      [](Env&, keys::Keyring& keyring, const KeyArguments& arguments) {
                        return run_list(keyring, arguments);
                      });
  add_change(*key, chosen, "rotate", "Open a new epoch: the older ones only open from then on",
             [](keys::Keyring& keyring, const std::string& name) -> Status {
               SEALANE_TRY(keyring.rotate(name));
               return {};
             });
  add_change(*key, chosen, "disable", "Neither seal nor open with a key until it is enabled",
             [](keys::Keyring& keyring, const std::string& name) { return keyring.disable(name); });
  add_change(*key, chosen, "enable", "Use a disabled key again",
             [](keys::Keyring& keyring, const std::string& name) { return keyring.enable(name); });
  {
    auto a = std::make_shared<KeyArguments>();
    a->time = "7d";
    CLI::App* command = add_keyring_command(
        *key, chosen, "destroy",
        "Put a key out of use now, and wipe it for good when the time is over",
        "  sealane key destroy training\n"
        "  sealane key destroy photos --keyring keys --wait 0s --confirm photos",
        a, [](Env&, keys::Keyring& keyring, const KeyArguments& arguments) {
          return run_destroy(keyring, arguments);
        });
    add_key_word(command, *a);
    command->add_option("--wait", a->time, "time in which it can still be called back")
        ->type_name("TIME")
        ->capture_default_str();
    command->add_option("--confirm", a->confirm, "the key's name again, for less than a day")
        ->type_name("KEY");
  }
  add_change(
      *key, chosen, "cancel-destroy", "Call a destruction back; the key stays disabled",
      [](keys::Keyring& keyring, const std::string& name) { return keyring.cancel_destroy(name); });
  {
    auto a = std::make_shared<KeyArguments>();
    CLI::App* command =
        add_keyring_command(*key, chosen, "export-recovery",
                            "Seal every further message of a key for an RSA recovery key too",
                            "  sealane key export-recovery training --public-key recovery.pem\n"
                            "  sealane key export-recovery training --remove",
                            a, run_recovery);
    add_key_word(command, *a);
    command->add_option("--public-key", a->public_key, "RSA public key, PEM")->type_name("FILE");
    command->add_flag("--remove", a->remove, "seal for it no longer");
  }
  add_keyring_command(
      *key, chosen, "restore", "Use a keyring that is older than its anchors say: opens new epochs",
      "  sealane key restore --keyring keys", std::make_shared<KeyArguments>(),
      [](Env&, keys::Keyring& keyring, const KeyArguments& arguments) {
        return run_list(keyring, arguments);
      },
      true);
  {
    auto a = std::make_shared<KeyArguments>();
    add_keyring_command(*key, chosen, "manifest",
                        "Write the public key that manifests of this keyring verify with",
                        "  sealane key manifest --keyring keys --out manifest.pub", a, run_manifest)
        ->add_option("--out", a->out, "file that must not exist")
        ->required()
        ->type_name("FILE");
  }
  auto a = std::make_shared<KeyArguments>();
  CLI::App* command =
      add_keyring_command(*key, chosen, "export",
                          "Write the raw key of one epoch, for a reader with an AWS Encryption SDK",
                          "  sealane key export training --out training.key", a, run_export);
  add_key_word(command, *a);
  command->add_option("--epoch", a->epoch, "epoch (default: the newest)");
  command->add_option("--out", a->out, "file that must not exist")->required()->type_name("FILE");
}

}  // namespace sealane::cli
