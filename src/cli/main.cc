// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <iostream>

#include "cli/command.h"
#include "cli/commands.h"

namespace {

int run(int argc, char** argv) {
  using namespace sealane::cli;
  CLI::App app{"Sealane keeps every hop of an AI data pipeline encrypted in transit.", "sealane"};
  app.footer("Start with `sealane demo`, then `sealane init DIR`.\n"
             "Exit codes: 0 all enforced or inherent, 1 some hop open, 2 bad usage or input, "
             "3 something unknown, 4 internal error or damaged data, 5 not possible in this build.");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of every command");
  Chosen chosen;
  add_all_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
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
