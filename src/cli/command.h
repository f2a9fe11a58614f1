// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"

// One file per command: `x_command.cc` defines add_x_command, main.cc calls it.
//
//   void add_x_command(CLI::App& app, Chosen& chosen) {
//     auto options = std::make_shared<XOptions>();
//     CLI::App* command = add_command(app, "x", "one line of help", "sealane x FILE\n...");
//     command->add_option("FILE", options->file, "what it is")->required();
//     add_format_option(command, options->format);
//     on_run(command, chosen, [options] { return run_x(*options); });
//   }
namespace sealane::cli {

// DESIGN: exit codes everywhere.
enum ExitCode : int {
  kOk = 0,           // all enforced or inherent; the claim holds; done
  kOpen = 1,         // some hop open; the claim fails; an attempt was not refused
  kUsage = 2,        // bad usage or input
  kUnknown = 3,      // something unknown, nothing open
  kInternal = 4,     // internal error or damaged data
  kUnsupported = 5,  // this build or this target cannot do it
};
int exit_code_for(ErrorKind kind);

enum class OutputFormat { Text, Json };

// What main runs after the command line was understood.
struct Chosen {
  std::function<int()> run;
};

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& help,
                      const std::string& examples);
void add_format_option(CLI::App* command, OutputFormat& format);
void on_run(CLI::App* command, Chosen& chosen, std::function<int()> run);

// Writes `error: …` and `hint: …` to standard error, or one JSON object {"error": {kind, message,
// hint}} to standard output, and returns the exit code that fits.
int report_error(const Error& error, OutputFormat format);
// Writes every diagnostic; returns kUsage when one is an error, else kOk.
int report_diagnostics(const std::vector<Diagnostic>& diagnostics, OutputFormat format);
// Writes to standard output.
void print(std::string_view text);

void add_access_key_command(CLI::App& app, Chosen& chosen);
void add_check_command(CLI::App& app, Chosen& chosen);
void add_init_command(CLI::App& app, Chosen& chosen);
void add_run_command(CLI::App& app, Chosen& chosen);
void add_ca_command(CLI::App& app, Chosen& chosen);
void add_dataset_command(CLI::App& app, Chosen& chosen);
void add_device_command(CLI::App& app, Chosen& chosen);
void add_inspect_command(CLI::App& app, Chosen& chosen);
void add_key_command(CLI::App& app, Chosen& chosen);
void add_seal_command(CLI::App& app, Chosen& chosen);
void add_unseal_command(CLI::App& app, Chosen& chosen);
void add_policy_command(CLI::App& app, Chosen& chosen);
void add_prove_command(CLI::App& app, Chosen& chosen);
void add_reload_command(CLI::App& app, Chosen& chosen);
void add_status_command(CLI::App& app, Chosen& chosen);
void add_stream_command(CLI::App& app, Chosen& chosen);
void add_completion_command(CLI::App& app, Chosen& chosen);
void add_demo_command(CLI::App& app, Chosen& chosen);
void add_demo_relay_command(CLI::App& app, Chosen& chosen);
void add_demo_station_command(CLI::App& app, Chosen& chosen);
void add_man_command(CLI::App& app, Chosen& chosen);
void add_version_command(CLI::App& app, Chosen& chosen);

}  // namespace sealane::cli
