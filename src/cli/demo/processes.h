// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/process.h"
#include "base/result.h"
#include "cli/demo/pcap.h"
#include "cli/demo/relay.h"

namespace sealane::cli::demo {

// Reads the JSON lines that another process appends to a file.  Lines that are no JSON objects are
// passed over.
class LineFile {
 public:
  LineFile(Env& env, std::string path) : env_(env), path_(std::move(path)) {}
  // Lines that were completed since the last call.
  Result<std::vector<json::Value>> take_new();

 private:
  Env& env_;
  std::string path_;
  std::uint64_t offset_ = 0;
  std::string partial_;
};

// A child process of this program, `sealane <arguments>`, and the JSON lines that it writes.
class Child {
 public:
  enum class Speaks { ToStdout, ToStderr };
  struct Options {
    std::string name;                    // for messages
    std::vector<std::string> arguments;  // after the program
    std::string folder;                  // gets <name>.out and <name>.log
    Speaks speaks = Speaks::ToStderr;
  };
  static Result<Child> start(Env& env, const Options& options);

  // Every line so far, in order.  Grows with each call of refresh().
  const std::vector<json::Value>& lines() const { return lines_; }
  Status refresh();
  // Position for wait_for: lines that come later.
  std::size_t mark() const { return lines_.size(); }

  using Matches = std::function<bool(const json::Value&)>;
  // The first line at or after `from` that matches.
  // Errors: Timeout – none came in time, with what was waited for; Unavailable – the process ended,
  //         with the last line of its log.
  Result<json::Value> wait_for(std::size_t from, const std::string& what, const Matches& matches,
                               std::chrono::milliseconds limit);
  // Waits for its end.  Errors: Timeout; Internal – its exit code is not 0, with its last words.
  Status finish(std::chrono::milliseconds limit);
  Status stop();
  const std::string& name() const { return name_; }

 private:
  Child(Env& env, const Options& options, ChildProcess process);
  std::string last_words() const;

  Env& env_;
  std::string name_;
  std::string out_path_;
  std::string log_path_;
  ChildProcess process_;
  LineFile file_;
  std::vector<json::Value> lines_;
};

// A number among the fields of a line; 0 when there is none.
std::uint64_t number_in(const json::Value& line, std::string_view name);
// Whether a log line is that event.
bool is_event(const json::Value& line, std::string_view event);

// Where a `sealane run` process listens, from its `listening` line.
Result<Endpoint> listening_at(Child& process, std::chrono::milliseconds limit);

// A recording relay in its own process.
class RelayProcess {
 public:
  static Result<RelayProcess> start(Env& env, const std::string& name, const Endpoint& to,
                                    const std::string& capture, const std::string& folder);
  Endpoint address() const { return address_; }
  const std::string& capture() const { return capture_; }
  // Every connection that was opened, in order.
  Result<std::vector<Relayed>> connections();
  // Position for next_opened: connections that come later.
  Result<std::size_t> mark();
  // The next connection after `from` that opened: where the listener saw it come from.
  Result<Relayed> next_opened(std::size_t from);
  // … that has closed, with its bytes.
  Result<Relayed> closed(const Endpoint& seen_as);
  Status stop() { return child_.stop(); }

 private:
  RelayProcess(Child child, Endpoint address, std::string capture)
      : child_(std::move(child)), address_(address), capture_(std::move(capture)) {}
  Child child_;
  Endpoint address_;
  std::string capture_;
};

}  // namespace sealane::cli::demo
