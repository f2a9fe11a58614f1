// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <iostream>
#include <map>

#include "base/json.h"

namespace sealane::cli {

int exit_code_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Invalid:
    case ErrorKind::NotFound:
    case ErrorKind::Conflict:
    case ErrorKind::TooLarge: return kUsage;
    case ErrorKind::Denied: return kOpen;
    case ErrorKind::Timeout:
    case ErrorKind::Unavailable: return kUnknown;
    case ErrorKind::Corrupt:
    case ErrorKind::Internal: return kInternal;
    case ErrorKind::Unsupported: return kUnsupported;
  }
  return kInternal;
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& help,
                      const std::string& examples) {
  CLI::App* command = app.add_subcommand(name, help);
  if (!examples.empty()) command->footer("Examples:\n" + examples);
  return command;
}

void add_format_option(CLI::App* command, OutputFormat& format) {
  static const std::map<std::string, OutputFormat> kFormats{{"text", OutputFormat::Text},
                                                            {"json", OutputFormat::Json}};
  command
      ->add_option_function<std::string>(
          "--format", [&format](const std::string& name) { format = kFormats.at(name); },
          "output for people or for programs (docs/json.md lists the keys)")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("text|json")
      ->default_str("text");
}

void on_run(CLI::App* command, Chosen& chosen, std::function<int()> run) {
  command->callback([&chosen, run = std::move(run)] { chosen.run = run; });
}

int report_error(const Error& error, OutputFormat format) {
  if (format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object().key("error").begin_object();
    w.field("kind", to_string(error.kind))
        .field("message", error.message)
        .field("hint", error.hint);
    w.end_object().end_object();
    print(w.str() + "\n");
  } else {
    std::cerr << "error: " << error.message << "\n";
    if (!error.hint.empty()) std::cerr << "hint: " << error.hint << "\n";
  }
  return exit_code_for(error.kind);
}

int report_diagnostics(const std::vector<Diagnostic>& diagnostics, OutputFormat format) {
  bool errors = false;
  json::Writer w(2);
  w.begin_object().key("diagnostics").begin_array();
  for (const Diagnostic& d : diagnostics) {
    errors = errors || d.severity == Severity::Error;
    if (format == OutputFormat::Text) std::cerr << to_text(d) << "\n";
    w.begin_object().field("severity", to_string(d.severity)).field("file", d.span.file);
    w.field("line", std::uint64_t{d.span.line}).field("column", std::uint64_t{d.span.column});
    w.field("message", d.message).field("hint", d.hint).end_object();
  }
  w.end_array().end_object();
  if (format == OutputFormat::Json && errors) print(w.str() + "\n");
  return errors ? kUsage : kOk;
}

void print(std::string_view text) { std::cout << text << std::flush; }

}  // namespace sealane::cli
