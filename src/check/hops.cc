// SPDX-License-Identifier: Apache-2.0
#include "check/hops.h"

#include <algorithm>
#include <numeric>

#include "check/verdict_internal.h"

namespace sealane::check {
namespace {

using pipeline::Finding;

class Hops {
 public:
  explicit Hops(const Context& context) : context_(context) {}
  std::vector<Finding> all();

 private:
  void collect();
  void server_hops();
  void client_hops();
  void client_hop(const OneSide& client, const OneSide* server, std::uint32_t met);
  void add(Finding finding, const HopEnds& ends);
  const std::string& address(std::uint32_t resource) const {
    return context_.names.at(resource).address;
  }

  const Context& context_;
  std::vector<OneSide> servers_;
  std::vector<OneSide> clients_;
  std::multimap<std::uint32_t, std::size_t> servers_of_;  // by resource
  std::vector<Finding> findings_;
};

void Hops::collect() {
  for (std::uint32_t i = 0; i < context_.system.resources.size(); ++i) {
    if (context_.names.at(i).data_source) continue;
    for (OneSide& side : sides_of(context_, i)) {
      const bool server = side.controls.front().row->side == Side::Server;
      (server ? servers_ : clients_).push_back(std::move(side));
    }
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) servers_of_.emplace(servers_[i].resource, i);
}

void Hops::add(Finding finding, const HopEnds& ends) {
  judge_hop(context_, ends, finding);
  const OneSide& side = ends.client != nullptr ? *ends.client : *ends.server;
  const iac::Resource& resource = context_.names.at(side.resource);
  if (finding.location.file.empty()) finding.location = context_.system.at(resource.place);
  if (resource.conditional)
    finding.notes.push_back("the input does not tell whether `" + resource.address +
                            "` will be there");
  findings_.push_back(std::move(finding));
}

void Hops::server_hops() {
  for (const OneSide& server : servers_) {
    Finding finding;
    const Row& row = *server.controls.front().row;
    const bool generic = server.hop == "clients";
    finding.from = !row.from.empty() ? row.from : generic ? "clients" : address(server.resource);
    finding.to = address(server.resource) + server.element;
    finding.id = finding.from + "->" + finding.to + (generic ? "" : "#" + server.hop);
    add(std::move(finding), {.client = nullptr, .server = &server});
  }
}

void Hops::client_hop(const OneSide& client, const OneSide* server, std::uint32_t met) {
  Finding finding;
  finding.from = address(client.resource);
  finding.to = client.met.empty() ? client.label : address(met);
  if (server != nullptr) finding.to += server->element;
  if (client.to->reads) std::swap(finding.from, finding.to);
  finding.id = finding.from + "->" + finding.to + "#" + client.hop + client.element;
  add(std::move(finding), {.client = &client, .server = server});
}

void Hops::client_hops() {
  for (const OneSide& client : clients_) {
    if (client.met.empty()) client_hop(client, nullptr, 0);
    for (const std::uint32_t met : client.met) {
      bool found = false;
      const auto [begin, end] = servers_of_.equal_range(met);
      for (auto one = begin; one != end; ++one) {
        const OneSide& server = servers_[one->second];
        if (server.hop != client.to->hop) continue;
        found = true;
        client_hop(client, &server, met);
      }
      if (!found) client_hop(client, nullptr, met);
    }
  }
}

std::vector<Finding> Hops::all() {
  collect();
  server_hops();
  client_hops();
  std::vector<std::size_t> order(findings_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {},
                    [&](std::size_t i) { return std::pair(std::string_view(findings_[i].id), i); });
  std::vector<Finding> out;
  for (const std::size_t i : order) out.push_back(std::move(findings_[i]));
  // Two of one name, such as resources of two files: told apart by their order.
  std::size_t same = 0;
  for (std::size_t i = 1; i < out.size(); ++i) {
    const std::string& first = out[i - 1 - same].id;
    same = out[i].id == first ? same + 1 : 0;
    if (same > 0) out[i].id += "~" + std::to_string(same + 1);
  }
  return out;
}

}  // namespace

std::vector<Finding> judge(const iac::System& system, const Rows& rows,
                           const policy::Catalogue& catalogue, const Prover& prove,
                           const Options& options) {
  const Names names(system);
  iac::Arena arena;
  const Context context{system, rows, catalogue, prove, options, names, arena};
  return Hops(context).all();
}

}  // namespace sealane::check
