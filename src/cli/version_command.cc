// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/command.h"

namespace sealane::cli {

void add_version_command(CLI::App& app, Chosen& chosen) {
  auto format = std::make_shared<OutputFormat>(OutputFormat::Text);
  CLI::App* command = add_command(app, "version", "Print the version of this build",
                                  "  sealane version --format json");
  add_format_option(command, *format);
  on_run(command, chosen, [format] {
    if (*format == OutputFormat::Json) {
      print(json::Writer(2).begin_object().field("version", SEALANE_VERSION).end_object().str() +
            "\n");
    } else {
      print("sealane " SEALANE_VERSION "\n");
    }
    return static_cast<int>(kOk);
  });
}

}  // namespace sealane::cli
