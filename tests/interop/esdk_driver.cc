// SPDX-License-Identifier: Apache-2.0
// Seals and opens messages as a list of jobs says, for the interop tests and measurements.
//
//   esdk_driver JOBS
//
// One job a line, fields separated by tabs: seal|open, input, output, suite, frame length, context
// (`key=value,key=value` or `-`), wrap (`aes`, `rsa-pkcs1`, `rsa-oaep-sha256`, ...), key namespace,
// key name, key file (raw AES key, or PEM: public to seal, private to open).
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "crypto/random.h"
#include "envelope/data_keys.h"
#include "envelope/footer.h"
#include "envelope/message.h"
#include "envelope/stream_opener.h"

namespace {

using namespace sealane;

constexpr std::size_t kPieceBytes = 1u << 20;
constexpr std::size_t kFields = 10;

struct Job {
  bool seals = false;
  std::string input, output, suite, wrap, key_file;
  std::uint32_t frame_length = 0;
  envelope::EncryptionContext context{};
  envelope::WrappingKeyName name{};
};

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> out;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, by);) out.push_back(part);
  return out;
}

Result<Job> parse(const std::string& line) {
  const auto fields = split(line, '\t');
  if (fields.size() != kFields) return fail(ErrorKind::Invalid, "not a job: " + line);
  Job job{.seals = fields[0] == "seal",
          .input = fields[1],
          .output = fields[2],
          .suite = fields[3],
          .wrap = fields[6],
          .key_file = fields[9]};
  std::stringstream(fields[4]) >> job.frame_length;
  if (fields[5] != "-")
    for (const std::string& pair : split(fields[5], ','))
      job.context[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
  job.name = {fields[7], fields[8]};
  return job;
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

crypto::RsaPadding padding_of(const std::string& wrap) {
  using crypto::RsaPadding;
  for (RsaPadding each : {RsaPadding::OaepSha1, RsaPadding::OaepSha256, RsaPadding::OaepSha384,
                          RsaPadding::OaepSha512})
    if (wrap == "rsa-" + std::string(to_string(each))) return each;
  return RsaPadding::Pkcs1;
}

envelope::Sink writer_to(std::ofstream& file) {
  return [&file](ByteSpan bytes) -> Status {
    const std::string_view text = as_text(bytes);
    if (!file.write(text.data(), static_cast<std::streamsize>(text.size())))
      return fail(ErrorKind::Unavailable, "cannot write");
    return {};
  };
}

Result<envelope::EncryptedDataKey> wrapped(const Job& job, const Secret& data_key,
                                           const envelope::EncryptionContext& context) {
  const std::string key = contents(job.key_file);
  if (job.wrap != "aes") {
    SEALANE_ASSIGN(const auto rsa, crypto::RsaPublicKey::from_pem(key));
    return envelope::wrap_data_key(rsa, padding_of(job.wrap), job.name, data_key.reveal());
  }
  SEALANE_ASSIGN(const Bytes context_bytes, envelope::encode_context(context));
  crypto::AesGcm cipher;
  cipher.set_key(as_bytes(key));
  crypto::GcmIv iv{};
  crypto::random_bytes(iv);
  return envelope::wrap_data_key(cipher, job.name, iv, data_key.reveal(), context_bytes);
}

Status seal(const Job& job) {
  envelope::HeaderPlan plan;
  plan.suite = envelope::find_suite(job.suite)->id;
  plan.context = job.context;
  plan.frame_length = job.frame_length;
  if (envelope::suite_of(plan.suite).is_signed()) {
    plan.signing_key = std::make_shared<const crypto::EcdsaPrivateKey>(
        crypto::EcdsaPrivateKey::generate(crypto::EcdsaCurve::P384));
    envelope::add_public_key(plan.context, *plan.signing_key);
  }
  crypto::random_bytes(plan.message_id);
  const Secret data_key = crypto::random_secret(crypto::kAes256KeyBytes);
  SEALANE_ASSIGN(auto edk, wrapped(job, data_key, plan.context));
  plan.data_keys.push_back(std::move(edk));
  envelope::Cipher cipher;
  SEALANE_ASSIGN(auto header, envelope::seal_header(cipher, plan, data_key));
  std::ifstream input(job.input, std::ios::binary);
  std::ofstream output(job.output, std::ios::binary);
  envelope::BodySealer sealer(cipher, std::move(header), writer_to(output),
                              envelope::bulk_options(2, job.frame_length));
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    input.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto count = static_cast<std::size_t>(input.gcount());
    if (count == 0) break;
    SEALANE_TRY(sealer.write(as_bytes(std::string_view(piece).substr(0, count))));
  }
  SEALANE_ASSIGN([[maybe_unused]] const auto tag, sealer.finish());
  return {};
}

Status open(const Job& job) {
  std::vector<envelope::UnwrappingKey> keys;
  const std::string key = contents(job.key_file);
  if (job.wrap == "aes") {
    keys.push_back(envelope::RawAesKey{job.name, Secret(as_bytes(key))});
  } else {
    SEALANE_ASSIGN(auto rsa, crypto::RsaPrivateKey::from_pem(Secret(as_bytes(key))));
    keys.push_back(envelope::RawRsaKey{job.name, padding_of(job.wrap), std::move(rsa)});
  }
  envelope::Limits limits;
  limits.suites = {envelope::find_suite(job.suite)->id};
  std::ifstream input(job.input, std::ios::binary);
  std::ofstream output(job.output, std::ios::binary);
  envelope::Cipher cipher;
  envelope::StreamOpener opener(cipher, envelope::data_key_from(keys), writer_to(output),
                                {.limits = limits});
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    input.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto count = static_cast<std::size_t>(input.gcount());
    if (count == 0) break;
    SEALANE_TRY(opener.write(as_bytes(std::string_view(piece).substr(0, count))));
  }
  SEALANE_TRY(opener.finish());
  return envelope::require_context(opener.header()->context, job.context);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream jobs(argv[1]);
  int failed = 0;
  for (std::string line; std::getline(jobs, line);) {
    const auto job = parse(line);
    const Status done = !job.ok() ? Status(job.error()) : job->seals ? seal(*job) : open(*job);
    if (done.ok()) continue;
    std::fprintf(stderr, "%s: %s\n", line.c_str(), done.error().message.c_str());
    ++failed;
  }
  return failed == 0 ? 0 : 1;
}
