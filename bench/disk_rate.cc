// SPDX-License-Identifier: Apache-2.0
// What the disk itself does: appends to one file, each with fdatasync; prints one JSON object.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr const char* kUsage = R"(Usage: disk_rate [FOLDER]

Appends to a new file in FOLDER (default: the current one), each append with fdatasync, two seconds each with
8 MiB, 1 MiB and 4 KiB.  The file is removed.  FOLDER must be on the disk that is meant.
)";
constexpr std::chrono::seconds kTime{2};
constexpr std::size_t kBytesMax = std::size_t{4} << 30;

struct Rate {
  double mib_per_second = 0, syncs_per_second = 0;
};

bool measure(int fd, std::size_t bytes, Rate& rate) {
  using Clock = std::chrono::steady_clock;
  // Incompressible enough for a disk that compresses.
  std::vector<unsigned char> block(bytes);
  unsigned state = 1;
  for (auto& byte : block)
    byte = static_cast<unsigned char>((state = state * 1664525U + 1013904223U) >> 24);
  const auto start = Clock::now();
  std::size_t syncs = 0;
  while (Clock::now() - start < kTime && syncs * bytes < kBytesMax) {
    if (::write(fd, block.data(), bytes) != static_cast<ssize_t>(bytes) || ::fdatasync(fd) != 0)
      return false;
    ++syncs;
  }
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  rate.syncs_per_second = static_cast<double>(syncs) / took;
  rate.mib_per_second = rate.syncs_per_second * static_cast<double>(bytes) / 1048576.0;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view argument = argc > 1 ? argv[1] : ".";
  if (argc > 2 || argument.starts_with("-")) {
    std::fputs(kUsage, argument == "--help" ? stdout : stderr);
    return argument == "--help" ? 0 : 2;
  }
  std::string path = std::string(argument) + "/disk_rate.XXXXXX";
  const int fd = ::mkstemp(path.data());
  if (fd < 0) {
    std::perror(path.c_str());
    return 2;
  }
  ::unlink(path.c_str());
  Rate huge, large, small;
  const bool good =
      measure(fd, 8 << 20, huge) && measure(fd, 1 << 20, large) && measure(fd, 4096, small);
  ::close(fd);
  if (!good) {
    std::perror("write");
    return 4;
  }
  std::printf(
      "{\"mib_per_second\": %.1f, \"mib_per_second_8mib\": %.1f, \"syncs_per_second_1mib\": %.1f, "
      "\"syncs_per_second_4kib\": %.1f}\n",
      large.mib_per_second, huge.mib_per_second, large.syncs_per_second, small.syncs_per_second);
  return 0;
}
