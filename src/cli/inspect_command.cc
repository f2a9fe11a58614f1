// SPDX-License-Identifier: Apache-2.0
#include "envelope/inspect.h"

#include "base/env.h"
#include "base/json.h"
#include "cli/command.h"

namespace sealane::cli {
namespace {

struct InspectArguments {
  std::string file;
  OutputFormat format = OutputFormat::Text;
};

// A terminal is shown no control characters of a stranger's file.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

std::string counted(std::uint64_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

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
  w.end_array().key("recipients").begin_array();
  for (const envelope::WrapDescription& wrap : seen.recipients)
    w.begin_object()
        .field("kind", to_string(wrap.kind))
        .field("provider", wrap.provider)
        .field("name", wrap.name)
        .end_object();
  w.end_array().field("framed", header.framing == envelope::Framing::Framed);
  w.field("frame_length", std::uint64_t{header.frame_length}).field("frames", seen.frames);
  w.field("final_frame_bytes", std::uint64_t{seen.final_bytes});
  w.field("plaintext_bytes", seen.plaintext_bytes);
  w.field("header_bytes", std::uint64_t{seen.header_bytes}).field("body_bytes", seen.body_bytes);
  w.field("footer_bytes", std::uint64_t{seen.footer_bytes});
  w.field("message_bytes", seen.message_bytes).key("problems").begin_array();
  for (const std::string& problem : seen.problems) w.value(problem);
  return w.end_array().end_object().str() + "\n";
}

Result<int> run_inspect(const InspectArguments& arguments) {
  PosixEnv env;
  SEALANE_ASSIGN(const auto file, env.open(arguments.file, OpenMode::Read));
  SEALANE_ASSIGN(const std::uint64_t size, file->size());
  const envelope::ReadAt read_at = [&](std::uint64_t offset, MutableByteSpan to) -> Status {
    SEALANE_ASSIGN(const std::size_t count, file->read_at(offset, to));
    if (count != to.size())
      return fail(ErrorKind::Conflict, "`" + arguments.file + "` was cut short while it was read");
    return {};
  };
  // Whatever any SDK ever wrote is shown.
  const envelope::Limits limits = {.context_order = envelope::ContextOrder::AsWritten,
                                   .suites = envelope::SuiteSet::all()};
  auto seen = envelope::inspect_message(read_at, size, limits);
  if (!seen.ok()) return seen.error().within(arguments.file);
  print(arguments.format == OutputFormat::Json ? json_of(arguments.file, *seen) : text_of(*seen));
  return static_cast<int>(seen->problems.empty() ? kOk : kOpen);
}

}  // namespace

void add_inspect_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<InspectArguments>();
  CLI::App* command =
      add_command(app, "inspect", "What a sealed file says of itself, without any key",
                  "  sealane inspect bundle.tar.esdk\n"
                  "  sealane inspect message.esdk --format json\n"
                  "Exit codes: 0 nothing looks wrong, 1 something does, 2 not a sealed message.");
  command->add_option("FILE", a->file, "a message of the AWS Encryption SDK")
      ->required()
      ->type_name("FILE");
  add_format_option(command, a->format);
  on_run(command, chosen, [a] {
    auto done = run_inspect(*a);
    return done.ok() ? *done : report_error(done.error(), a->format);
  });
}

}  // namespace sealane::cli
