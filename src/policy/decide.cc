// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "policy/decide_internal.h"
#include "policy/match_internal.h"

namespace sealane::policy {
namespace {

// Actions of AWS IoT Core that ask the IoT policy of an authenticated Cognito identity besides its
// role's.  Source: AWS IoT Core, "Authorization with Amazon Cognito identities".
constexpr std::array<std::string_view, 7> kDeviceActions = {
    "iot:connect",        "iot:publish",           "iot:subscribe",        "iot:receive",
    "iot:getthingshadow", "iot:updatethingshadow", "iot:deletethingshadow"};

}  // namespace

Standing standing_of(const Request& request, std::string_view lower_action) {
  Standing out;
  const Principal& who = request.principal;
  out.kind = who.kind;
  const bool has_identity = who.kind == PrincipalKind::User ||
                            who.kind == PrincipalKind::RoleSession ||
                            who.kind == PrincipalKind::FederatedUser;
  const bool is_device = who.kind == PrincipalKind::Device;
  using enum DocumentKind;
  out.set(Resource, true);
  out.set(Trust, true);
  out.set(Kms, true);
  out.set(VpcEndpoint, true);
  out.set(Identity, has_identity || is_device);
  out.set(Boundary, has_identity || is_device);
  out.set(Session, has_identity || is_device);
  out.set(IotDevice,
          is_device || (has_identity &&
                        std::ranges::find(kDeviceActions, lower_action) != kDeviceActions.end()));
  out.set(Scp, (has_identity || who.kind == PrincipalKind::Root) && !who.service_linked &&
                   !request.exemptions.principal_in_management_account);
  out.set(Rcp, !who.service_linked && !request.exemptions.resource_in_management_account &&
                   !request.exemptions.aws_managed_key &&
                   !request.exemptions.service_without_rcps && lower_action != "kms:retiregrant");
  return out;
}

// One request being decided.
class Deciding {
 public:
  Deciding(const Program& program, const Request& request)
      : program_(program), request_(request), matcher_(program, request) {}

  Decision run() {
    if (const Obstacle obstacle = matcher_.prepare(); obstacle != Obstacle::None)
      return not_evaluable(obstacle, std::nullopt);
    standing_ = standing_of(request_, matcher_.action());
    Candidates found = candidates(program_.index, matcher_.action());
    for (std::optional<std::uint32_t> index = found.next(); index; index = found.next()) {
      const CompiledStatement& statement = program_.statements[*index];
      if (statement.effect == Effect::Allow && deny_obstacle_ != Obstacle::None) break;
      if (!standing_.is_bound_by(statement.kind)) continue;
      if (!found.exact() && !matches_action(statement, matcher_.action())) continue;
      if (statement.effect == Effect::Deny) {
        if (denies(statement)) return finish(Outcome::ExplicitlyDenied, place_of(statement));
      } else {
        allow(statement);
      }
    }
    if (deny_obstacle_ != Obstacle::None) return not_evaluable(deny_obstacle_, deny_place_);
    return conclude();
  }

 private:
  using Place = Decision::Place;
  struct GateState {
    Truth truth;
    std::optional<Place> place;  // what made it true, or the first statement that cannot be told
  };

  static Place place_of(const CompiledStatement& statement) {
    return {statement.document, statement.statement};
  }

  Decision finish(Outcome outcome, std::optional<Place> place) {
    Decision out;
    out.outcome_ = outcome;
    out.decided_by_ = place;
    out.keys_read_ = matcher_.keys_read();
    out.keys_missing_ = matcher_.keys_missing();
    out.changes_at_ = matcher_.changes_at();
    out.account_assumed_ = account_assumed_;
    return out;
  }
  Decision not_evaluable(Obstacle obstacle, std::optional<Place> place) {
    Decision out = finish(Outcome::NotEvaluable, place);
    out.obstacle_ = obstacle;
    return out;
  }
  Decision implicitly_denied(Gate gate, std::uint32_t level = 0) {
    Decision out = finish(Outcome::ImplicitlyDenied, std::nullopt);
    out.gate_ = gate;
    out.gate_level_ = level;
    return out;
  }

  // INVARIANT: every Deny is considered before any Allow.
  bool denies(const CompiledStatement& statement) {
    Truth truth = matcher_.principal(statement).truth;
    if (!truth.is_false()) truth = both(truth, matcher_.rest(statement));
    if (truth.is_unknown() && deny_obstacle_ == Obstacle::None) {
      deny_obstacle_ = truth.obstacle;
      deny_place_ = place_of(statement);
    }
    return truth.is_true();
  }

  void allow(const CompiledStatement& statement) {
    if (statement.slot == static_cast<std::uint8_t>(Slot::Nothing)) return;
    if (statement.slot == static_cast<std::uint8_t>(Slot::Resource))
      return allow_by_resource(statement);
    GateState& gate = gates_[statement.slot];
    if (gate.truth.is_true() || matcher_.principal(statement).truth.is_false()) return;
    open(gate, statement, matcher_.rest(statement));
  }

  void allow_by_resource(const CompiledStatement& statement) {
    const PrincipalMatch who = matcher_.principal(statement);
    if (who.truth.is_false() || direct_.truth.is_true()) return;
    const Truth truth = matcher_.rest(statement);
    if (who.direct) open(direct_, statement, truth);
    if (who.by_session) open(by_session_, statement, truth);
    if (who.account_level) open(account_level_, statement, truth);
  }

  static void open(GateState& gate, const CompiledStatement& statement, Truth truth) {
    if (gate.truth.is_true() || truth.is_false()) return;
    if (gate.truth.is_unknown() && truth.is_unknown()) return;
    gate = {truth, place_of(statement)};
  }

  const GateState& gate(Slot slot) const { return gates_[static_cast<std::size_t>(slot)]; }
  bool applies(DocumentKind kind) const {
    return program_.has(kind) && standing_.is_bound_by(kind);
  }
  // A limiting gate: without documents it holds.
  GateState limit(Slot slot, DocumentKind kind) const {
    if (!applies(kind)) return {kTrue, std::nullopt};
    return gate(slot);
  }

  bool is_cross_account() {
    const std::string_view principal = request_.principal.account;
    // Callers of these kinds have no account; a user who has none is known by S3's name alone.
    if (principal.empty()) {
      account_assumed_ = standing_.kind == PrincipalKind::User;
      return false;
    }
    std::string_view owner = request_.resource_account;
    if (owner.empty()) owner = matcher_.resource_account();
    account_assumed_ = owner.empty() && request_.resource != "*";
    // `aws` owns the policies that AWS manages; everybody's identity policies speak of them.
    return !owner.empty() && owner != principal && owner != "aws";
  }

  // A gate and what it came to.
  struct Step {
    Gate gate;
    GateState state;
  };

  Decision conclude() {
    for (std::size_t i = 0; i < program_.scp_levels.size(); ++i) {
      if (!standing_.is_bound_by(DocumentKind::Scp)) break;
      const GateState& level = gates_[static_cast<std::size_t>(Slot::FirstScp) + i];
      if (level.truth.is_false()) return implicitly_denied(Gate::Scp, program_.scp_levels[i]);
      note_unknown(level);
    }
    const bool cross = is_cross_account();
    const Gate missing = cross ? across_accounts() : within_account();
    if (missing != Gate::None) return implicitly_denied(missing);
    const GateState endpoint = limit(Slot::VpcEndpoint, DocumentKind::VpcEndpoint);
    if (endpoint.truth.is_false()) return implicitly_denied(Gate::VpcEndpoint);
    note_unknown(endpoint);
    if (unknown_) return not_evaluable(unknown_->truth.obstacle, unknown_->place);
    return finish(Outcome::Allowed, granted_by_);
  }

  void note_unknown(const GateState& state) {
    if (state.truth.is_unknown() && !unknown_) unknown_ = state;
  }

  static bool is_granted_by_resources_alone(PrincipalKind kind) {
    return kind == PrincipalKind::Anonymous || kind == PrincipalKind::Service ||
           kind == PrincipalKind::WebIdentity || kind == PrincipalKind::Saml;
  }

  // The identity's own Allow.
  GateState identity() const {
    if (standing_.kind == PrincipalKind::Root) return {kTrue, std::nullopt};
    const GateState& identity = gate(Slot::Identity);
    const GateState& device = gate(Slot::Device);
    if (standing_.kind != PrincipalKind::Device) return identity;
    if (identity.truth.is_true()) return identity;
    return device.truth.is_false() ? identity : device;
  }

  // The gates behind an identity's Allow; None when all hold or cannot be told.
  Gate limits_of_identity(Truth& all) {
    const bool needs_session = standing_.kind == PrincipalKind::FederatedUser;
    GateState device = {kTrue, std::nullopt};
    if (standing_.kind != PrincipalKind::Device)
      device = limit(Slot::Device, DocumentKind::IotDevice);
    GateState session = limit(Slot::Session, DocumentKind::Session);
    if (needs_session && !program_.has(DocumentKind::Session)) session = {kFalse, std::nullopt};
    const std::array<Step, 3> steps = {
        Step{Gate::Device, device},
        Step{Gate::Boundary, limit(Slot::Boundary, DocumentKind::Boundary)},
        Step{Gate::Session, session}};
    for (const Step& step : steps) {
      if (step.state.truth.is_false()) return step.gate;
      all = both(all, step.state.truth);
      if (step.state.truth.is_unknown()) limit_unknown_ = limit_unknown_.value_or(step.state);
    }
    return Gate::None;
  }

  Gate across_accounts() {
    const GateState resource = better(better(direct_, by_session_), account_level_);
    if (resource.truth.is_false()) return Gate::Resource;
    const GateState own = identity();
    if (own.truth.is_false()) return Gate::Identity;
    Truth all = both(resource.truth, own.truth);
    if (const Gate missing = limits_of_identity(all); missing != Gate::None) return missing;
    note_unknown(resource);
    note_unknown(own);
    if (limit_unknown_) note_unknown(*limit_unknown_);
    granted_by_ = resource.place;
    return Gate::None;
  }

  static GateState better(const GateState& a, const GateState& b) {
    if (a.truth.is_true() || b.truth.is_false()) return a;
    if (b.truth.is_true() || a.truth.is_false()) return b;
    return a;
  }

  Gate within_account() {
    if (direct_.truth.is_true()) {
      granted_by_ = direct_.place;
      return Gate::None;
    }
    if (is_granted_by_resources_alone(standing_.kind)) {
      note_unknown(direct_);
      return direct_.truth.is_false() ? Gate::Resource : Gate::None;
    }
    // A trust policy or key policy must itself hand the account's identity policies their say.
    const bool strict = program_.has(DocumentKind::Trust) || program_.has(DocumentKind::Kms);
    GateState own = identity();
    Gate wanting = Gate::Identity;
    if (strict) {
      if (account_level_.truth.is_false()) {
        own = account_level_;
        wanting = Gate::Resource;
      } else if (!account_level_.truth.is_true() && own.truth.is_true()) {
        own = account_level_;
      }
    } else if (!program_.has(DocumentKind::Identity) && !program_.has(DocumentKind::IotDevice) &&
               program_.has(DocumentKind::Resource)) {
      wanting = Gate::Resource;
    }
    const GateState granted = better(by_session_, own);
    if (granted.truth.is_false()) {
      note_unknown(direct_);
      return direct_.truth.is_unknown() ? Gate::None : wanting;
    }
    Truth all = granted.truth;
    if (const Gate missing = limits_of_identity(all); missing != Gate::None) {
      note_unknown(direct_);
      return direct_.truth.is_unknown() ? Gate::None : missing;
    }
    if (all.is_unknown()) {
      note_unknown(granted);
      if (limit_unknown_) note_unknown(*limit_unknown_);
      note_unknown(direct_);
    }
    granted_by_ = granted.place;
    return Gate::None;
  }

  const Program& program_;
  const Request& request_;
  Matcher matcher_;
  Standing standing_;
  Obstacle deny_obstacle_ = Obstacle::None;
  std::optional<Place> deny_place_;
  std::array<GateState, kSlots> gates_{};
  GateState direct_;
  GateState by_session_;
  GateState account_level_;
  std::optional<GateState> unknown_;
  std::optional<GateState> limit_unknown_;
  std::optional<Place> granted_by_;
  bool account_assumed_ = false;
};

Decision decide(const CompiledPolicies& policies, const Request& request) {
  return Deciding(policies.program(), request).run();
}

bool decision_cacheable(const Decision& decision, const KeySet& constant_keys) {
  return !decision.changes_at() && decision.reads_only(constant_keys);
}

}  // namespace sealane::policy
