// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

#include "cli/command.h"
#include "cli/commands.h"
#include "keys/keyring.h"

namespace {

// Whether the words ask for JSON.  Looked up by hand: it is asked when they could not be parsed.
bool asks_for_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--format=json") return true;
    if (word == "--format" && i + 1 < argc && std::string_view(argv[i + 1]) == "json") return true;
  }
  return false;
}

int run(int argc, char** argv) {
  using namespace sealane::cli;
  CLI::App app{"Sealane keeps every hop of an AI data pipeline encrypted in transit.", "sealane"};
  app.footer(
      "Start with `sealane demo`, then `sealane init DIR`.\n"
      "Exit codes: 0 all enforced or inherent, 1 some hop open, 2 bad usage or input, "
      "3 something unknown, 4 internal error or damaged data, 5 not possible in this build.");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of every command");
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY"); credentials != nullptr)
    sealane::keys::use_credentials_of(credentials);
  Chosen chosen;
  add_all_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0 && asks_for_json(argc, argv)) {
      using namespace sealane;
      return report_error(
          fail(ErrorKind::Invalid, one_line(error.what()), "run the command with --help"),
          OutputFormat::Json);
    }
    const int code = app.exit(error);
    return code == 0 ? kOk : kUsage;
  }
  return chosen.run ? chosen.run() : kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "error: internal error: " << error.what() << "\n";
  } catch (...) {
    std::cerr << "error: internal error\n";
  }
  return sealane::cli::kInternal;
}
