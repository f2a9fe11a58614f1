// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/demo/interrupt.h"
#include "cli/folder_manifest.h"
#include "cli/recipients.h"
#include "cli/seal_folder.h"
#include "cli/sealed_files.h"
#include "envelope/body_sealer.h"

namespace sealane::cli {
namespace {

struct SealArguments {
  RecipientOptions recipients;
  std::vector<std::string> context;
  std::vector<std::string> brought;
  std::string suite = "0x0478";
  std::uint32_t frame_length = envelope::kDefaultFrameLength;
  std::string dataset;
  std::uint64_t bundle_mib = 256;
  bool append = false;
  std::string in;
  std::string out;
  OutputFormat format = OutputFormat::Text;
};

Result<MessagePlan> plan_of(const SealArguments& arguments) {
  MessagePlan message;
  message.frame_length = arguments.frame_length;
  SEALANE_ASSIGN(message.suite, sealing_suite(arguments.suite));
  SEALANE_TRY(check_frame_length(arguments.frame_length));
  SEALANE_ASSIGN(message.context, parse_context(arguments.context));
  SEALANE_ASSIGN(message.brought, parse_context(arguments.brought));
  return message;
}

Result<int> run_seal_folder(Env& env, const SealArguments& arguments, MessagePlan message) {
  if (arguments.out == "-")
    return fail(ErrorKind::Invalid, "a sealed folder is a folder and goes into no pipe",
                "pack it first: `tar c FOLDER | sealane seal … - -`");
  Recipients recipients;
  SEALANE_TRY(recipients.load(env, arguments.recipients));
  SEALANE_ASSIGN(const FolderSealed sealed, seal_folder(env, recipients,
                                                        {.in = arguments.in,
                                                         .out = arguments.out,
                                                         .dataset = arguments.dataset,
                                                         .append = arguments.append,
                                                         .bundle_bytes = arguments.bundle_mib << 20,
                                                         .message = std::move(message)}));
  // Whoever sealed it knows the newest head from now on.
  SEALANE_TRY(HeadKeeper(env, arguments.recipients.keyring, "").save(sealed.chain, sealed.head));
  if (arguments.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object().field("out", arguments.out).field("dataset", sealed.dataset);
    w.field("bundles", sealed.bundles).field("files", sealed.files);
    w.field("plaintext_bytes", sealed.plaintext_bytes).field("sealed_bytes", sealed.sealed_bytes);
    w.field("head", keys::to_text(sealed.head));
    print(w.end_object().str() + "\n");
  } else {
    print(std::to_string(sealed.files) + " files in " + std::to_string(sealed.bundles) +
          " bundles of data set `" + sealed.dataset + "`: " + arguments.out + "\nhead " +
          keys::to_text(sealed.head) +
          "\nnote: keep the head apart from the folder; `unseal --expect-head` refuses an older "
          "one\n");
  }
  return static_cast<int>(kOk);
}

Result<int> run_seal(Env& env, const SealArguments& arguments) {
  SEALANE_ASSIGN(MessagePlan message, plan_of(arguments));
  if (is_folder(arguments.in)) return run_seal_folder(env, arguments, std::move(message));
  if (arguments.append || !arguments.dataset.empty())
    return fail(ErrorKind::Invalid, "--append and --dataset are for folders");
  SEALANE_ASSIGN(Source source, Source::open(env, arguments.in));
  Recipients recipients;
  SEALANE_TRY(recipients.load(env, arguments.recipients));
  SEALANE_ASSIGN(const PlannedMessage planned, recipients.plan(message));
  SEALANE_ASSIGN(Target target, Target::open(env, arguments.out));
  envelope::Cipher cipher;
  SEALANE_ASSIGN(auto header, envelope::seal_header(cipher, planned.plan, planned.data_key));
  std::uint64_t plaintext_bytes = 0;
  envelope::BodySealer body(
      cipher, std::move(header), [&](ByteSpan bytes) { return target.write(bytes); },
      envelope::bulk_options(sealing_threads(source.size()), arguments.frame_length));
  Progress progress("sealing", source.size());
  for (;;) {
    SEALANE_TRY(check_interrupted());
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
              .field("recipients", std::uint64_t{planned.plan.data_keys.size()})
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
      app, "seal", "Seal a file or folder as messages that every AWS Encryption SDK reads",
      "  sealane seal --keyring keys --key photos photo.jpg photo.jpg.esdk\n"
      "  tar c photos | sealane seal --rsa-public-key office.pem --context camera=7 - photos.esdk\n"
      "  sealane seal --keyring keys --key photos photos photos.sealed\n"
      "  sealane seal --keyring keys --key photos --append more-photos photos.sealed");
  add_recipient_options(command, a->recipients);
  command->add_option("--context", a->context, "a pair that is authenticated in clear")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--bring-context", a->brought,
                   "a pair that is authenticated and not stored: who unseals brings it")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--suite", a->suite, "0x0478, or 0x0578 for a signed message")
      ->capture_default_str();
  command->add_option("--frame-length", a->frame_length, "bytes of plaintext in a frame")
      ->capture_default_str();
  command
      ->add_option("--dataset", a->dataset,
                   "of a folder: what its manifest is named (default: as the folder)")
      ->type_name("NAME");
  command
      ->add_option("--bundle-size", a->bundle_mib,
                   "of a folder: MiB in a bundle; a larger file has one of its own")
      ->type_name("MIB")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 20))
      ->capture_default_str();
  command->add_flag("--append", a->append,
                    "of a folder: add to the sealed folder OUT; what has the same name replaces");
  command->add_option("IN", a->in, "file, folder, or - for standard input")->required();
  command->add_option("OUT", a->out, "file, new folder, or - for standard output")->required();
  add_format_option(command, a->format);
  on_run(command, chosen, [a] {
    PosixEnv env;
    const demo::InterruptGuard guard;
    auto done = run_seal(env, *a);
    return done.ok() ? *done : report_piped(done.error(), a->out, a->format);
  });
}

}  // namespace sealane::cli
