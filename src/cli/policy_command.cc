// SPDX-License-Identifier: Apache-2.0
#include "cli/policy_command.h"

namespace sealane::cli {

void add_policy_command(CLI::App& app, Chosen& chosen) {
  CLI::App* policy = add_command(app, "policy", "Policies in the AWS language: decide, lint",
                                 "  sealane policy eval --policy station.json --request r.json\n"
                                 "  sealane policy lint policies/*.json");
  policy->require_subcommand(1);
  add_policy_eval_command(*policy, chosen);
  add_policy_lint_command(*policy, chosen);
}

}  // namespace sealane::cli
