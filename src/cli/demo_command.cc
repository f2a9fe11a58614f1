// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/demo/demo_run.h"

namespace sealane::cli {
namespace {

struct DemoArguments {
  std::string keep;
  std::string input;
  OutputFormat format = OutputFormat::Text;
};

int run_demo_command(const DemoArguments& arguments) {
  log::configure({.least = log::Level::Warning, .format = log::Format::Text});
  PosixEnv env;
  const SystemClock clock;
  auto result = demo::run_demo(
      {.keep = arguments.keep,
       .input = arguments.input,
       .progress = [](const std::string& line) { std::fputs((line + "\n").c_str(), stderr); }},
      env, clock);
  if (!result.ok()) return report_error(result.error(), arguments.format);
  print(arguments.format == OutputFormat::Json ? to_json(*result) : to_report(*result));
  return result->failures().empty() ? kOk : kOpen;
}

}  // namespace

void add_demo_command(CLI::App& app, Chosen& chosen) {
  auto arguments = std::make_shared<DemoArguments>();
  CLI::App* command = add_command(
      app, "demo", "Show the whole path with real weather data and fifteen attempts on it",
      "  sealane demo\n"
      "  sealane demo --keep /tmp/kept --format json\n"
      "  sealane demo --input observations.csv   # columns location, date and any others");
  command
      ->add_option("--keep", arguments->keep,
                   "folder for captures, lake, keys and result; must be empty or new")
      ->type_name("DIR");
  command->add_option("--input", arguments->input, "observations in place of the example's")
      ->type_name("FILE");
  add_format_option(command, arguments->format);
  on_run(command, chosen, [arguments] { return run_demo_command(*arguments); });
}

}  // namespace sealane::cli
