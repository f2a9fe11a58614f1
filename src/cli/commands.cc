// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

namespace sealane::cli {

void add_all_commands(CLI::App& app, Chosen& chosen) {
  add_init_command(app, chosen);
  add_check_command(app, chosen);
  add_run_command(app, chosen);
  add_reload_command(app, chosen);
  add_status_command(app, chosen);
  add_ca_command(app, chosen);
  add_device_command(app, chosen);
  add_access_key_command(app, chosen);
  add_dataset_command(app, chosen);
  add_inspect_command(app, chosen);
  add_key_command(app, chosen);
  add_seal_command(app, chosen);
  add_unseal_command(app, chosen);
  add_stream_command(app, chosen);
  add_policy_command(app, chosen);
  add_prove_command(app, chosen);
  add_completion_command(app, chosen);
  add_demo_command(app, chosen);
  add_demo_relay_command(app, chosen);
  add_demo_station_command(app, chosen);
  add_man_command(app, chosen);
  add_version_command(app, chosen);
}

}  // namespace sealane::cli
