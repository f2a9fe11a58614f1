// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/recipients.h"
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
  std::string in;
  std::string out;
  OutputFormat format = OutputFormat::Text;
};

Result<int> run_seal(const SealArguments& arguments) {
  PosixEnv env;
  MessagePlan message;
  message.frame_length = arguments.frame_length;
  SEALANE_ASSIGN(message.suite, sealing_suite(arguments.suite));
  SEALANE_TRY(check_frame_length(arguments.frame_length));
  SEALANE_ASSIGN(message.context, parse_context(arguments.context));
  SEALANE_ASSIGN(message.brought, parse_context(arguments.brought));
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
      envelope::bulk_options(1, arguments.frame_length));
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
      app, "seal", "Seal a file as a message that every AWS Encryption SDK reads",
      "  sealane seal --keyring keys --key photos photo.jpg photo.jpg.esdk\n"
      "  tar c photos | sealane seal --rsa-public-key office.pem --context camera=7 - photos.esdk");
  add_recipient_options(command, a->recipients);
  command->add_option("--context", a->context, "a pair that is authenticated in clear")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->allow_extra_args(false);
  command
      ->add_option("--bring-context", a->brought,
                   "a pair that is authenticated and not stored: who unseals brings it")
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
