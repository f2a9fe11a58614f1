// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/command.h"

namespace sealane::cli {
namespace {

// Text in man(7) form: backslashes and hyphens escaped, no line taken for a request.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

void write_options(const CLI::App& command, std::string& out) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_name() == "--help-all") continue;
    out += ".TP\n.B " + roff(option->get_name(false, true)) + "\n" +
           roff(option->get_description()) + "\n";
  }
}

void write_command(const CLI::App& command, const std::string& path, std::string& out) {
  out += ".SS " + roff(path) + "\n" + roff(command.get_description()) + "\n";
  write_options(command, out);
  if (!command.get_footer().empty()) out += ".PP\n.nf\n" + roff(command.get_footer()) + "\n.fi\n";
  for (const CLI::App* sub :
       command.get_subcommands([](const CLI::App* a) { return !a->get_group().empty(); }))
    write_command(*sub, path + " " + sub->get_name(), out);
}

std::string man_page(const CLI::App& root) {
  std::string out = ".TH SEALANE 1 \"\" \"sealane " SEALANE_VERSION
                    "\" \"User Commands\"\n.SH NAME\nsealane \\- " +
                    roff(root.get_description()) +
                    "\n.SH SYNOPSIS\n.B sealane\nCOMMAND [OPTIONS]\n.SH COMMANDS\n";
  for (const CLI::App* sub :
       root.get_subcommands([](const CLI::App* a) { return !a->get_group().empty(); }))
    write_command(*sub, sub->get_name(), out);
  return out + ".SH EXIT STATUS\n" + roff(root.get_footer()) + "\n";
}

}  // namespace

void add_man_command(CLI::App& app, Chosen& chosen) {
  CLI::App* command = add_command(app, "man", "Print the manual page",
                                  "  sealane man | man -l -\n"
                                  "  sealane man > /usr/local/share/man/man1/sealane.1");
  auto format = std::make_shared<OutputFormat>(OutputFormat::Text);
  add_format_option(command, *format);
  on_run(command, chosen, [&app, format] {
    const std::string page = man_page(app);
    print(*format == OutputFormat::Json
              ? json::Writer(2).begin_object().field("page", page).end_object().str() + "\n"
              : page);
    return static_cast<int>(kOk);
  });
}

}  // namespace sealane::cli
