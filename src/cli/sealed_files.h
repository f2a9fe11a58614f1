// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "cli/command.h"
#include "envelope/context.h"

namespace sealane::cli {

// A file that is read from front to back, or standard input when its name is `-`.
class Source {
 public:
  // Errors: NotFound; Invalid – a folder.
  static Result<Source> open(Env& env, const std::string& path);
  static Result<Source> of(std::unique_ptr<File> file);
  // Fills `to` as far as there is something; 0 at the end.
  Result<std::size_t> read(MutableByteSpan to);
  // Nothing for standard input.
  const std::optional<std::uint64_t>& size() const { return size_; }
  File* file() const { return file_.get(); }

 private:
  std::unique_ptr<File> file_;  // nullptr: standard input
  std::uint64_t offset_ = 0;
  std::optional<std::uint64_t> size_;
};

// A file that gets its name when it is complete, or standard output when its name is `-`.
// Durability: a file is on disk when commit() returns without error; without commit() nothing is
//             left.
class Target {
 public:
  // Errors: Invalid – a folder, device or pipe has that name.
  static Result<Target> open(Env& env, const std::string& path);
  ~Target();
  Target(Target&& other) noexcept;
  Target& operator=(Target&&) = delete;
  Status write(ByteSpan bytes);
  Status commit();
  // To standard output.
  std::uint64_t written() const { return written_; }

 private:
  Target(Env& env, std::string path) : env_(&env), path_(std::move(path)) {}
  Env* env_;
  std::string path_;
  std::string temporary_;
  std::unique_ptr<File> file_;  // nullptr: standard output
  std::uint64_t written_ = 0;
};

bool is_folder(const std::string& path);
// A file in the folder for temporary files that nobody else can open and that goes with its object.
Result<std::unique_ptr<File>> nameless_file();

// Errors: Unavailable – somebody asked the command to end (demo/interrupt.h), so that what it has
// begun is removed on the way out.
Status check_interrupted();

// How many threads seal `bytes` of plaintext; nothing: an unknown number.
std::size_t sealing_threads(std::optional<std::uint64_t> bytes);

// report_error, for a command whose output is `out`: nothing but output goes to standard output.
int report_piped(const Error& error, const std::string& out, OutputFormat format);

// Says on standard error how far it is, when that is a terminal.
class Progress {
 public:
  Progress(std::string what, std::optional<std::uint64_t> total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void advance(std::uint64_t bytes);

 private:
  std::string what_;
  std::optional<std::uint64_t> total_;
  std::uint64_t done_ = 0;
  std::uint64_t next_ = 0;
  bool shown_ = false;
};

// `key=value` words.  Errors: Invalid – no `=`, a key twice.
Result<envelope::EncryptionContext> parse_context(const std::vector<std::string>& words);

}  // namespace sealane::cli
