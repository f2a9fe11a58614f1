// SPDX-License-Identifier: Apache-2.0
#include "fronts/refusal_log.h"

#include <algorithm>

#include "fronts/request_context.h"
#include "identity/identity.h"

namespace sealane::fronts {
namespace {

constexpr std::size_t kOfferedMax = 16;

// One ring for an IPv4 address, one for an IPv6 network of 64 bits.
std::string ring_of_address(std::string_view ip) {
  std::size_t at = 0;
  int colons = 0;
  for (; at < ip.size() && colons < 4; ++at)
    if (ip[at] == ':') ++colons;
  return std::string(colons == 4 ? ip.substr(0, at) : ip);
}

void cut_to(std::string& text, std::size_t most) {
  if (text.size() > most) text.resize(most);
}

}  // namespace

RefusalRecord record_of(Time at, const std::string& listener, const std::string& peer,
                        const tls::Refusal& refusal) {
  RefusalRecord record{
      .at = at, .kind = RefusalKind::Handshake, .listener = listener, .peer = peer};
  record.reason = std::string(tls::to_string(refusal.reason));
  record.detail = refusal.detail;
  if (const auto& facts = refusal.certificate) {
    record.certificate =
        RefusalRecord::Certificate{.subject = facts->subject,
                                   .issuer = facts->issuer,
                                   .serial = facts->serial,
                                   .uri = facts->uris.empty() ? std::string() : facts->uris.front(),
                                   .sha256 = facts->sha256,
                                   .key_type = facts->key_type,
                                   .not_before = facts->not_before,
                                   .not_after = facts->not_after};
    if (const auto identity = identity::identity_of(*facts)) record.name = identity->name;
    record.proven = refusal.verified;
  }
  if (const auto& hello = refusal.hello)
    record.offered = RefusalRecord::Offered{
        .server_name = hello->server_name, .versions = hello->versions, .groups = hello->groups};
  return record;
}

void write_record(json::Writer& w, const RefusalRecord& record) {
  w.begin_object()
      .field("time", to_rfc3339(record.at))
      .field("kind", record.kind == RefusalKind::Handshake ? "handshake" : "request")
      .field("listener", record.listener)
      .field("peer", record.peer)
      .field("name", record.name)
      .field("proven", record.proven)
      .field("reason", record.reason)
      .field("detail", record.detail);
  w.key("certificate");
  if (const auto& c = record.certificate) {
    w.begin_object()
        .field("subject", c->subject)
        .field("issuer", c->issuer)
        .field("serial", c->serial)
        .field("uri", c->uri)
        .field("sha256", c->sha256)
        .field("key_type", c->key_type)
        .field("not_before", to_rfc3339(c->not_before))
        .field("not_after", to_rfc3339(c->not_after))
        .end_object();
  } else {
    w.null();
  }
  w.key("offered");
  if (const auto& o = record.offered) {
    w.begin_object().field("server_name", o->server_name).key("versions").begin_array();
    for (const std::string& version : o->versions) w.value(version);
    w.end_array().key("groups").begin_array();
    for (const std::string& group : o->groups) w.value(group);
    w.end_array().end_object();
  } else {
    w.null();
  }
  w.field("action", record.action).field("resource", record.resource);
  w.key("statement");
  if (const auto& s = record.statement) {
    w.begin_object()
        .field("document", std::uint64_t{s->document})
        .field("statement", std::uint64_t{s->statement})
        .end_object();
  } else {
    w.null();
  }
  w.end_object();
}

void RefusalLog::cut(RefusalRecord& record) const {
  for (std::string* text : {&record.name, &record.peer, &record.action, &record.resource})
    cut_to(*text, limits_.text_bytes_max);
  cut_to(record.detail, limits_.detail_bytes_max);
  if (auto& c = record.certificate)
    for (std::string* text : {&c->subject, &c->issuer, &c->serial, &c->uri})
      cut_to(*text, limits_.text_bytes_max);
  if (auto& o = record.offered) {
    cut_to(o->server_name, limits_.text_bytes_max);
    if (o->versions.size() > kOfferedMax) o->versions.resize(kOfferedMax);
    if (o->groups.size() > kOfferedMax) o->groups.resize(kOfferedMax);
  }
}

void RefusalLog::add(RefusalRecord record) {
  cut(record);
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = ++recorded_;
  if (record.proven && !record.name.empty()) {
    const std::string key = record.name;
    add_to(proven_, limits_.proven_max, key, {number, std::move(record)});
  } else {
    const std::string key = ring_of_address(ip_of(record.peer));
    add_to(unproven_, limits_.unproven_max, key, {number, std::move(record)});
  }
}

void RefusalLog::add_to(Group& group, std::size_t most, const std::string& key, Numbered record) {
  auto at = group.rings.try_emplace(key).first;
  if (at->second.size() < limits_.per_ring_max && group.size >= most) {
    // Another one gives way: the fullest, and among equals the one that has been silent longest.
    auto fullest =
        std::max_element(group.rings.begin(), group.rings.end(), [](const auto& a, const auto& b) {
          if (a.second.size() != b.second.size()) return a.second.size() < b.second.size();
          return !a.second.empty() && a.second.back().number > b.second.back().number;
        });
    fullest->second.pop_front();
    if (fullest->second.empty() && fullest != at) group.rings.erase(fullest);
    --group.size;
    ++dropped_;
  }
  if (at->second.size() >= limits_.per_ring_max) {
    at->second.pop_front();
    --group.size;
    ++dropped_;
  }
  at->second.push_back(std::move(record));
  ++group.size;
}

std::vector<RefusalRecord> RefusalLog::find(const Query& query) const {
  std::vector<const Numbered*> found;
  std::vector<RefusalRecord> out;
  const std::lock_guard lock(mutex_);
  for (const Group* group : {&proven_, &unproven_})
    for (const auto& [key, ring] : group->rings)
      for (const Numbered& one : ring)
        if ((!query.name.empty() && one.record.name == query.name) ||
            (!query.peer.empty() && ip_of(one.record.peer) == query.peer) ||
            (query.name.empty() && query.peer.empty()))
          found.push_back(&one);
  std::sort(found.begin(), found.end(),
            [](const Numbered* a, const Numbered* b) { return a->number < b->number; });
  const std::size_t skip = found.size() - std::min(found.size(), query.last);
  for (std::size_t i = skip; i < found.size(); ++i) out.push_back(found[i]->record);
  return out;
}

RefusalLog::Counts RefusalLog::counts() const {
  const std::lock_guard lock(mutex_);
  return {.recorded = recorded_, .dropped = dropped_, .kept = proven_.size + unproven_.size};
}

}  // namespace sealane::fronts
