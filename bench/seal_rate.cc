// SPDX-License-Identifier: Apache-2.0
// How fast messages are sealed and opened: one line of JSON for each measurement.
//
//   seal_rate FOLDER      a folder with 3 GiB to spare
//
// Rates are by CPU time of the process, which load from elsewhere disturbs least; `wall` is beside.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "crypto/random.h"
#include "envelope/message.h"
#include "envelope/raw_aes.h"
#include "envelope/seekable.h"
#include "envelope/stream_opener.h"

namespace {

using namespace sealane;

constexpr std::uint64_t kGiB = 1ull << 30;
constexpr std::size_t kPieceBytes = 32u << 20;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Timer {
  std::chrono::steady_clock::time_point wall = std::chrono::steady_clock::now();
  double cpu = cpu_seconds();
  double cpu_passed() const { return cpu_seconds() - cpu; }
  double wall_passed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count();
  }
};

void report(const char* what, double units, const Timer& timer) {
  std::printf("{\"what\": \"%s\", \"per_cpu_second\": %.0f, \"per_wall_second\": %.0f}\n", what,
              units / timer.cpu_passed(), units / timer.wall_passed());
  std::fflush(stdout);
}

// A file in the page cache, mapped.
struct Mapped {
  int descriptor = -1;
  ByteSpan bytes;

  explicit Mapped(const std::string& path) : descriptor(::open(path.c_str(), O_RDONLY)) {
    SEALANE_CHECK(descriptor >= 0);
    const auto size = static_cast<std::size_t>(::lseek(descriptor, 0, SEEK_END));
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor, 0);
    SEALANE_CHECK(at != MAP_FAILED);
    bytes = {static_cast<const std::byte*>(at), size};
  }
  ~Mapped() {
    ::munmap(const_cast<std::byte*>(bytes.data()), bytes.size());
    ::close(descriptor);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
};

struct Sealing {
  Secret data_key = crypto::random_secret(32);
  envelope::HeaderPlan plan;
  envelope::Cipher cipher;

  explicit Sealing(std::uint32_t frame_length) {
    plan.frame_length = frame_length;
    plan.context = {{"dataset", "d1"}, {"shard", "0"}};
    crypto::AesGcm wrapping;
    wrapping.set_key(crypto::random_secret(32).reveal());
    crypto::GcmIv iv{};
    plan.data_keys = {envelope::wrap_data_key(wrapping, {"sealane", "training/1"}, iv,
                                              data_key.reveal(),
                                              envelope::encode_context(plan.context).value())};
  }
  envelope::SealedHeader header() {
    crypto::random_bytes(plan.message_id);
    return envelope::seal_header(cipher, plan, data_key).value();
  }
  envelope::DataKeyFor finder() {
    return [this](const envelope::Header&) -> Result<Secret> { return data_key.clone(); };
  }
};

void write_file(const std::string& path, std::uint64_t size) {
  std::ofstream file(path, std::ios::binary);
  Bytes piece(1u << 20);
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    crypto::random_bytes(piece);
    const std::string_view text = as_text(piece);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
  }
}

// Seals a mapped file through a BodySealer; the sink may keep nothing.
void seal_mapped(Sealing& sealing, ByteSpan plaintext, const envelope::BodyOptions& options,
                 const envelope::Sink& sink) {
  envelope::BodySealer sealer(sealing.cipher, sealing.header(), sink, options);
  while (!plaintext.empty()) {
    const ByteSpan piece = plaintext.first(std::min(kPieceBytes, plaintext.size()));
    SEALANE_CHECK(sealer.write(piece).ok());
    plaintext = plaintext.subspan(piece.size());
  }
  SEALANE_CHECK(sealer.finish().ok());
}

void measure_stream(const std::string& folder) {
  const std::string plain = folder + "/plain";
  write_file(plain, kGiB);
  const Mapped source(plain);
  Sealing sealing(envelope::kDefaultFrameLength);
  const envelope::Sink nowhere = [](ByteSpan) -> Status { return {}; };
  for (int round = 0; round < 3; ++round) {
    {
      const Timer timer;
      seal_mapped(sealing, source.bytes, {}, nowhere);
      report("seal 1 GiB, bytes", static_cast<double>(kGiB), timer);
    }
    {
      const Timer timer;
      seal_mapped(sealing, source.bytes, envelope::bulk_options(2, envelope::kDefaultFrameLength),
                  nowhere);
      report("seal 1 GiB on two threads, bytes", static_cast<double>(kGiB), timer);
    }
  }
  const int out = ::open((folder + "/sealed").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  SEALANE_CHECK(out >= 0);
  {
    const Timer timer;
    seal_mapped(sealing, source.bytes, envelope::bulk_options(2, envelope::kDefaultFrameLength),
                [&](ByteSpan bytes) -> Status {
                  SEALANE_CHECK(::write(out, bytes.data(), bytes.size()) ==
                                static_cast<ssize_t>(bytes.size()));
                  return {};
                });
    report("seal 1 GiB file to file on two threads, bytes", static_cast<double>(kGiB), timer);
  }
  ::close(out);
  const Mapped message(folder + "/sealed");
  for (int round = 0; round < 3; ++round) {
    const Timer timer;
    envelope::StreamOpener opener(sealing.cipher, sealing.finder(), nowhere);
    SEALANE_CHECK(opener.write(message.bytes).ok() && opener.finish().ok());
    report("open 1 GiB, bytes", static_cast<double>(kGiB), timer);
  }
  const int in = message.descriptor;
  auto reader = envelope::SeekableReader::open(
                    [in](std::uint64_t offset, MutableByteSpan to) -> Status {
                      SEALANE_CHECK(::pread(in, to.data(), to.size(), static_cast<off_t>(offset)) ==
                                    static_cast<ssize_t>(to.size()));
                      return {};
                    },
                    message.bytes.size(), sealing.finder())
                    .value();
  constexpr int kReads = 40000;
  std::array<std::byte, 8> draw{};
  for (int round = 0; round < 3; ++round) {
    const Timer timer;
    for (int i = 0; i < kReads; ++i) {
      crypto::random_bytes(draw);
      const std::uint64_t offset = load_be<std::uint64_t>(draw) % (reader.size() / 4096) * 4096;
      SEALANE_CHECK(reader.read(offset, 4096).value().size() == 4096);
    }
    report("random 4 KiB reads, 64 KiB frames, reads", kReads, timer);
  }
  auto mapped = envelope::SeekableReader::open(message.bytes, sealing.finder()).value();
  for (int round = 0; round < 3; ++round) {
    const Timer timer;
    for (int i = 0; i < kReads; ++i) {
      crypto::random_bytes(draw);
      const std::uint64_t offset = load_be<std::uint64_t>(draw) % (mapped.size() / 4096) * 4096;
      SEALANE_CHECK(mapped.read(offset, 4096).value().size() == 4096);
    }
    report("random 4 KiB reads, 64 KiB frames, mapped, reads", kReads, timer);
  }
  ::unlink(plain.c_str());
}

void measure_memory() {
  Sealing sealing(envelope::kDefaultFrameLength);
  const envelope::Sink nowhere = [](ByteSpan) -> Status { return {}; };
  Bytes plaintext(64u << 20);
  crypto::random_bytes(plaintext);
  constexpr int kTimes = 16;
  for (int round = 0; round < 3; ++round) {
    for (const std::size_t threads : {1u, 2u}) {
      const Timer timer;
      for (int i = 0; i < kTimes; ++i)
        seal_mapped(sealing, plaintext,
                    threads == 1 ? envelope::BodyOptions{}
                                 : envelope::bulk_options(threads, envelope::kDefaultFrameLength),
                    nowhere);
      report(threads == 1 ? "seal 64 MiB of memory 16 times, bytes"
                          : "seal 64 MiB of memory 16 times on two threads, bytes",
             double{kTimes} * static_cast<double>(plaintext.size()), timer);
    }
  }
}

void measure_small_frames(const std::string& folder) {
  Sealing sealing(4096);
  const std::string path = folder + "/sealed";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  Bytes piece(kPieceBytes);
  crypto::random_bytes(piece);
  envelope::BodySealer sealer(
      sealing.cipher, sealing.header(),
      [&](ByteSpan bytes) -> Status {
        SEALANE_CHECK(::write(file, bytes.data(), bytes.size()) ==
                      static_cast<ssize_t>(bytes.size()));
        return {};
      },
      envelope::bulk_options(2, 4096));
  for (std::uint64_t at = 0; at < kGiB; at += piece.size()) SEALANE_CHECK(sealer.write(piece).ok());
  SEALANE_CHECK(sealer.finish().ok());
  auto reader =
      envelope::SeekableReader::open(
          [file](std::uint64_t offset, MutableByteSpan to) -> Status {
            SEALANE_CHECK(::pread(file, to.data(), to.size(), static_cast<off_t>(offset)) ==
                          static_cast<ssize_t>(to.size()));
            return {};
          },
          sealer.bytes_written(), sealing.finder())
          .value();
  constexpr int kReads = 200000;
  std::array<std::byte, 8> draw{};
  for (int round = 0; round < 3; ++round) {
    const Timer timer;
    for (int i = 0; i < kReads; ++i) {
      crypto::random_bytes(draw);
      const std::uint64_t offset = load_be<std::uint64_t>(draw) % (reader.size() / 4096) * 4096;
      SEALANE_CHECK(reader.read(offset, 4096).value().size() == 4096);
    }
    report("random 4 KiB reads, 4 KiB frames, reads", kReads, timer);
  }
  ::close(file);
  ::unlink(path.c_str());
}

void measure_messages() {
  Sealing sealing(envelope::kDefaultFrameLength);
  Bytes plaintext(1024);
  crypto::random_bytes(plaintext);
  constexpr int kMessages = 300000;
  for (int round = 0; round < 3; ++round) {
    Bytes message;
    {
      const Timer timer;
      for (int i = 0; i < kMessages; ++i)
        message = envelope::seal_body(sealing.cipher, sealing.header(), plaintext).value();
      report("seal 1 KiB with a cached data key, messages", kMessages, timer);
    }
    const Timer timer;
    for (int i = 0; i < kMessages; ++i)
      SEALANE_CHECK(envelope::decrypt_message(sealing.cipher, message, sealing.finder())
                        .value()
                        .plaintext.size() == plaintext.size());
    report("open 1 KiB with a cached data key, messages", kMessages, timer);
  }
}

// Records of 100 bytes behind their length, 512 to a block, as a turn of a busy gateway has them.
void measure_blocks() {
  Sealing sealing(envelope::kDefaultFrameLength);
  Bytes record(100);
  crypto::random_bytes(record);
  constexpr int kRecords = 512, kBlocks = 20000;
  Bytes block;
  for (int round = 0; round < 3; ++round) {
    const Timer timer;
    for (int i = 0; i < kBlocks; ++i) {
      block.clear();
      for (int r = 0; r < kRecords; ++r) {
        put_be(block, static_cast<std::uint32_t>(record.size()));
        append(block, record);
      }
      SEALANE_CHECK(!envelope::seal_body(sealing.cipher, sealing.header(), block).value().empty());
    }
    report("seal records of 100 B in blocks of 512, records", double{kRecords} * kBlocks, timer);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: seal_rate FOLDER\n");
    return 2;
  }
  measure_messages();
  measure_blocks();
  measure_memory();
  measure_stream(argv[1]);
  measure_small_frames(argv[1]);
  return 0;
}
