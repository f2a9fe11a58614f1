// SPDX-License-Identifier: Apache-2.0
#include "cli/demo/pcap.h"

#include <algorithm>
#include <map>
#include <utility>

namespace sealane::cli::demo {
namespace {

constexpr std::uint32_t kMagic = 0xA1B2C3D4;
constexpr std::uint32_t kLinkEthernet = 1;
constexpr std::size_t kHeadBytes = 24;
constexpr std::size_t kRecordHeadBytes = 16;
constexpr std::size_t kEthernetBytes = 14;
constexpr std::size_t kIpBytes = 20;
constexpr std::size_t kTcpBytes = 20;
constexpr std::size_t kSegmentBytesMax = 16 << 10;
constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kPush = 0x08, kAck = 0x10;

// The file's own fields are little-endian, the packets' are in network order.
template <std::unsigned_integral T>
void put_le(Bytes& to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xff));
}
std::uint32_t load_le32(ByteSpan from) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = (value << 8) | std::to_integer<std::uint32_t>(from[i]);
  return value;
}

// RFC 1071.
std::uint32_t sum16(ByteSpan bytes, std::uint32_t sum) {
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
    sum += load_be<std::uint16_t>(bytes.subspan(i, 2));
  if (bytes.size() % 2 != 0) sum += std::to_integer<std::uint32_t>(bytes.back()) << 8;
  return sum;
}
std::uint16_t fold(std::uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xffff);
}

struct ParsedSegment {
  Endpoint from, to;
  std::uint32_t sequence = 0;
  bool syn = false;
  ByteSpan payload;
};

Error broken(std::string what) { return fail(ErrorKind::Corrupt, "capture " + std::move(what)); }

Result<ParsedSegment> parse_packet(ByteSpan packet) {
  if (packet.size() < kEthernetBytes + kIpBytes + kTcpBytes)
    return broken("has a packet that is too short");
  const ByteSpan ip = packet.subspan(kEthernetBytes);
  const std::size_t ip_bytes = load_be<std::uint16_t>(ip.subspan(2, 2));
  if (ip[0] != std::byte{0x45} || ip[9] != std::byte{6} || ip_bytes > ip.size() ||
      ip_bytes < kIpBytes + kTcpBytes)
    return broken("has a packet that is not IPv4 with TCP");
  const ByteSpan tcp = ip.subspan(kIpBytes, ip_bytes - kIpBytes);
  const std::size_t tcp_head = (std::to_integer<std::size_t>(tcp[12]) >> 4) * 4;
  if (tcp_head < kTcpBytes || tcp_head > tcp.size())
    return broken("has a TCP header that does not fit");
  ParsedSegment out;
  out.from = {load_be<std::uint32_t>(ip.subspan(12, 4)), load_be<std::uint16_t>(tcp.first(2))};
  out.to = {load_be<std::uint32_t>(ip.subspan(16, 4)), load_be<std::uint16_t>(tcp.subspan(2, 2))};
  out.sequence = load_be<std::uint32_t>(tcp.subspan(4, 4));
  out.syn = (std::to_integer<std::uint8_t>(tcp[13]) & kSyn) != 0;
  out.payload = tcp.subspan(tcp_head);
  return out;
}

// Puts the segments of one direction together.
class Assembler {
 public:
  explicit Assembler(const ParsedSegment& first)
      : out_{first.from, first.to, {}}, first_byte_(first.sequence + (first.syn ? 1 : 0)) {}

  void add(const ParsedSegment& segment) {
    if (segment.payload.empty()) return;
    const std::uint32_t offset = segment.sequence - first_byte_;
    waiting_.emplace(offset, segment.payload);
    while (!waiting_.empty() && waiting_.begin()->first <= out_.payload.size()) {
      const auto [begin, bytes] = *waiting_.begin();
      waiting_.erase(waiting_.begin());
      const std::size_t known = out_.payload.size() - begin;
      if (known < bytes.size()) append(out_.payload, bytes.subspan(known));
    }
  }

  Result<CapturedStream> finish() && {
    if (!waiting_.empty()) return broken("misses bytes of a stream from " + to_text(out_.from));
    return std::move(out_);
  }

 private:
  CapturedStream out_;
  std::uint32_t first_byte_;
  std::multimap<std::uint32_t, ByteSpan> waiting_;
};

}  // namespace

std::string address_text(const Endpoint& endpoint) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += std::to_string(endpoint.address >> shift & 0xff);
    if (shift > 0) out += '.';
  }
  return out;
}

std::string to_text(const Endpoint& endpoint) {
  return address_text(endpoint) + ":" + std::to_string(endpoint.port);
}

Bytes capture_head() {
  Bytes out;
  put_le(out, kMagic);
  put_le(out, std::uint16_t{2});
  put_le(out, std::uint16_t{4});
  put_le(out, std::uint32_t{0});  // time zone
  put_le(out, std::uint32_t{0});  // accuracy
  put_le(out, std::uint32_t{65535});
  put_le(out, kLinkEthernet);
  return out;
}

struct FlowRecorder::Segment {
  Time time;
  Direction direction;
  std::uint8_t flags = kAck;
  ByteSpan payload = {};
};

void FlowRecorder::open(Time now, Bytes& out) {
  segment({now, Direction::ToListener, kSyn}, out);
  segment({now, Direction::ToClient, kSyn | kAck}, out);
  segment({now, Direction::ToListener, kAck}, out);
}

void FlowRecorder::payload(Time now, Direction direction, ByteSpan bytes, Bytes& out) {
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), kSegmentBytesMax);
    segment({now, direction, kPush | kAck, bytes.first(size)}, out);
    bytes = bytes.subspan(size);
  }
}

void FlowRecorder::close(Time now, Bytes& out) {
  segment({now, Direction::ToListener, kFin | kAck}, out);
  segment({now, Direction::ToClient, kFin | kAck}, out);
  segment({now, Direction::ToListener, kAck}, out);
}

void FlowRecorder::segment(const Segment& segment, Bytes& out) {
  const bool to_listener = segment.direction == Direction::ToListener;
  const Endpoint& from = to_listener ? client_ : listener_;
  const Endpoint& to = to_listener ? listener_ : client_;
  std::uint32_t& sequence = next_[to_listener ? 0 : 1];
  const std::uint32_t acknowledged = (segment.flags & kAck) != 0 ? next_[to_listener ? 1 : 0] : 0;

  Bytes ip;
  put_be(ip, std::uint16_t{0x4500});
  put_be(ip, checked_cast<std::uint16_t>(kIpBytes + kTcpBytes + segment.payload.size()));
  put_be(ip, packet_id_++);
  put_be(ip, std::uint16_t{0x4000});  // do not fragment
  put_be(ip, std::uint16_t{0x4006});  // 64 hops, TCP
  put_be(ip, std::uint16_t{0});
  put_be(ip, from.address);
  put_be(ip, to.address);
  store_be(MutableByteSpan(ip).subspan(10, 2), fold(sum16(ip, 0)));

  Bytes tcp;
  put_be(tcp, from.port);
  put_be(tcp, to.port);
  put_be(tcp, sequence);
  put_be(tcp, acknowledged);
  put_be(tcp, static_cast<std::uint16_t>(0x5000 | segment.flags));
  put_be(tcp, std::uint16_t{65535});  // window
  put_be(tcp, std::uint32_t{0});      // checksum, urgent pointer
  append(tcp, segment.payload);
  // The pseudo header: both addresses, protocol and length.
  const std::uint32_t pseudo =
      sum16(ByteSpan(ip).subspan(12, 8), 6 + checked_cast<std::uint32_t>(tcp.size()));
  store_be(MutableByteSpan(tcp).subspan(16, 2), fold(sum16(tcp, pseudo)));

  const auto since_epoch = segment.time.time_since_epoch().count();
  const std::uint32_t bytes = checked_cast<std::uint32_t>(kEthernetBytes + ip.size() + tcp.size());
  put_le(out, static_cast<std::uint32_t>(since_epoch / 1'000'000));
  put_le(out, static_cast<std::uint32_t>(since_epoch % 1'000'000));
  put_le(out, bytes);
  put_le(out, bytes);
  out.insert(out.end(), 12, std::byte{0});  // no Ethernet addresses
  put_be(out, std::uint16_t{0x0800});
  append(out, ip);
  append(out, tcp);

  sequence += checked_cast<std::uint32_t>(segment.payload.size());
  if ((segment.flags & (kSyn | kFin)) != 0) ++sequence;
}

bool is_capture(ByteSpan front) {
  return front.size() >= kHeadBytes && load_le32(front) == kMagic &&
         load_le32(front.subspan(20)) == kLinkEthernet;
}

Result<std::vector<CapturedStream>> read_capture(ByteSpan file) {
  if (!is_capture(file)) return fail(ErrorKind::Invalid, "not a capture file of Ethernet packets");
  std::vector<Assembler> streams;
  std::map<std::pair<Endpoint, Endpoint>, std::size_t> current;
  ByteReader reader(file.subspan(kHeadBytes));
  while (!reader.empty()) {
    const auto head = reader.take(kRecordHeadBytes);
    if (!head) return broken("ends inside the head of a packet");
    const auto packet = reader.take(load_le32(head->subspan(8)));
    if (!packet) return broken("ends inside a packet");
    SEALANE_ASSIGN(const ParsedSegment segment, parse_packet(*packet));
    const auto [place, is_new] = current.try_emplace({segment.from, segment.to}, streams.size());
    if (is_new || segment.syn) {
      place->second = streams.size();
      streams.emplace_back(segment);
    }
    streams[place->second].add(segment);
  }
  std::vector<CapturedStream> out;
  for (Assembler& stream : streams) {
    SEALANE_ASSIGN(CapturedStream done, std::move(stream).finish());
    out.push_back(std::move(done));
  }
  return out;
}

}  // namespace sealane::cli::demo
