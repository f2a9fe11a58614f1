// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "check/verdict_internal.h"

namespace sealane::check {
namespace {

using pipeline::Basis;
using pipeline::Verdict;

enum class Plaintext : std::uint8_t { Impossible, Unknown, Possible };

bool lets_plaintext(const Control& control) {
  return control.effect.transport == Transport::Either ||
         control.effect.transport == Transport::Plaintext;
}

// What one side's controls say together: each of them limits what the side takes.
struct Together {
  bool is_there = false;
  bool carries = true;
  bool unverified = false;
  Plaintext plaintext = Plaintext::Possible;
  Tls least = Tls::Unsaid;     // the highest of what is known
  bool least_unknown = false;  // some control may say more
  Tls most = Tls::Unsaid;      // the service cannot be held to more
  bool not_enforceable = false;
};

Together together(const OneSide* side) {
  Together out;
  if (side == nullptr) return out;
  out.is_there = true;
  bool closes = false;
  bool unknown = false;
  bool said = false;
  for (const Control& control : side->controls) {
    switch (control.effect.transport) {
      case Transport::None: out.carries = false; break;
      case Transport::Unknown:
        unknown = true;
        out.least_unknown = true;
        break;
      case Transport::TlsUnverified: out.unverified = true; [[fallthrough]];
      case Transport::Tls: closes = true; break;
      case Transport::Either:
      case Transport::Plaintext: said = true; break;
      case Transport::Unsaid: break;
    }
    if (control.effect.min_tls == Tls::Verify)
      out.least_unknown = true;
    else
      out.least = std::max(out.least, control.effect.min_tls);
    if (control.row->floor_max != Tls::Unsaid) out.most = control.row->floor_max;
    out.not_enforceable = out.not_enforceable || control.row->not_enforceable;
  }
  if (closes)
    out.plaintext = Plaintext::Impossible;
  else if (unknown || !said)
    out.plaintext = Plaintext::Unknown;
  return out;
}

// Worst first: what a sentence should be about.
const Control* find(const OneSide* side, bool (*is)(const Control&)) {
  if (side == nullptr) return nullptr;
  const auto found = std::ranges::find_if(side->controls, is);
  return found == side->controls.end() ? nullptr : &*found;
}

Basis basis_of(const OneSide& side) {
  constexpr std::array kOrder = {Basis::Inherent,      Basis::DenyPolicy, Basis::OrgGuard,
                                 Basis::Configuration, Basis::ClientDuty, Basis::Gateway};
  for (const Basis basis : kOrder)
    for (const Control& control : side.controls)
      if (control.closes() && control.basis == basis) return basis;
  return Basis::None;
}

class Judgement {
 public:
  Judgement(const Context& context, const HopEnds& ends, pipeline::Finding& finding)
      : context_(context),
        ends_(ends),
        finding_(finding),
        client_(together(ends.client)),
        server_(together(ends.server)) {}

  void decide();
  void describe();

 private:
  void open(std::string code, const Control* because, std::string words);
  void unknown(std::string code, const Control* because, std::string words);
  void green();
  bool floor();
  void take_facts();
  const Control* unknown_control() const;

  const Context& context_;
  const HopEnds& ends_;
  pipeline::Finding& finding_;
  Together client_;
  Together server_;
  std::vector<const Control*> deciding_;
};

const Control* Judgement::unknown_control() const {
  const auto is = [](const Control& one) { return one.effect.transport == Transport::Unknown; };
  const auto weak = [](const Control& one) { return one.effect.min_tls == Tls::Verify; };
  for (const auto& [side, state] :
       {std::pair{ends_.client, &client_}, std::pair{ends_.server, &server_}})
    if (state->plaintext != Plaintext::Impossible)
      if (const Control* found = find(side, is)) return found;
  for (const OneSide* side : {ends_.client, ends_.server}) {
    if (const Control* found = find(side, is)) return found;
    if (const Control* found = find(side, weak)) return found;
  }
  return nullptr;
}

void Judgement::open(std::string code, const Control* because, std::string words) {
  finding_.verdict = Verdict::Open;
  finding_.basis = Basis::None;
  finding_.code = std::move(code);
  finding_.reason = std::move(words);
  if (because != nullptr) deciding_.push_back(because);
}

void Judgement::unknown(std::string code, const Control* because, std::string words) {
  finding_.verdict = Verdict::Unknown;
  finding_.basis = Basis::None;
  finding_.code = because != nullptr && !because->code.empty() ? because->code : std::move(code);
  finding_.reason = std::move(words);
  if (because != nullptr) {
    deciding_.push_back(because);
    if (!because->effect.says.empty()) finding_.reason = because->effect.says;
  }
}

// True when the least version that can be is at or over the floor.
bool Judgement::floor() {
  const Tls floor = context_.options.min_tls;
  const Tls least = std::max(client_.least, server_.least);
  if (least != Tls::Unsaid) finding_.min_tls = std::string(to_string(least));
  if (least >= floor) return true;
  const bool may_be_more = client_.least_unknown || server_.least_unknown;
  const std::string wanted = "TLS " + std::string(to_string(floor));
  if (may_be_more) {
    unknown("version-not-known", unknown_control(),
            "plaintext is impossible, and it cannot be told whether " + wanted +
                " is the least version");
    return false;
  }
  if (least == Tls::Unsaid) {
    if (!context_.options.floor_asked) {
      finding_.notes.push_back(
          "the input does not tell the least TLS version; plaintext alone was judged");
      return true;
    }
    unknown(
        "version-not-known", nullptr,
        "plaintext is impossible, and nothing says whether " + wanted + " is the least version");
    return false;
  }
  const Control* because = nullptr;
  for (const OneSide* side : {ends_.server, ends_.client})
    if (side != nullptr)
      for (const Control& control : side->controls)
        if (control.effect.min_tls == least && (because == nullptr || lets_plaintext(*because)))
          because = &control;
  const auto ends_below = [&](const Together& side) {
    return !side.is_there || (side.most != Tls::Unsaid && side.most < floor);
  };
  const bool cannot = ends_below(client_) && ends_below(server_);
  open(cannot ? "not-enforceable" : "below-floor", because,
       "TLS " + std::string(to_string(least)) + " is taken, below the floor of " +
           std::string(to_string(floor)) +
           (cannot ? ", and the service has no setting for more" : "") +
           (because != nullptr && !lets_plaintext(*because) && !because->effect.says.empty()
                ? ": " + because->effect.says
                : ""));
  return false;
}

void Judgement::green() {
  const Tls floor = context_.options.min_tls;
  Basis basis = Basis::None;
  for (const OneSide* side : {ends_.server, ends_.client}) {
    if (side == nullptr) continue;
    const Basis here = basis_of(*side);
    if (here == Basis::None) continue;
    if (basis == Basis::None || basis == Basis::Inherent) basis = here;
  }
  bool floor_inherent = false;
  Tls closing = Tls::Unsaid;  // what those that close give by themselves
  for (const OneSide* side : {ends_.server, ends_.client})
    if (side != nullptr)
      for (const Control& control : side->controls)
        if (control.closes() && control.effect.min_tls != Tls::Verify)
          closing = std::max(closing, control.effect.min_tls);
  const Control* floor_by = nullptr;
  for (const OneSide* side : {ends_.server, ends_.client}) {
    if (side == nullptr) continue;
    for (const Control& control : side->controls) {
      const Tls here = control.effect.min_tls;
      const bool gives = here != Tls::Unsaid && here != Tls::Verify && here >= floor &&
                         (control.closes() || closing < floor);
      if (control.closes() || gives) deciding_.push_back(&control);
      if (!gives) continue;
      floor_inherent = floor_inherent || control.basis == Basis::Inherent;
      if (floor_by == nullptr) floor_by = &control;
    }
  }
  if (basis == Basis::Inherent && floor_by != nullptr && !floor_inherent) basis = floor_by->basis;
  finding_.verdict = basis == Basis::Inherent ? Verdict::Inherent : Verdict::Enforced;
  finding_.basis = basis;
  std::string words;
  std::vector<std::string> said;
  for (const Control* control : deciding_) {
    if (control->basis != basis && control != floor_by) continue;
    // It gives the version alone: what it says is about plaintext.
    if (lets_plaintext(*control)) continue;
    if (control->effect.says.empty() || std::ranges::find(said, control->effect.says) != said.end())
      continue;
    said.push_back(control->effect.says);
    words += (words.empty() ? "" : "; ") + control->effect.says;
    if (said.size() == 2) break;
  }
  finding_.reason = words.empty() ? "plaintext is impossible" : words;
}

void Judgement::decide() {
  const auto none = [](const Control& one) { return one.effect.transport == Transport::None; };
  if (!client_.carries || !server_.carries) {
    const Control* because = find(ends_.client, none);
    if (because == nullptr) because = find(ends_.server, none);
    finding_.verdict = Verdict::NotApplicable;
    finding_.basis = Basis::None;
    finding_.reason = because->effect.says;
    deciding_.push_back(because);
    return;
  }
  const bool closed =
      client_.plaintext == Plaintext::Impossible || server_.plaintext == Plaintext::Impossible;
  if (!closed) {
    const bool not_known = (client_.is_there && client_.plaintext == Plaintext::Unknown) ||
                           (server_.is_there && server_.plaintext == Plaintext::Unknown);
    if (not_known)
      return unknown("not-known", unknown_control(), "the input does not tell what is spoken");
    const Control* because = find(ends_.client, lets_plaintext);
    const Control* server = find(ends_.server, lets_plaintext);
    // A policy that does not close says with which request.
    const auto policy = [](const Control& one) {
      return one.row->reading == Reading::Policy && one.effect.transport == Transport::Unsaid;
    };
    if (because == nullptr) because = server;
    std::string words = because == nullptr ? "plaintext is possible" : because->effect.says;
    if (const Control* said = find(ends_.server, policy)) {
      words = said->effect.says;
      deciding_.push_back(said);
    }
    const bool cannot =
        server_.is_there ? server_.not_enforceable && (!client_.is_there || client_.not_enforceable)
                         : client_.not_enforceable;
    return open(cannot ? "not-enforceable" : "plaintext", because, std::move(words));
  }
  if (client_.unverified) {
    const auto unverified = [](const Control& one) {
      return one.effect.transport == Transport::TlsUnverified;
    };
    const Control* because = find(ends_.client, unverified);
    return open(client_.not_enforceable ? "not-enforceable" : "unverified-peer", because,
                because->effect.says);
  }
  if (floor()) green();
}

void Judgement::take_facts() {
  // What closes is the place to look at, not what only gives the version.
  const auto closing =
      std::ranges::find_if(deciding_, [](const Control* one) { return one->closes(); });
  const Control* first = closing != deciding_.end() ? *closing
                         : deciding_.empty()        ? nullptr
                                                    : deciding_.front();
  if (finding_.verdict == Verdict::Open && !deciding_.empty()) first = deciding_.front();
  const auto rank = [&](const Control& control) {
    if (&control == first) return 0;
    return std::ranges::find(deciding_, &control) != deciding_.end() ? 1 : 2;
  };
  for (const int wanted : {0, 1, 2})
    for (const OneSide* side : {ends_.client, ends_.server}) {
      if (side == nullptr) continue;
      for (const Control& control : side->controls) {
        if (rank(control) != wanted) continue;
        for (pipeline::Fact fact : control.facts) {
          fact.decides = wanted < 2;
          fact.row = control.row->id;
          finding_.facts.push_back(std::move(fact));
        }
      }
    }
}

void add_new(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const std::string& one : from)
    if (!one.empty() && std::ranges::find(to, one) == to.end()) to.push_back(one);
}

void Judgement::describe() {
  take_facts();
  finding_.location = finding_.facts.empty() ? SourceSpan{} : finding_.facts.front().location;
  std::string declared;
  for (const OneSide* side : {ends_.client, ends_.server}) {
    if (side == nullptr) continue;
    for (const Control& control : side->controls) {
      add_new(finding_.controls, control.row->controls);
      add_new(finding_.equivalents, control.row->equivalents);
      add_new(finding_.citations, {context_.rows.citation(control.row->cite)});
      add_new(finding_.notes, control.notes);
      if (!control.proven.empty())
        finding_.evidence.push_back(
            {pipeline::EvidenceClass::Proven, std::nullopt, control.proven});
    }
  }
  for (const Control* control : deciding_)
    if (declared.empty()) declared = control->effect.says;
  if (finding_.verdict != Verdict::Unknown && !declared.empty())
    finding_.evidence.insert(finding_.evidence.begin(),
                             {pipeline::EvidenceClass::Declared, std::nullopt, declared});
  if (finding_.verdict != Verdict::Open && finding_.verdict != Verdict::Unknown) return;
  // The row that decides knows the change; else any row of the hop that has one.
  std::vector<const Control*> from = deciding_;
  for (const OneSide* side : {ends_.server, ends_.client})
    if (side != nullptr)
      for (const Control& control : side->controls) from.push_back(&control);
  for (const Control* control : from) {
    if (!finding_.fix.empty()) break;
    const OneSide* side = ends_.client;
    if (ends_.server != nullptr)
      for (const Control& one : ends_.server->controls)
        if (&one == control) side = ends_.server;
    const auto fix = control->row->fix.find(context_.names.at(side->resource).dialect);
    if (fix != control->row->fix.end()) finding_.fix = fix->second;
  }
}

}  // namespace

void judge_hop(const Context& context, const HopEnds& ends, pipeline::Finding& finding) {
  Judgement judgement(context, ends, finding);
  judgement.decide();
  judgement.describe();
}

}  // namespace sealane::check
