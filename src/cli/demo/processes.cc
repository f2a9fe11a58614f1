// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/processes.h"

#include <poll.h>

#include <charconv>
#include <utility>

#include "cli/demo/interrupt.h"
#include "cli/demo/socket.h"

namespace sealane::cli::demo {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;
constexpr std::size_t kLineBytesMax = 1 << 20;
constexpr std::uint64_t kLogBytesMax = std::uint64_t{64} << 20;
constexpr int kPollStepMs = 10;
constexpr std::chrono::milliseconds kStartLimit{10'000};
constexpr std::chrono::milliseconds kRelayLimit{10'000};
constexpr std::chrono::milliseconds kGrace{5'000};

bool says(const json::Value& line, std::string_view name, bool wanted) {
  const json::Value* value = line.find(name);
  return value != nullptr && value->boolean() != nullptr && *value->boolean() == wanted;
}

Result<Relayed> relayed_of(const json::Value& line) {
  Relayed out;
  SEALANE_ASSIGN(out.client, parse_endpoint(line.text_or_empty("client")));
  SEALANE_ASSIGN(out.seen_as, parse_endpoint(line.text_or_empty("seen_as")));
  out.to_listener = number_in(line, "to_listener");
  out.to_client = number_in(line, "to_client");
  out.closed = says(line, "closed", true);
  return out;
}

}  // namespace

std::uint64_t number_in(const json::Value& line, std::string_view name) {
  const json::Value* value = line.find(name);
  std::uint64_t out = 0;
  if (value == nullptr || value->number() == nullptr) return 0;
  const std::string& text = value->number()->lexeme;
  (void)std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

Result<std::vector<json::Value>> LineFile::take_new() {
  std::vector<json::Value> out;
  SEALANE_ASSIGN(const auto file, env_.open(path_, OpenMode::Read));
  Bytes piece(kReadBytes);
  for (;;) {
    SEALANE_ASSIGN(const std::size_t got, file->read_at(offset_, piece));
    if (got == 0) return out;
    offset_ += got;
    partial_ += as_text(ByteSpan(piece).first(got));
    std::size_t begin = 0;
    for (std::size_t end; (end = partial_.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      auto line =
          json::parse(std::string_view(partial_).substr(begin, end - begin), {.file = path_});
      if (line.value && line.value->object() != nullptr) out.push_back(std::move(*line.value));
    }
    partial_.erase(0, begin);
    if (partial_.size() > kLineBytesMax)
      return fail(ErrorKind::TooLarge, "`" + path_ + "` has a line without end");
  }
}

Child::Child(Env& env, const Options& options, ChildProcess process)
    : env_(env),
      name_(options.name),
      out_path_(options.folder + "/" + options.name + ".out"),
      log_path_(options.folder + "/" + options.name + ".log"),
      process_(std::move(process)),
      file_(env, options.speaks == Speaks::ToStdout ? out_path_ : log_path_) {}

Result<Child> Child::start(Env& env, const Options& options) {
  SEALANE_ASSIGN(std::string program, own_program());
  SpawnOptions spawn;
  spawn.argv = {std::move(program)};
  spawn.argv.insert(spawn.argv.end(), options.arguments.begin(), options.arguments.end());
  spawn.stdout_file = options.folder + "/" + options.name + ".out";
  spawn.stderr_file = options.folder + "/" + options.name + ".log";
  SEALANE_ASSIGN(ChildProcess process, ChildProcess::spawn(spawn));
  return Child(env, options, std::move(process));
}

Status Child::refresh() {
  SEALANE_ASSIGN(std::vector<json::Value> fresh, file_.take_new());
  for (json::Value& line : fresh) lines_.push_back(std::move(line));
  return {};
}

Result<json::Value> Child::wait_for(std::size_t from, const std::string& what,
                                    const Matches& matches, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (std::size_t next = from;;) {
    // Asked first: what it wrote before its end is read in this turn.
    const bool ended = process_.poll().has_value();
    SEALANE_TRY(refresh());
    for (; next < lines_.size(); ++next)
      if (matches(lines_[next])) return lines_[next];
    if (ended)
      return fail(ErrorKind::Unavailable, name_ + " ended before " + what + ": " + last_words());
    if (interrupted()) return fail(ErrorKind::Unavailable, "interrupted");
    if (std::chrono::steady_clock::now() > deadline)
      return fail(ErrorKind::Timeout,
                  name_ + " did not show " + what + " in time: " + last_words());
    (void)::poll(nullptr, 0, kPollStepMs);
  }
}

Status Child::finish(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::optional<ChildExit> ended;
  while (!(ended = process_.poll())) {
    if (interrupted()) return fail(ErrorKind::Unavailable, "interrupted");
    if (std::chrono::steady_clock::now() > deadline)
      return fail(ErrorKind::Timeout, name_ + " did not end in time");
    (void)::poll(nullptr, 0, kPollStepMs);
  }
  SEALANE_TRY(refresh());
  if (ended->code != 0)
    return fail(ErrorKind::Internal,
                name_ + " failed (" + std::to_string(ended->code) + "): " + last_words());
  return {};
}

Status Child::stop() {
  auto ended = process_.stop(kGrace);
  if (!ended.ok()) return ended.error().within(name_);
  return refresh();
}

std::string Child::last_words() const {
  auto log = read_file(env_, log_path_, kLogBytesMax);
  if (!log.ok()) return "no log";
  std::string_view text = as_text(*log);
  while (text.ends_with('\n')) text.remove_suffix(1);
  const std::size_t line = text.rfind('\n');
  if (line != std::string_view::npos) text.remove_prefix(line + 1);
  return text.empty() ? "its log is empty" : std::string(text);
}

bool is_event(const json::Value& line, std::string_view event) {
  return line.text_or_empty("event") == event;
}

Result<Endpoint> listening_at(Child& process, std::chrono::milliseconds limit) {
  SEALANE_ASSIGN(const json::Value line,
                 process.wait_for(
                     0, "that it listens",
                     [](const json::Value& l) { return is_event(l, "listening"); }, limit));
  return parse_endpoint(std::string(line.text_or_empty("address")) + ":" +
                        std::to_string(number_in(line, "port")));
}

Result<RelayProcess> RelayProcess::start(Env& env, const std::string& name, const Endpoint& to,
                                         const std::string& capture, const std::string& folder) {
  SEALANE_ASSIGN(
      Child child,
      Child::start(env, {.name = "relay-" + name,
                         .arguments = {"demo-relay", "--to", to_text(to), "--capture", capture},
                         .folder = folder,
                         .speaks = Child::Speaks::ToStdout}));
  SEALANE_ASSIGN(
      const json::Value line,
      child.wait_for(
          0, "its address", [](const json::Value& l) { return l.find("listening") != nullptr; },
          kStartLimit));
  SEALANE_ASSIGN(const Endpoint address, parse_endpoint(line.text_or_empty("listening")));
  return RelayProcess(std::move(child), address, capture);
}

Result<std::size_t> RelayProcess::mark() {
  SEALANE_TRY(child_.refresh());
  return child_.mark();
}

Result<std::vector<Relayed>> RelayProcess::connections() {
  SEALANE_TRY(child_.refresh());
  std::vector<Relayed> out;
  for (const json::Value& line : child_.lines()) {
    if (!says(line, "closed", false)) continue;
    SEALANE_ASSIGN(Relayed relayed, relayed_of(line));
    out.push_back(relayed);
  }
  return out;
}

Result<Relayed> RelayProcess::next_opened(std::size_t from) {
  SEALANE_ASSIGN(const json::Value line,
                 child_.wait_for(
                     from, "a connection",
                     [](const json::Value& l) { return says(l, "closed", false); }, kRelayLimit));
  return relayed_of(line);
}

Result<Relayed> RelayProcess::closed(const Endpoint& seen_as) {
  const std::string address = to_text(seen_as);
  SEALANE_ASSIGN(const json::Value line, child_.wait_for(
                                             0, "the end of a connection",
                                             [&address](const json::Value& l) {
                                               return says(l, "closed", true) &&
                                                      l.text_or_empty("seen_as") == address;
                                             },
                                             kRelayLimit));
  return relayed_of(line);
}

}  // namespace sealane::cli::demo
