// SPDX-License-Identifier: Apache-2.0
#include "pipeline/load.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/yaml.h"
#include "pipeline/fields_internal.h"
#include "pipeline/key_fields_internal.h"

namespace sealane::pipeline {
namespace {

using json::Member;
using json::Value;

constexpr std::string_view kPartitionKey = "${thing}";

bool is_host(std::string_view text) {
  constexpr std::size_t kHostMax = 253;
  return text.size() <= kHostMax && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == ':';
         });
}

// Reads the tree section by section; then holds the sections against one another.
class Loader {
 public:
  Parsed<Pipeline> run(const Value& root) {
    const Value::Object& members = fields_.mapping(root, "");
    for (const char* required : {"version", "pipeline", "nodes", "hops"})
      if (root.object() != nullptr && root.find(required) == nullptr)
        fields_.error(root.span, std::string("the file has no `") + required + "`",
                      "add it; `sealane init DIR` writes a whole file to start from");
    // The floor first: hops start from it.
    if (const Value* transit = root.find("transit")) read_transit(*transit);
    for (const Member& member : members) {
      const Value& value = member.value;
      if (member.name == "version")
        read_version(value);
      else if (member.name == "pipeline")
        read_name(value);
      else if (member.name == "clouds")
        read_clouds(value);
      else if (member.name == "trust")
        read_trust(value);
      else if (member.name == "keys")
        read_keys(value);
      else if (member.name == "nodes")
        read_nodes(value);
      else if (member.name == "hops")
        read_hops(value);
      else if (member.name == "accept")
        read_accept(value);
    }
    check_hops();
    check_nodes();
    check_accept();
    Parsed<Pipeline> out;
    if (fields_.errors() == 0) out.value = std::move(pipeline_);
    out.diagnostics = fields_.take();
    return out;
  }

 private:
  void read_version(const Value& value) {
    const json::Number* number = value.number();
    if (number == nullptr || number->lexeme != "1")
      fields_.error(value.span, "there is no such version of the file", "write `version: 1`");
  }

  void read_name(const Value& value) {
    auto name = fields_.text(value, "pipeline");
    if (!name) return;
    if (!is_pipeline_name(*name))
      return fields_.error(
          value.span, "`" + *name + "` cannot name a pipeline",
          "it is a bucket too: 3 to 63 of a-z, 0-9, `-` and `.`, a letter or digit at both ends");
    pipeline_.name = *name;
  }

  // --- clouds, transit, keys

  void read_clouds(const Value& value) {
    for (const Member& cloud : fields_.mapping(value, "clouds")) {
      if (cloud.name != "aws") continue;
      AwsCloud aws;
      for (const Member& member : fields_.mapping(cloud.value, "clouds.aws")) {
        if (member.name == "account") {
          aws.account = fields_.text(member.value, "account").value_or("");
          if (!aws.account.empty() &&
              (aws.account.size() != 12 ||
               aws.account.find_first_not_of("0123456789") != std::string::npos))
            fields_.error(member.value.span, "`account` has 12 digits",
                          "as in \"123456789012\", in quotes");
        } else if (member.name == "region") {
          aws.region = fields_.text(member.value, "region").value_or("");
          if (aws.region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") !=
              std::string::npos)
            fields_.error(member.value.span, "`" + aws.region + "` is not a region",
                          "as in `eu-central-1`");
        }
      }
      require(cloud.value, {"account", "region"}, "`aws`");
      pipeline_.aws = std::move(aws);
    }
  }

  void require(const Value& mapping, const std::vector<const char*>& keys,
               const std::string& what) {
    for (const char* key : keys)
      if (mapping.object() != nullptr && mapping.find(key) == nullptr)
        fields_.error(mapping.span, what + " has no `" + key + "`",
                      "add `" + std::string(key) + ": ...`");
  }

  void read_transit(const Value& value) {
    for (const Member& member : fields_.mapping(value, "transit")) {
      if (member.name == "min_tls") {
        pipeline_.transit.min_tls = read_tls(member.value, "min_tls").value_or(TlsVersion::Tls13);
      } else if (member.name == "client_identity") {
        const auto word = fields_.text(member.value, "client_identity");
        if (word && *word != "required")
          fields_.error(
              member.value.span, "`client_identity` cannot be `" + *word + "`",
              "write `required`; no connection is taken from a peer that does not prove who it is");
      } else if (member.name == "post_quantum") {
        pipeline_.transit.post_quantum = read_post_quantum(member.value);
      }
    }
  }

  std::optional<TlsVersion> read_tls(const Value& value, std::string_view key) {
    if (value.number() != nullptr) {
      fields_.error(value.span, "`" + std::string(key) + "` is text", "write \"1.3\", in quotes");
      return std::nullopt;
    }
    const auto word = fields_.text(value, key);
    if (!word) return std::nullopt;
    const auto version = tls_version_of(*word);
    if (!version)
      fields_.error(value.span, "`" + std::string(key) + "` cannot be `" + *word + "`",
                    "write \"1.3\" or \"1.2\"; there is no floor below TLS 1.2");
    return version;
  }

  PostQuantum read_post_quantum(const Value& value) {
    const auto word =
        fields_.choice(value, "post_quantum", {.now = {"off", "prefer"}, .later = {"require"}});
    return word && *word == "prefer" ? PostQuantum::Prefer : PostQuantum::Off;
  }

  // Devices alone may have certificates of somebody else's CA; nodes are always our own.
  void read_trust(const Value& value) {
    constexpr std::size_t kAuthoritiesMax = 16;
    std::set<std::string> files;
    for (const Member& member : fields_.mapping(value, "trust")) {
      if (member.name != "authorities") continue;
      for (const Value& item : fields_.list(member.value, "authorities")) {
        ExternalAuthority authority;
        authority.span = item.span;
        for (const Member& key : fields_.mapping(item, "trust.authorities[]")) {
          if (key.name == "ca") authority.ca_file = fields_.path(key.value, "ca").value_or("");
          if (key.name == "crl") authority.crl_file = fields_.path(key.value, "crl").value_or("");
        }
        require(item, {"ca"}, "the authority");
        for (const std::string* file : {&authority.ca_file, &authority.crl_file})
          if (!file->empty() && !files.insert(*file).second)
            fields_.error(item.span, "the file `" + *file + "` stands twice",
                          "each CA and each revocation list has a file of its own");
        pipeline_.authorities.push_back(std::move(authority));
      }
      if (pipeline_.authorities.size() > kAuthoritiesMax)
        fields_.error(member.value.span,
                      "there are more than " + std::to_string(kAuthoritiesMax) + " authorities",
                      "remove some");
    }
  }

  void read_keys(const Value& value) {
    for (const Member& entry : fields_.named(value, "keys")) {
      check_name(entry, "key");
      KeySpec key = read_key(fields_, entry);
      require(entry.value, {"provider"}, "the key `" + entry.name + "`");
      pipeline_.keys.push_back(std::move(key));
    }
  }

  void check_name(const Member& entry, const std::string& what) {
    if (!is_name(entry.name))
      fields_.error(entry.span, "`" + entry.name + "` cannot name a " + what,
                    "1 to 63 letters, digits, `.`, `_` and `-`, beginning with a letter or digit");
  }

  // --- nodes

  void read_nodes(const Value& value) {
    for (const Member& entry : fields_.named(value, "nodes")) {
      check_name(entry, "node");
      const auto& members = fields_.mapping(entry.value, "nodes.*");
      require(entry.value, {"kind"}, "the node `" + entry.name + "`");
      const Value* kind_value = entry.value.find("kind");
      const auto kind = kind_value != nullptr ? read_kind(*kind_value) : std::nullopt;
      if (!kind) {
        broken_nodes_.insert(entry.name);
        continue;
      }
      if (*kind == NodeKind::Device)
        require(entry.value, {"things"}, "the device node `" + entry.name + "`");
      if (*kind == NodeKind::Gateway)
        require(entry.value, {"journal"}, "the gateway `" + entry.name + "`");
      Node node;
      node.name = entry.name;
      node.kind = *kind;
      node.span = entry.span;
      for (const Member& member : members) read_node_key(member, node);
      pipeline_.nodes.push_back(std::move(node));
    }
  }

  std::optional<NodeKind> read_kind(const Value& value) {
    const auto word = fields_.choice(
        value, "kind",
        {.now = {"device", "gateway", "store", "consumer"}, .later = {"stream", "processing"}});
    if (!word) return std::nullopt;
    for (NodeKind kind : {NodeKind::Device, NodeKind::Gateway, NodeKind::Store, NodeKind::Consumer})
      if (to_string(kind) == *word) return kind;
    return std::nullopt;
  }

  static bool belongs(std::string_view key, NodeKind kind) {
    if (key == "kind") return true;
    if (key == "things") return kind == NodeKind::Device;
    if (key == "journal") return kind == NodeKind::Gateway;
    if (key == "address" || key == "listen")
      return kind == NodeKind::Gateway || kind == NodeKind::Store;
    return kind == NodeKind::Store;
  }

  void read_node_key(const Member& member, Node& node) {
    const Value& value = member.value;
    if (member.name == "kind" || member.name == "observe") return;
    const auto& keys = std::ranges::find(mapping_rules(), "nodes.*", &MappingRule::path)->keys;
    if (std::ranges::find(keys, member.name) == keys.end()) return;  // reported already
    if (!belongs(member.name, node.kind))
      return fields_.error(
          member.span, "a " + std::string(to_string(node.kind)) + " has no `" + member.name + "`",
          "remove it, or give it to a node of another kind");
    if (member.name == "things") {
      node.things_file = fields_.path(value, "things").value_or("");
    } else if (member.name == "address") {
      read_address(value, node);
    } else if (member.name == "listen") {
      for (const Value& item : fields_.list(value, "listen")) read_listener(item, node);
    } else if (member.name == "journal") {
      for (const Member& entry : fields_.mapping(value, "nodes.*.journal"))
        if (entry.name == "seal") node.journal_key = read_key_reference(entry.value);
      require(value, {"seal"}, "`journal`");
    } else if (member.name == "on") {
      (void)fields_.choice(value, "on",
                           {.now = {"local"}, .later = {"aws.s3", "azure.blob", "gcp.storage"}});
    } else if (member.name == "bundle") {
      (void)fields_.choice(value, "bundle", {.now = {"webdataset"}, .later = {"ndjson"}});
    } else {
      read_bundle_limit(member, node.bundle_limits);
    }
  }

  void read_bundle_limit(const Member& member, BundleLimits& limits) {
    if (member.name == "max_records") {
      limits.max_records =
          fields_.integer(member.value, "max_records", {1, 1'000'000}).value_or(limits.max_records);
    } else if (member.name == "max_bytes") {
      limits.max_bytes =
          fields_.integer(member.value, "max_bytes", {1, 256u << 20}).value_or(limits.max_bytes);
    } else if (const auto age = fields_.duration(member.value, "max_age")) {
      limits.max_age = *age;
    }
  }

  void read_address(const Value& value, Node& node) {
    const auto host = fields_.text(value, "address");
    if (!host) return;
    if (host->contains("://"))
      return fields_.error(value.span, "`address` is a host without a scheme",
                           "the listener names the protocol, which is always over TLS");
    if (!is_host(*host))
      return fields_.error(value.span, "`" + *host + "` is not a host name or an IP address",
                           "as in `edge.example.org` or `10.0.0.7`");
    node.address = *host;
  }

  void read_listener(const Value& value, Node& node) {
    constexpr std::array<std::string_view, 5> kPlaintext = {"http", "mqtt-plain", "mqtt_plain",
                                                            "tcp", "ws"};
    if (value.object() == nullptr)
      return fields_.error(value.span, "a listener is a mapping",
                           "write `{ mqtt: 8883 }` or `{ https: 8443 }`");
    for (const Member& member : *value.object())
      if (std::ranges::find(kPlaintext, member.name) != kPlaintext.end()) {
        fields_.error(member.span, "`" + member.name + "` is a plaintext protocol",
                      "write `mqtt` or `https`: both are over TLS");
        return;
      }
    std::vector<Listener> read;
    for (const Member& member : fields_.mapping(value, "nodes.*.listen[]")) {
      if (member.name == "profile") {
        (void)fields_.choice(member.value, "profile", {.now = {"aws-iot-core"}, .later = {}});
        continue;
      }
      if (member.name != "mqtt" && member.name != "https") continue;
      const auto protocol =
          member.name == "mqtt" ? ListenerProtocol::Mqtt : ListenerProtocol::Https;
      if (node.kind == NodeKind::Gateway && protocol == ListenerProtocol::Https)
        fields_.later(member.span, "an `https` listener on a gateway");
      if (node.kind == NodeKind::Store && protocol == ListenerProtocol::Mqtt)
        fields_.error(member.span, "a store does not listen for mqtt", "write `https`");
      const auto port = fields_.integer(member.value, member.name, {0, 65'535});
      if (port) read.push_back({protocol, static_cast<std::uint16_t>(*port), member.span});
    }
    if (value.find("mqtt") == nullptr && value.find("https") == nullptr)
      fields_.error(value.span, "the listener names no protocol",
                    "write `{ mqtt: 8883 }` or `{ https: 8443 }`");
    if (value.find("mqtt") != nullptr && value.find("https") != nullptr)
      return fields_.error(value.span, "a listener has one protocol", "write two listeners");
    if (value.find("profile") != nullptr && value.find("https") != nullptr)
      fields_.error(value.find("profile")->span, "an `https` listener has no `profile`",
                    "remove it");
    for (const Listener& listener : read) {
      if (node.listener(listener.protocol) != nullptr)
        fields_.error(listener.span,
                      "the node has two `" + std::string(listener.name()) + "` listeners",
                      "keep one");
      else
        node.listen.push_back(listener);
    }
  }

  // The name of a key that `keys` must have; checked when all keys are read.
  std::string read_key_reference(const Value& value) {
    auto name = fields_.text(value, "seal");
    if (!name) return {};
    key_references_.push_back({*name, value.span});
    return *name;
  }

  // --- hops

  void read_hops(const Value& value) {
    for (const Value& item : fields_.list(value, "hops")) {
      Hop hop;
      hop.span = item.span;
      hop.floor = pipeline_.transit;
      const auto& members = fields_.mapping(item, "hops[]");
      require(item, {"from", "to", "over"}, "the hop");
      for (const Member& member : members) read_hop_key(member, hop);
      const Value* over = item.find("over");
      hops_.push_back({std::move(hop), &item, over});
    }
  }

  struct ReadHop {
    Hop hop;
    const Value* value;
    const Value* over;
  };

  void read_hop_key(const Member& member, Hop& hop) {
    const Value& value = member.value;
    if (member.name == "from")
      hop.from = fields_.text(value, "from").value_or("");
    else if (member.name == "to")
      hop.to = fields_.text(value, "to").value_or("");
    else if (member.name == "over")
      read_over(value, hop);
    else if (member.name == "policy")
      hop.policy_file = fields_.path(value, "policy").value_or("");
    else if (member.name == "key")
      read_partition_key(value);
    else if (member.name == "ack")
      (void)fields_.choice(value, "ack", {.now = {"durable"}, .later = {"accepted", "delivered"}});
    else if (member.name == "seal")
      hop.seal = read_key_reference(value);
    else if (member.name == "min_tls")
      read_hop_floor(value, hop);
    else if (member.name == "post_quantum")
      read_hop_post_quantum(value, hop);
  }

  void read_over(const Value& value, Hop& hop) {
    constexpr std::array<std::string_view, 9> kPlaintext = {
        "http", "tcp", "udp", "ftp", "ws", "plaintext", "mqtt-plain", "plain", "telnet"};
    const std::string* word = value.text();
    if (word != nullptr &&
        (std::ranges::find(kPlaintext, *word) != kPlaintext.end() || word->starts_with("http://") ||
         word->starts_with("mqtt://") || word->starts_with("tcp://")))
      return fields_.error(value.span, "`" + *word + "` is plaintext",
                           "write `mqtt` or `s3`: both are over TLS");
    const auto chosen = fields_.choice(
        value, "over",
        {.now = {"mqtt", "s3"},
         .later = {"https", "kinesis", "kafka", "event-hubs", "pubsub", "blob", "gcs"}});
    if (chosen) hop.over = *chosen == "mqtt" ? HopProtocol::Mqtt : HopProtocol::S3;
  }

  void read_partition_key(const Value& value) {
    const auto word = fields_.text(value, "key");
    if (word && *word != kPartitionKey)
      fields_.later(value.span, "a `key` other than \"${thing}\"");
  }

  void read_hop_floor(const Value& value, Hop& hop) {
    const auto version = read_tls(value, "min_tls");
    if (!version) return;
    if (*version < pipeline_.transit.min_tls)
      return fields_.error(value.span, "a hop's floor cannot be lower than that of `transit`",
                           "to accept less for one hop until a day, add it to `accept`");
    hop.floor.min_tls = *version;
  }

  void read_hop_post_quantum(const Value& value, Hop& hop) {
    const std::size_t before = fields_.errors();
    const PostQuantum chosen = read_post_quantum(value);
    if (fields_.errors() != before) return;
    if (chosen == PostQuantum::Off && pipeline_.transit.post_quantum == PostQuantum::Prefer)
      return fields_.error(value.span, "a hop cannot ask for less than `transit`",
                           "remove it, or lower `transit`");
    hop.floor.post_quantum = chosen;
  }

  void check_hops() {
    for (const auto& [name, span] : key_references_) {
      if (pipeline_.find_key(name) != nullptr) continue;
      std::vector<std::string> names;
      for (const KeySpec& key : pipeline_.keys) names.push_back(key.name);
      const auto near = nearest(name, names);
      fields_.error(span, "there is no key `" + name + "`",
                    near ? "did you mean `" + *near + "`?" : "add it to `keys`");
    }
    std::set<std::pair<std::string, std::string>> seen;
    std::set<std::string> data_sets;
    for (ReadHop& read : hops_) {
      const Hop& hop = read.hop;
      const Node* from = find_end(*read.value, "from", hop.from);
      const Node* to = find_end(*read.value, "to", hop.to);
      if (!hop.from.empty() && !seen.insert({hop.from, hop.to}).second)
        fields_.error(hop.span, "the hop `" + hop.name() + "` stands twice", "keep one");
      if (from != nullptr && to != nullptr && read.over != nullptr)
        check_route(read, *from, *to, data_sets);
      pipeline_.hops.push_back(hop);
    }
  }

  const Node* find_end(const Value& hop, const char* key, const std::string& name) {
    const Value* value = hop.find(key);
    if (value == nullptr || name.empty() || broken_nodes_.contains(name)) return nullptr;
    const Node* node = pipeline_.find_node(name);
    if (node == nullptr) {
      std::vector<std::string> names;
      for (const Node& n : pipeline_.nodes) names.push_back(n.name);
      const auto near = nearest(name, names);
      fields_.error(value->span, "there is no node `" + name + "`",
                    near ? "did you mean `" + *near + "`?" : "add it to `nodes`");
    }
    return node;
  }

  void check_route(const ReadHop& read, const Node& from, const Node& to,
                   std::set<std::string>& data_sets) {
    const Hop& hop = read.hop;
    const bool to_gateway = from.kind == NodeKind::Device && to.kind == NodeKind::Gateway;
    const bool to_store = from.kind == NodeKind::Gateway && to.kind == NodeKind::Store;
    const bool to_consumer = from.kind == NodeKind::Store && to.kind == NodeKind::Consumer;
    if (!to_gateway && !to_store && !to_consumer)
      return fields_.later(hop.span, "a hop from a " + std::string(to_string(from.kind)) +
                                         " to a " + std::string(to_string(to.kind)));
    const HopProtocol wanted = to_gateway ? HopProtocol::Mqtt : HopProtocol::S3;
    if (hop.over != wanted)
      return fields_.error(
          read.over->span, "this hop is over `" + std::string(to_string(wanted)) + "`",
          "a device speaks mqtt to a gateway; a store is written and read over s3");
    keys_belong(
        *read.value,
        to_gateway ? std::vector<const char*>{"policy", "key", "ack"} : std::vector<const char*>{},
        to_store ? std::vector<const char*>{"seal"} : std::vector<const char*>{});
    if (to_gateway) require(*read.value, {"policy"}, "the hop `" + hop.name() + "`");
    if (to_store) {
      require(*read.value, {"seal"}, "the hop `" + hop.name() + "`");
      if (!hop.seal.empty() && !data_sets.insert(hop.seal).second)
        fields_.later(hop.span, "a second writer of the data set `" + hop.seal + "`");
      if (!hop.seal.empty() && hop.seal == from.journal_key)
        fields_.error(
            read.value->find("seal")->span, "the journal and the data set have the same key",
            "give them different keys: who reads the store must not be able to open the journal");
      if (!writers_.insert(from.name).second)
        fields_.later(hop.span, "a second store of one gateway");
    }
    const Node& server = to_consumer ? from : to;
    if (server.listener(listener_of(hop.over)) == nullptr &&
        listener_faults_.insert(server.name).second)
      fields_.error(
          server.span, "`" + server.name + "` has no listener for `" + hop.name() + "`",
          "add `listen: [ { " + std::string(to_string(listener_of(hop.over))) + ": 0 } ]`");
  }

  void keys_belong(const Value& hop, const std::vector<const char*>& mqtt,
                   const std::vector<const char*>& store) {
    for (const char* key : {"policy", "key", "ack", "seal"}) {
      const Value* value = hop.find(key);
      const auto is_key = [&](const char* k) { return std::string_view(k) == key; };
      if (value != nullptr && std::ranges::none_of(mqtt, is_key) &&
          std::ranges::none_of(store, is_key))
        fields_.error(value->span, std::string("this hop has no `") + key + "`",
                      std::string_view(key) == "seal"
                          ? "the gateway seals what it writes to a store"
                          : "it belongs to the hop from a device to a gateway");
    }
  }

  void check_nodes() {
    std::map<std::pair<std::string, std::uint16_t>, std::string> ports;
    for (const Node& node : pipeline_.nodes) {
      for (const Listener& listener : node.listen) {
        if (listener.port == 0) continue;
        const auto [at, added] = ports.try_emplace({node.address, listener.port}, node.name);
        if (!added)
          fields_.error(
              listener.span,
              "the port " + std::to_string(listener.port) + " is taken by `" + at->second + "`",
              "give one of them another port, or another `address`");
      }
    }
    for (const KeySpec& key : pipeline_.keys) {
      const bool used =
          std::ranges::any_of(key_references_, [&](const auto& r) { return r.first == key.name; });
      if (!used)
        fields_.warn(key.span, "the key `" + key.name + "` is not used",
                     "remove it, or `seal` something with it");
    }
  }

  // --- accept

  void read_accept(const Value& value) {
    for (const Value& item : fields_.list(value, "accept")) {
      Acceptance accepted;
      accepted.span = item.span;
      const auto& members = fields_.mapping(item, "accept[]");
      require(item, {"hop", "floor", "because", "until"}, "the entry");
      bool complete = item.object() != nullptr;
      for (const Member& member : members) {
        if (member.name == "hop") {
          const auto name = fields_.text(member.value, "hop");
          const std::size_t arrow = name ? name->find("->") : std::string::npos;
          if (name && arrow == std::string::npos)
            fields_.error(member.value.span, "`hop` names a hop", "as in `edge->lake`");
          if (arrow != std::string::npos) {
            accepted.from = name->substr(0, arrow);
            accepted.to = name->substr(arrow + 2);
          }
          accepted.span = member.value.span;
        } else if (member.name == "floor") {
          const auto version = read_tls(member.value, "floor");
          complete = complete && version;
          accepted.min_tls = version.value_or(TlsVersion::Tls13);
        } else if (member.name == "because") {
          accepted.because = fields_.text(member.value, "because").value_or("");
        } else if (member.name == "until") {
          const auto day = fields_.day(member.value, "until");
          if (day) accepted.until = *day;
        }
      }
      if (complete && !accepted.from.empty()) pipeline_.accept.push_back(std::move(accepted));
    }
  }

  void check_accept() {
    std::set<std::string> seen;
    for (const Acceptance& accepted : pipeline_.accept) {
      const Hop* hop = pipeline_.find_hop(accepted.from, accepted.to);
      const std::string name = accepted.from + "->" + accepted.to;
      if (hop == nullptr)
        fields_.error(accepted.span, "there is no hop `" + name + "`",
                      "write `from->to` as one of `hops` has them");
      else if (accepted.min_tls >= hop->floor.min_tls)
        fields_.error(accepted.span,
                      "the floor accepted for `" + name + "` is not lower than the hop's own",
                      "remove the entry");
      if (!seen.insert(name).second)
        fields_.error(accepted.span, "the hop `" + name + "` is accepted twice", "keep one");
    }
  }

  Fields fields_;
  Pipeline pipeline_;
  std::vector<ReadHop> hops_;
  std::vector<std::pair<std::string, SourceSpan>> key_references_;
  std::set<std::string> broken_nodes_;
  std::set<std::string> listener_faults_;
  std::set<std::string> writers_;
};

}  // namespace

Parsed<Pipeline> load_pipeline(std::string_view text, const std::string& file) {
  auto parsed = yaml::parse(text, {.file = file});
  if (!parsed.value) {
    Parsed<Pipeline> out;
    out.diagnostics = std::move(parsed.diagnostics);
    return out;
  }
  auto out = Loader().run(*parsed.value);
  std::ranges::sort(out.diagnostics, [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.span.line, a.span.column) < std::pair(b.span.line, b.span.column);
  });
  return out;
}

std::vector<std::string> known_keys() {
  std::vector<std::string> out;
  for (const MappingRule& rule : mapping_rules()) {
    const std::string prefix = rule.path.empty() ? "" : std::string(rule.path) + ".";
    for (const auto* keys : {&rule.keys, &rule.later_keys})
      for (std::string_view key : *keys) out.push_back(prefix + std::string(key));
  }
  return out;
}

}  // namespace sealane::pipeline
