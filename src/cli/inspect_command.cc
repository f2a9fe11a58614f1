// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/command.h"
#include "cli/inspections.h"
#include "cli/sealed_files.h"

namespace sealane::cli {
namespace {

constexpr std::size_t kPieceBytes = 1u << 20;

struct InspectArguments {
  std::string file;
  ManifestOptions manifest;
  OutputFormat format = OutputFormat::Text;
};

std::string text_of(const envelope::Inspection& seen) {
  const envelope::Header& header = seen.header;
  const envelope::Suite& suite = envelope::suite_of(header.suite);
  std::string out = "message version " + std::to_string(suite.version) + ", suite " +
                    std::string(suite.name) + ", AES-" + std::to_string(8 * suite.key_bytes) +
                    "-GCM, " + (suite.commits() ? "commits to its key" : "no commitment") + ", " +
                    (suite.is_signed() ? "signed" : "not signed") + "\n";
  out += "message id " + to_hex(header.id()) + "\n";
  for (const auto& [key, value] : header.context)
    out += "context `" + shown(key) + "`: `" + shown(value) + "`\n";
  for (const envelope::WrapDescription& wrap : seen.recipients)
    out += "sealed for " + shown(to_string(wrap)) + "\n";
  const bool framed = header.framing == envelope::Framing::Framed;
  out += framed ? counted(seen.frames, "frame") + " of " + std::to_string(header.frame_length) +
                      " bytes, " + std::to_string(seen.final_bytes) + " in the final one\n"
                : "not framed\n";
  out += counted(seen.plaintext_bytes, "byte") + " of plaintext; header " +
         std::to_string(seen.header_bytes) + ", body " + std::to_string(seen.body_bytes) +
         ", footer " + std::to_string(seen.footer_bytes) + ", file " +
         std::to_string(seen.message_bytes) + "\n";
  for (const std::string& problem : seen.problems) out += "looks wrong: " + shown(problem) + "\n";
  out += seen.problems.empty() ? "nothing looks wrong; without a key nothing was authenticated\n"
                               : "without a key nothing was authenticated\n";
  return out;
}

std::string json_of(const std::string& file, const envelope::Inspection& seen) {
  const envelope::Header& header = seen.header;
  const envelope::Suite& suite = envelope::suite_of(header.suite);
  json::Writer w(2);
  w.begin_object().field("file", file).field("version", std::uint64_t{suite.version});
  w.field("suite", suite.name).field("commits", suite.commits()).field("signed", suite.is_signed());
  w.field("message_id", to_hex(header.id())).key("context").begin_array();
  for (const auto& [key, value] : header.context)
    w.begin_object().field("key", key).field("value", value).end_object();
  w.end_array();
  write_recipients(w, seen);
  w.field("framed", header.framing == envelope::Framing::Framed);
  w.field("frame_length", std::uint64_t{header.frame_length}).field("frames", seen.frames);
  w.field("final_frame_bytes", std::uint64_t{seen.final_bytes});
  w.field("plaintext_bytes", seen.plaintext_bytes);
  w.field("header_bytes", std::uint64_t{seen.header_bytes}).field("body_bytes", seen.body_bytes);
  w.field("footer_bytes", std::uint64_t{seen.footer_bytes});
  w.field("message_bytes", seen.message_bytes).key("problems").begin_array();
  for (const std::string& problem : seen.problems) w.value(problem);
  return w.end_array().end_object().str() + "\n";
}

// Frames are looked at from the header on and the end is looked for, so that what comes through a
// pipe is put into a file without a name first.  It is sealed: nothing is given away by that.
Result<std::unique_ptr<File>> put_aside(Env& env) {
  SEALANE_ASSIGN(Source source, Source::open(env, "-"));
  SEALANE_ASSIGN(auto file, nameless_file());
  Bytes piece(kPieceBytes);
  for (;;) {
    SEALANE_ASSIGN(const std::size_t got, source.read(piece));
    if (got == 0) return file;
    SEALANE_TRY(file->append(ByteSpan(piece).first(got)));
  }
}

Result<int> run_inspect(const InspectArguments& arguments) {
  PosixEnv env;
  const bool json = arguments.format == OutputFormat::Json;
  if (is_folder(arguments.file)) {
    SEALANE_ASSIGN(const FolderInspection seen,
                   inspect_folder(env, arguments.file, arguments.manifest));
    print(json ? to_document(arguments.file, seen) : to_lines(seen));
    return static_cast<int>(looks_right(seen) ? kOk : kOpen);
  }
  SEALANE_ASSIGN(const auto file,
                 arguments.file == "-" ? put_aside(env) : env.open(arguments.file, OpenMode::Read));
  auto seen = inspect_stored(*file, arguments.file);
  if (!seen.ok()) return seen.error().within(arguments.file);
  print(json ? json_of(arguments.file, *seen) : text_of(*seen));
  return static_cast<int>(seen->problems.empty() ? kOk : kOpen);
}

}  // namespace

void add_inspect_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<InspectArguments>();
  CLI::App* command =
      add_command(app, "inspect", "What a sealed file or folder says of itself, without any key",
                  "  sealane inspect bundle.tar.esdk\n"
                  "  sealane inspect message.esdk --format json\n"
                  "  sealane inspect photos.sealed --manifest-key manifest.pub\n"
                  "  ssh office cat backup.esdk | sealane inspect -\n"
                  "Exit codes: 0 nothing looks wrong, 1 something does, 2 not a sealed message.");
  command
      ->add_option("IN", a->file,
                   "a message of the AWS Encryption SDK, a sealed folder, or - for standard input")
      ->required();
  command
      ->add_option("--manifest-key", a->manifest.manifest_key,
                   "of a folder: check the manifest's signatures with this public key")
      ->type_name("FILE");
  command
      ->add_option("--dataset", a->manifest.dataset,
                   "of a folder: the data set (default: the only one)")
      ->type_name("NAME");
  add_format_option(command, a->format);
  on_run(command, chosen, [a] {
    auto done = run_inspect(*a);
    return done.ok() ? *done : report_error(done.error(), a->format);
  });
}

}  // namespace sealane::cli
