// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "iac/system.h"

namespace sealane::cli {

struct InfrastructureArguments {
  std::string min_tls;  // empty: nobody asked for a floor
  std::string fail_on = "unknown";
  std::string baseline;
  std::string suppressions;
  std::string source_root;
  std::vector<std::string> outputs;  // FORMAT=FILE
  std::string format = "text";
  std::string explain;
  bool verbose = false;
  std::string cvc5 = "/usr/bin/cvc5";
  std::string z3 = "/usr/bin/z3";
};

// A file of infrastructure.
struct InfrastructureFile {
  std::string name;
  std::string text;
};

// Reads files, and of folders everything beneath whose content is infrastructure.
// Errors: NotFound – no such file, or a folder without any; Invalid – a file that was named and
// whose format is not known; TooLarge.
Result<std::vector<InfrastructureFile>> read_infrastructure(Env& env,
                                                            const std::vector<std::string>& words);

// One verdict for each hop of the files; the exit code.
Result<int> check_infrastructure(Env& env, const std::vector<InfrastructureFile>& files,
                                 const InfrastructureArguments& arguments);

// Whether `--format` and `--output` know it.
bool is_findings_format(const std::string& format);

}  // namespace sealane::cli
