// SPDX-License-Identifier: Apache-2.0
// How fast messages are sealed and opened: one line of JSON for each measurement.
//
//   seal_rate FOLDER [PART]...   a folder with 3 GiB to spare; all parts unless some are named
//
// Rates are by CPU time of the process, which load from elsewhere disturbs least; `wall` is beside.
// "The library" is OpenSSL's AES-256-GCM alone over the same bytes from the same source, one call
// for 64 KiB, taking turns with ours.
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "crypto/random.h"
#include "envelope/message.h"
#include "envelope/raw_aes.h"
#include "envelope/seekable.h"
#include "envelope/stream_opener.h"

namespace {

using namespace sealane;

constexpr std::uint64_t kGiB = 1ull << 30;
constexpr std::size_t kPieceBytes = 32u << 20;
constexpr int kRounds = 3;

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

void measure(const char* what, double units, const std::function<void()>& work) {
  const Timer timer;
  work();
  report(what, units, timer);
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

// In the pieces that the commands here write: how a file was written decides which pages it has,
// and those how fast a mapping of it is read (bench/README.md).
void write_file(const std::string& path, std::uint64_t size) {
  std::ofstream file(path, std::ios::binary);
  Bytes piece(64u << 10);
  for (std::uint64_t at = 0; at < size; at += piece.size()) {
    crypto::random_bytes(piece);
    const std::string_view text = as_text(piece);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
  }
}

// The library's cipher with nothing around it.
class Library {
 public:
  Library() {
    crypto::random_bytes(key_);
    SEALANE_CHECK(EVP_EncryptInit_ex2(context_, cipher_, as_uchar(ByteSpan(key_)),
                                      as_uchar(ByteSpan(iv_)), nullptr) == 1);
  }
  ~Library() {
    EVP_CIPHER_CTX_free(context_);
    EVP_CIPHER_free(cipher_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  // One message of AES-256-GCM for each 64 KiB.
  void seal(ByteSpan plaintext, const envelope::Sink& sink) {
    for (; !plaintext.empty(); plaintext = plaintext.subspan(kPiece)) {
      store_be(MutableByteSpan(iv_), ++count_);
      int length = 0;
      std::array<std::byte, 16> end{};
      const bool done =
          EVP_EncryptInit_ex2(context_, nullptr, nullptr, as_uchar(ByteSpan(iv_)), nullptr) == 1 &&
          EVP_EncryptUpdate(context_, as_uchar(MutableByteSpan(out_)), &length, as_uchar(plaintext),
                            kPiece) == 1 &&
          EVP_EncryptFinal_ex(context_, as_uchar(MutableByteSpan(end)), &length) == 1 &&
          EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, 16,
                              as_uchar(MutableByteSpan(end))) == 1;
      SEALANE_CHECK(done && sink(out_).ok());
    }
  }

 private:
  static constexpr int kPiece = envelope::kDefaultFrameLength;
  EVP_CIPHER* cipher_ = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  EVP_CIPHER_CTX* context_ = EVP_CIPHER_CTX_new();
  std::array<std::byte, 32> key_{};
  std::array<std::byte, 12> iv_{};
  std::uint64_t count_ = 0;
  Bytes out_ = Bytes(kPiece);
};

const envelope::Sink kNowhere = [](ByteSpan) -> Status { return {}; };

// Seals bytes in memory, or mapped, through a BodySealer.
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

envelope::BodyOptions on_threads(std::size_t threads) {
  return threads == 1 ? envelope::BodyOptions{}
                      : envelope::bulk_options(threads, envelope::kDefaultFrameLength);
}

// A file that is written from its beginning.
class Output {
 public:
  explicit Output(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)) {
    SEALANE_CHECK(descriptor_ >= 0);
  }
  ~Output() { ::close(descriptor_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  envelope::Sink sink() const {
    return [file = descriptor_](ByteSpan bytes) -> Status {
      SEALANE_CHECK(::write(file, bytes.data(), bytes.size()) ==
                    static_cast<ssize_t>(bytes.size()));
      return {};
    };
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

envelope::ReadAt pread_of(int file) {
  return [file](std::uint64_t offset, MutableByteSpan to) -> Status {
    SEALANE_CHECK(::pread(file, to.data(), to.size(), static_cast<off_t>(offset)) ==
                  static_cast<ssize_t>(to.size()));
    return {};
  };
}

void measure_random_reads(const char* what, envelope::SeekableReader& reader, int reads) {
  std::array<std::byte, 8> draw{};
  for (int round = 0; round < kRounds; ++round) {
    const Timer timer;
    for (int i = 0; i < reads; ++i) {
      crypto::random_bytes(draw);
      const std::uint64_t offset = load_be<std::uint64_t>(draw) % (reader.size() / 4096) * 4096;
      SEALANE_CHECK(reader.read(offset, 4096).value().size() == 4096);
    }
    report(what, reads, timer);
  }
}

void open_halves(Sealing& sealing, ByteSpan message) {
  const auto open_half = [&](std::uint64_t half) {
    auto reader = envelope::SeekableReader::open(message, sealing.finder()).value();
    const std::uint64_t end = reader.size() / 2 * (half + 1);
    constexpr std::uint64_t kStep = envelope::kDefaultFrameLength;
    for (std::uint64_t at = reader.size() / 2 * half; at < end; at += kStep)
      SEALANE_CHECK(reader.read(at, kStep).value().size() == kStep);
  };
  std::thread other([&] { open_half(1); });
  open_half(0);
  other.join();
}

// What the kernel writes behind the last one's back disturbs the next one: each is first, second
// and third once.  Leaves a message.
void measure_file_to_file(Sealing& sealing, Library& library, ByteSpan plaintext,
                          const std::string& path) {
  constexpr std::size_t kWays = 3;
  for (std::size_t turn = 0; turn < kWays * kRounds; ++turn) {
    const Output out(path);
    const auto bytes = static_cast<double>(plaintext.size());
    switch ((turn / kWays + turn) % kWays) {
      case 0:
        measure("the library, file to file, bytes", bytes,
                [&] { library.seal(plaintext, out.sink()); });
        break;
      case 1:
        measure("seal 1 GiB file to file, bytes", bytes,
                [&] { seal_mapped(sealing, plaintext, on_threads(1), out.sink()); });
        break;
      default:
        measure("seal 1 GiB file to file on two threads, bytes", bytes,
                [&] { seal_mapped(sealing, plaintext, on_threads(2), out.sink()); });
    }
  }
}

void measure_file(const std::string& folder) {
  const std::string plain = folder + "/plain", sealed = folder + "/sealed";
  write_file(plain, kGiB);
  const double bytes = static_cast<double>(kGiB);
  Sealing sealing(envelope::kDefaultFrameLength);
  Library library;
  {
    const Mapped source(plain);
    for (int round = 0; round < kRounds; ++round) {
      measure("the library over a mapped file, bytes", bytes,
              [&] { library.seal(source.bytes, kNowhere); });
      measure("seal 1 GiB, bytes", bytes,
              [&] { seal_mapped(sealing, source.bytes, on_threads(1), kNowhere); });
      measure("seal 1 GiB on two threads, bytes", bytes,
              [&] { seal_mapped(sealing, source.bytes, on_threads(2), kNowhere); });
    }
    measure_file_to_file(sealing, library, source.bytes, sealed);
  }
  ::unlink(plain.c_str());
  const Mapped message(sealed);
  for (int round = 0; round < kRounds; ++round)
    measure("open 1 GiB, bytes", bytes, [&] {
      envelope::StreamOpener opener(sealing.cipher, sealing.finder(), kNowhere);
      SEALANE_CHECK(opener.write(message.bytes).ok() && opener.finish().ok());
    });
  // Ranges are independent: two readers share the work of one file.
  for (int round = 0; round < kRounds; ++round)
    measure("open 1 GiB on two threads, bytes", bytes,
            [&] { open_halves(sealing, message.bytes); });
  auto reader = envelope::SeekableReader::open(pread_of(message.descriptor), message.bytes.size(),
                                               sealing.finder())
                    .value();
  constexpr int kReads = 40000;
  measure_random_reads("random 4 KiB reads, 64 KiB frames, reads", reader, kReads);
  auto mapped = envelope::SeekableReader::open(message.bytes, sealing.finder()).value();
  measure_random_reads("random 4 KiB reads, 64 KiB frames, mapped, reads", mapped, kReads);
}

void measure_memory() {
  Sealing sealing(envelope::kDefaultFrameLength);
  Library library;
  Bytes plaintext(64u << 20);
  crypto::random_bytes(plaintext);
  constexpr int kTimes = 16;
  const double bytes = double{kTimes} * static_cast<double>(plaintext.size());
  const ByteSpan hot = ByteSpan(plaintext).first(envelope::kDefaultFrameLength);
  for (int round = 0; round < kRounds; ++round) {
    measure("the library in cache, bytes", bytes / 2, [&] {
      for (std::size_t i = 0; i < kGiB / 2 / hot.size(); ++i) library.seal(hot, kNowhere);
    });
    measure("the library over memory, bytes", bytes, [&] {
      for (int i = 0; i < kTimes; ++i) library.seal(plaintext, kNowhere);
    });
    for (const std::size_t threads : {1u, 2u})
      measure(threads == 1 ? "seal 64 MiB of memory 16 times, bytes"
                           : "seal 64 MiB of memory 16 times on two threads, bytes",
              bytes, [&] {
                for (int i = 0; i < kTimes; ++i)
                  seal_mapped(sealing, plaintext, on_threads(threads), kNowhere);
              });
  }
}

void measure_small_frames(const std::string& folder) {
  Sealing sealing(4096);
  const std::string path = folder + "/sealed";
  const Output out(path);
  Bytes piece(kPieceBytes);
  crypto::random_bytes(piece);
  envelope::BodySealer sealer(sealing.cipher, sealing.header(), out.sink(),
                              envelope::bulk_options(2, 4096));
  for (std::uint64_t at = 0; at < kGiB; at += piece.size()) SEALANE_CHECK(sealer.write(piece).ok());
  SEALANE_CHECK(sealer.finish().ok());
  auto reader = envelope::SeekableReader::open(pread_of(out.descriptor()), sealer.bytes_written(),
                                               sealing.finder())
                    .value();
  measure_random_reads("random 4 KiB reads, 4 KiB frames, reads", reader, 200000);
  ::unlink(path.c_str());
}

void measure_messages() {
  Sealing sealing(envelope::kDefaultFrameLength);
  Bytes plaintext(1024);
  crypto::random_bytes(plaintext);
  constexpr int kMessages = 300000;
  for (int round = 0; round < kRounds; ++round) {
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
  for (int round = 0; round < kRounds; ++round) {
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
  if (argc < 2) {
    std::fprintf(stderr, "usage: seal_rate FOLDER [messages|blocks|memory|file|small-frames]...\n");
    return 2;
  }
  const std::vector<std::string_view> wanted(argv + 2, argv + argc);
  const auto is_wanted = [&](std::string_view part) {
    return wanted.empty() || std::ranges::find(wanted, part) != wanted.end();
  };
  const std::string folder = argv[1];
  if (is_wanted("messages")) measure_messages();
  if (is_wanted("blocks")) measure_blocks();
  if (is_wanted("memory")) measure_memory();
  if (is_wanted("file")) measure_file(folder);
  if (is_wanted("small-frames")) measure_small_frames(folder);
  return 0;
}
