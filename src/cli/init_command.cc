// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "base/json.h"
#include "cli/command.h"
#include "cli/provision.h"
#include "pipeline/template.h"

namespace sealane::cli {
namespace {

struct InitArguments {
  std::string folder;
  OutputFormat format = OutputFormat::Text;
};

Result<int> run_init(const InitArguments& arguments) {
  PosixEnv env;
  const auto absolute = std::filesystem::absolute(arguments.folder).lexically_normal();
  const std::string last = absolute.has_filename() ? absolute.filename().string()
                                                   : absolute.parent_path().filename().string();
  const auto files = pipeline::template_files(pipeline::template_name(last));
  json::Writer w(2);
  w.begin_object().field("folder", arguments.folder).key("files").begin_array();
  std::string text;
  // The user that a node runs as reads policies and things again while it runs; what is secret has
  // its own modes.
  if (!std::filesystem::exists(arguments.folder)) {
    SEALANE_TRY(make_folders(env, arguments.folder));
    std::filesystem::permissions(arguments.folder, std::filesystem::perms(0755));
  }
  for (const pipeline::TemplateFile& file : files) {
    const std::string path = arguments.folder + "/" + file.path;
    SEALANE_TRY(make_folders(env, folder_of(path)));
    if (folder_of(path) != arguments.folder)
      std::filesystem::permissions(folder_of(path), std::filesystem::perms(0755));
    // The pipeline file comes first: where there is one already, nothing is written.
    if (Status wrote = write_file_atomic(env, path, as_bytes(file.text), IfExists::Refuse);
        !wrote.ok()) {
      if (wrote.error().kind != ErrorKind::Conflict) return wrote.error();
      return fail(ErrorKind::Conflict, "`" + path + "` exists already", "choose another folder");
    }
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    w.value(path);
    text += "wrote " + path + "\n";
  }
  w.end_array();
  const std::string pipeline_file = arguments.folder + "/" + files.front().path;
  std::vector<Diagnostic> diagnostics;
  SEALANE_ASSIGN(const LoadedPipeline loaded,
                 load_pipeline_file(env, pipeline_file, "", diagnostics));
  SEALANE_ASSIGN(const std::vector<std::string> made, provision(env, loaded, SystemClock()));
  w.field("state", loaded.state).key("made").begin_array();
  for (const std::string& line : made) {
    w.value(line);
    text += "made " + line + "\n";
  }
  w.end_array().end_object();
  text += "next: sealane check " + pipeline_file + "\n";
  print(arguments.format == OutputFormat::Json ? w.str() + "\n" : text);
  return static_cast<int>(kOk);
}

}  // namespace

void add_init_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<InitArguments>();
  CLI::App* command = add_command(
      app, "init", "Write a working pipeline into a folder, with its CA, keys and identities",
      "  sealane init my-pipeline");
  command->add_option("DIR", a->folder, "the folder; made when it is not there")
      ->required()
      ->type_name("DIR");
  add_format_option(command, a->format);
  on_run(command, chosen, [a] {
    auto done = run_init(*a);
    return done.ok() ? *done : report_error(done.error(), a->format);
  });
}

}  // namespace sealane::cli
