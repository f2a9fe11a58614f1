// SPDX-License-Identifier: Apache-2.0
#include "bench/mqtt_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace sealane::bench {
namespace {

constexpr timeval kOpenTimeout{5, 0};
constexpr std::size_t kReadBytes = 16384;
constexpr unsigned char kPublishQos1 = 0x32, kDup = 0x08, kPuback = 0x40, kDisconnect = 0xe0;

std::string tls_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  char text[256];
  if (code == 0) return "connection closed";
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

void put_u16(std::vector<unsigned char>& out, std::size_t value) {
  out.push_back(static_cast<unsigned char>(value >> 8));
  out.push_back(static_cast<unsigned char>(value & 0xff));
}

void put_text(std::vector<unsigned char>& out, const std::string& text) {
  put_u16(out, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

void put_length(std::vector<unsigned char>& out, std::size_t length) {
  do {
    auto digit = static_cast<unsigned char>(length % 128);
    length /= 128;
    if (length > 0) digit |= 0x80;
    out.push_back(digit);
  } while (length > 0);
}

struct Packet {
  unsigned char first;
  std::size_t body, length, total;
};

// The packet at `at`; total 0 when it is not there whole.
Packet packet_at(const std::vector<unsigned char>& in, std::size_t at) {
  std::size_t length = 0, shift = 0, i = at + 1;
  for (;; ++i, shift += 7) {
    if (i >= in.size() || shift > 21) return {};
    length |= static_cast<std::size_t>(in[i] & 0x7f) << shift;
    if ((in[i] & 0x80) == 0) break;
  }
  ++i;
  if (in.size() - i < length) return {};
  return {in[at], i, length, i - at + length};
}

}  // namespace

std::shared_ptr<SSL_CTX> make_context(const TlsFiles& files) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Without it every TLS record costs two reads.
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), 65536);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const bool good =
      SSL_CTX_load_verify_locations(context.get(), files.ca.c_str(), nullptr) == 1 &&
      (files.cert.empty() ||
       (SSL_CTX_use_certificate_chain_file(context.get(), files.cert.c_str()) == 1 &&
        SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) == 1));
  if (good) return context;
  std::fprintf(stderr, "error: cannot load `%s`, `%s` or `%s`: %s\n", files.ca.c_str(),
               files.cert.c_str(), files.key.c_str(), tls_error().c_str());
  return nullptr;
}

Connection::Connection(Plan plan, std::shared_ptr<SSL_CTX> context)
    : plan_(std::move(plan)), context_(std::move(context)) {}

Connection::~Connection() { close(); }

void Connection::close() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  ssl_ = nullptr;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  in_.clear();
  out_.clear();
  out_at_ = 0;
}

bool Connection::fail(std::string why) {
  error_ = plan_.client_id + ": " + std::move(why);
  close();
  return false;
}

bool Connection::connect_socket() {
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(plan_.host.c_str(), std::to_string(plan_.port).c_str(), &hints, &found) != 0)
    return fail("unknown host `" + plan_.host + "`");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  fd_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return fail(std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kOpenTimeout, sizeof kOpenTimeout);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kOpenTimeout, sizeof kOpenTimeout);
  if (::connect(fd_, found->ai_addr, found->ai_addrlen) != 0) return fail(std::strerror(errno));
  return true;
}

bool Connection::shake_hands() {
  ssl_ = SSL_new(context_.get());
  SSL_set_fd(ssl_, fd_);
  in_addr address{};
  if (::inet_pton(AF_INET, plan_.host.c_str(), &address) != 1)
    SSL_set_tlsext_host_name(ssl_, plan_.host.c_str());
  if (SSL_connect(ssl_) != 1) return fail("handshake: " + tls_error());
  return true;
}

bool Connection::exchange_connect() {
  std::vector<unsigned char> body;
  put_text(body, "MQTT");
  body.push_back(4);     // protocol level of MQTT 3.1.1
  body.push_back(0x02);  // clean session
  put_u16(body, 600);    // keep-alive, seconds
  put_text(body, plan_.client_id);
  std::vector<unsigned char> packet{0x10};
  put_length(packet, body.size());
  packet.insert(packet.end(), body.begin(), body.end());
  unsigned char answer[4];
  std::size_t wrote = 0, got = 0;
  if (SSL_write_ex(ssl_, packet.data(), packet.size(), &wrote) != 1)
    return fail("CONNECT: " + tls_error());
  while (got < sizeof answer) {
    std::size_t part = 0;
    if (SSL_read_ex(ssl_, answer + got, sizeof answer - got, &part) != 1)
      return fail("no CONNACK: " + tls_error());
    got += part;
  }
  if (answer[0] != 0x20 || answer[3] != 0)
    return fail("CONNECT refused with code " + std::to_string(answer[3]));
  return true;
}

bool Connection::open() {
  close();
  ERR_clear_error();
  if (!connect_socket() || !shake_hands() || !exchange_connect()) return false;
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
  std::erase_if(waiting_, [](const Sent& sent) { return sent.done; });
  in_flight_ = waiting_.size();
  for (auto& sent : waiting_) {
    sent.at = std::chrono::steady_clock::now();
    queue_publish(sent, true);
  }
  return flush();
}

void Connection::queue_publish(Sent& sent, bool again) {
  const std::size_t length = 2 + plan_.topic.size() + 2 + plan_.payload_bytes;
  out_.push_back(again ? kPublishQos1 | kDup : kPublishQos1);
  put_length(out_, length);
  put_text(out_, plan_.topic);
  put_u16(out_, sent.id);
  const std::size_t payload_at = out_.size();
  out_.resize(payload_at + plan_.payload_bytes, 'x');
  if (plan_.mark.empty()) return;
  const std::string mark = plan_.mark + "." + std::to_string(sent.number) + " ";
  std::memcpy(out_.data() + payload_at, mark.data(), std::min(mark.size(), plan_.payload_bytes));
}

std::size_t Connection::fill(std::uint64_t budget, Instant now) {
  std::size_t queued = 0;
  while (queued < budget && in_flight_ < plan_.in_flight && waiting_.size() < 32768) {
    waiting_.push_back(Sent{next_number_++, next_id_, now});
    next_id_ = next_id_ == 65535 ? 1 : static_cast<std::uint16_t>(next_id_ + 1);
    queue_publish(waiting_.back(), false);
    ++in_flight_;
    ++queued;
  }
  return queued;
}

bool Connection::flush() {
  while (out_at_ < out_.size()) {
    std::size_t wrote = 0;
    const int result = SSL_write_ex(ssl_, out_.data() + out_at_, out_.size() - out_at_, &wrote);
    if (result != 1) {
      const int why = SSL_get_error(ssl_, result);
      if (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ) return true;
      return fail("write: " + tls_error());
    }
    out_at_ += wrote;
  }
  out_.clear();
  out_at_ = 0;
  return true;
}

bool Connection::on_ack(std::uint16_t id, Instant now, Latencies& latencies, std::string& marks) {
  for (auto& sent : waiting_) {
    if (sent.id != id || sent.done) continue;
    sent.done = true;
    --in_flight_;
    ++acknowledged_;
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - sent.at).count();
    latencies.add(static_cast<std::uint64_t>(took));
    if (!plan_.mark.empty()) marks += plan_.mark + "." + std::to_string(sent.number) + "\n";
    while (!waiting_.empty() && waiting_.front().done) waiting_.pop_front();
    return true;
  }
  return fail("PUBACK for packet " + std::to_string(id) + ", which waits for none");
}

bool Connection::receive(Instant now, Latencies& latencies, std::string& marks) {
  unsigned char part[kReadBytes];
  for (;;) {
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_, part, sizeof part, &got);
    if (result == 1) in_.insert(in_.end(), part, part + got);
    if (result != 1) {
      const int why = SSL_get_error(ssl_, result);
      if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) break;
      return fail("read: " + tls_error());
    }
  }
  std::size_t at = 0;
  while (at < in_.size()) {
    const Packet packet = packet_at(in_, at);
    if (packet.total == 0) break;
    if (packet.first == kPuback && packet.length == 2) {
      const auto id = static_cast<std::uint16_t>(in_[packet.body] << 8 | in_[packet.body + 1]);
      if (!on_ack(id, now, latencies, marks)) return false;
    }
    at += packet.total;
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

void Connection::say_goodbye() {
  if (ssl_ == nullptr) return;
  const unsigned char packet[2] = {kDisconnect, 0};
  std::size_t wrote = 0;
  if (SSL_write_ex(ssl_, packet, sizeof packet, &wrote) == 1) SSL_shutdown(ssl_);
  close();
}

}  // namespace sealane::bench
