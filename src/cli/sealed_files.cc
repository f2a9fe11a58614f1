// SPDX-License-Identifier: Apache-2.0
#include "cli/sealed_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <thread>

#include "cli/demo/interrupt.h"
#include "crypto/random.h"

namespace sealane::cli {
namespace {
constexpr std::uint64_t kProgressStep = 16u << 20;
constexpr std::uint64_t kParallelFrom = 8u << 20;  // less is sealed before a thread has started
constexpr std::size_t kThreadsMax = 8;
}  // namespace

bool is_folder(const std::string& path) {
  struct stat facts{};
  return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

Result<std::unique_ptr<File>> nameless_file() {
  const char* folder = std::getenv("TMPDIR");
  std::array<std::byte, 16> random{};
  crypto::random_bytes(random);
  const std::string path = (folder != nullptr && *folder != '\0' ? folder : "/tmp") +
                           std::string("/sealane-") + to_hex(random);
  PosixEnv env;
  SEALANE_ASSIGN(auto file, env.open(path, OpenMode::CreateNew));
  SEALANE_TRY(env.remove(path));
  return file;
}

int report_piped(const Error& error, const std::string& out, OutputFormat format) {
  return report_error(error, out == "-" ? OutputFormat::Text : format);
}

Status check_interrupted() {
  return demo::interrupted() ? Status(fail(ErrorKind::Unavailable, "interrupted")) : Status();
}

std::size_t sealing_threads(std::optional<std::uint64_t> bytes) {
  if (bytes && *bytes < kParallelFrom) return 1;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kThreadsMax);
}

Result<Source> Source::open(Env& env, const std::string& path) {
  Source out;
  if (path == "-") return out;
  struct stat facts{};
  if (::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode))
    return fail(ErrorKind::Invalid, "`" + path + "` is a folder", "pack it first, as with tar");
  SEALANE_ASSIGN(out.file_, env.open(path, OpenMode::Read));
  SEALANE_ASSIGN(out.size_, out.file_->size());
  return out;
}

Result<Source> Source::of(std::unique_ptr<File> file) {
  Source out;
  SEALANE_ASSIGN(out.size_, file->size());
  out.file_ = std::move(file);
  return out;
}

Result<std::size_t> Source::read(MutableByteSpan to) {
  if (file_) {
    SEALANE_ASSIGN(const std::size_t got, file_->read_at(offset_, to));
    offset_ += got;
    return got;
  }
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, to.data(), to.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return fail_errno(errno, "cannot read standard input");
    SEALANE_TRY(check_interrupted());
  }
}

Result<Target> Target::open(Env& env, const std::string& path) {
  Target out(env, path);
  if (path == "-") return out;
  // A device or a pipe would be replaced by a file of its name, by root even /dev/null.
  struct stat facts{};
  if (::stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode))
    return fail(ErrorKind::Invalid, "`" + path + "` is there, and is no file",
                "name a file, or - for standard output");
  std::array<std::byte, 8> random{};
  crypto::random_bytes(random);
  out.temporary_ = path + ".tmp-" + to_hex(random);
  SEALANE_ASSIGN(out.file_, env.open(out.temporary_, OpenMode::CreateNew));
  return out;
}

Target::Target(Target&& other) noexcept
    : env_(other.env_),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::move(other.file_)),
      written_(other.written_) {}

Target::~Target() {
  if (!temporary_.empty()) static_cast<void>(env_->remove(temporary_).ok());
}

Status Target::write(ByteSpan bytes) {
  if (file_) return file_->append(bytes);
  while (!bytes.empty()) {
    const ssize_t put = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(errno, "cannot write standard output");
    written_ += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Status Target::commit() {
  if (!file_) return {};
  SEALANE_TRY(file_->sync());
  SEALANE_TRY(check_interrupted());
  SEALANE_TRY(env_->rename(temporary_, path_, IfExists::Replace));
  temporary_.clear();
  return env_->sync_folder(folder_of(path_));
}

Progress::Progress(std::string what, std::optional<std::uint64_t> total)
    : what_(std::move(what)), total_(total), shown_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_ && next_ > 0) std::fputs("\r\033[K", stderr);
}

void Progress::advance(std::uint64_t bytes) {
  done_ += bytes;
  if (!shown_ || done_ < next_) return;
  next_ = done_ + kProgressStep;
  std::string line = "\r" + what_ + " " + std::to_string(done_ >> 20) + " MiB";
  if (total_) line += " of " + std::to_string(*total_ >> 20) + " MiB";
  std::fputs(line.c_str(), stderr);
}

Result<envelope::EncryptionContext> parse_context(const std::vector<std::string>& words) {
  envelope::EncryptionContext out;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(ErrorKind::Invalid, "`" + word + "` is not `key=value`");
    const std::string key = word.substr(0, equals);
    if (key.starts_with("aws-crypto-"))
      return fail(ErrorKind::Invalid, "`" + key + "` is a name that the format keeps for itself");
    if (!out.emplace(key, word.substr(equals + 1)).second)
      return fail(ErrorKind::Invalid, "`" + key + "` is there twice");
  }
  return out;
}

}  // namespace sealane::cli
