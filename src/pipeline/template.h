// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sealane::pipeline {

struct TemplateFile {
  std::string path;  // relative to the pipeline's folder; folders with `/`
  std::string text;
};

// The files that `sealane init` writes: a pipeline of one device, a gateway, a store and a consumer
// that loads without a finding.  The pipeline file is the first.
std::vector<TemplateFile> template_files(std::string_view pipeline_name);

// A pipeline name made from the name of a folder.
std::string template_name(std::string_view folder_name);

}  // namespace sealane::pipeline
