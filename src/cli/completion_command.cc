// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/command.h"

namespace sealane::cli {
namespace {

std::string options_of(const CLI::App& command) {
  std::string words;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) words += " --" + name;
  return words;
}

// Every command with its path, e.g. "device add", depth first.
void walk(const CLI::App& command, const std::string& path,
          const std::function<void(const CLI::App&, const std::string&)>& visit) {
  visit(command, path);
  for (const CLI::App* sub :
       command.get_subcommands([](const CLI::App* a) { return !a->get_group().empty(); }))
    walk(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), visit);
}

// One case arm per command path: its subcommands and its options.
std::string bash_script(const CLI::App& root) {
  std::string out =
      "_sealane() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"${COMP_WORDS[i]}\" in -*) ;; *)\n"
      "      case \" $(_sealane_words \"$path\") \" in *\" ${COMP_WORDS[i]} \"*)\n"
      "        path=\"${path:+$path }${COMP_WORDS[i]}\" ;; esac ;; esac\n"
      "  done\n"
      "  COMPREPLY=($(compgen -f -W \"$(_sealane_words \"$path\")\" -- \"$word\"))\n"
      "}\n"
      "_sealane_words() {\n"
      "  case \"$1\" in\n";
  walk(root, "", [&](const CLI::App& command, const std::string& path) {
    out += "    '" + path + "') echo '";
    for (const CLI::App* sub :
         command.get_subcommands([](const CLI::App* a) { return !a->get_group().empty(); }))
      out += sub->get_name() + " ";
    out += options_of(command) + "' ;;\n";
  });
  return out + "  esac\n}\ncomplete -F _sealane sealane\n";
}

}  // namespace

void add_completion_command(CLI::App& app, Chosen& chosen) {
  CLI::App* command =
      add_command(app, "completion", "Print the completion script of a shell",
                  "  source <(sealane completion bash)\n"
                  "  autoload bashcompinit && bashcompinit && source <(sealane completion zsh)");
  auto shell = std::make_shared<std::string>("bash");
  command->add_option("SHELL", *shell, "bash, or zsh with bashcompinit")
      ->check(CLI::IsMember({"bash", "zsh"}));
  auto format = std::make_shared<OutputFormat>(OutputFormat::Text);
  add_format_option(command, *format);
  on_run(command, chosen, [&app, shell, format] {
    const std::string script = bash_script(app);
    print(*format == OutputFormat::Json ? json::Writer(2)
                                                  .begin_object()
                                                  .field("shell", *shell)
                                                  .field("script", script)
                                                  .end_object()
                                                  .str() +
                                              "\n"
                                        : script);
    return static_cast<int>(kOk);
  });
}

}  // namespace sealane::cli
