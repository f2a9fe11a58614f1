// SPDX-License-Identifier: Apache-2.0
// The decision over a set of documents of all kinds: policy.md §7 and the principals of §2.
#include <chrono>
#include <initializer_list>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policy/evaluate.h"

namespace sealane::policy {
namespace {

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};
constexpr const char* kAllow = R"({"Effect":"Allow","Action":"*","Resource":"*"})";
constexpr const char* kDeny = R"({"Effect":"Deny","Action":"*","Resource":"*"})";
constexpr const char* kNothing = R"({"Effect":"Allow","Action":"x:y","Resource":"*"})";
// Whether this applies cannot be told of a request whose `a:k` is no boolean.
constexpr const char* kStuck =
    R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a:k":"true"}}})";

constexpr const char* kUser = "arn:aws:iam::111111111111:user/u";
constexpr const char* kRole = "arn:aws:iam::111111111111:role/r";
constexpr const char* kSession = "arn:aws:sts::111111111111:assumed-role/r/s";
constexpr const char* kFederated = "arn:aws:sts::111111111111:federated-user/u";
constexpr const char* kRoot = "arn:aws:iam::111111111111:root";
constexpr const char* kAccount = "111111111111";
constexpr const char* kOther = "222222222222";

std::string to(const std::string& principal, const std::string& effect = "Allow",
               const std::string& element = "Principal") {
  return R"({"Effect":")" + effect + "\",\"" + element + "\":" + principal +
         R"(,"Action":"*","Resource":"*"})";
}
std::string aws(std::initializer_list<const char*> values) {
  std::string out;
  for (const char* value : values) out += (out.empty() ? "\"" : ",\"") + std::string(value) + "\"";
  return R"({"AWS":[)" + out + "]}";
}

// One request, and the documents that are asked about it.
class Asked {
 public:
  explicit Asked(std::string_view principal) : principal_(parse_principal(principal).value()) {}
  Asked(std::string_view type, std::string_view value)
      : principal_(parse_principal(type, value).value()) {}
  explicit Asked(Principal principal) : principal_(std::move(principal)) {}

  Asked& with(DocumentKind kind, const std::string& statements, std::uint32_t level = 0) {
    auto parsed = parse_document(R"({"Version":"2012-10-17","Statement":[)" + statements + "]}",
                                 kind, std::string(to_string(kind)));
    EXPECT_TRUE(parsed.value) << statements << "\n" << to_text(parsed.diagnostics.at(0));
    if (parsed.value) {
      parsed.value->level = level;
      documents_.push_back(*std::move(parsed.value));
    }
    return *this;
  }
  Asked& action(std::string_view value) { return action_ = value, *this; }
  Asked& resource(std::string_view value) { return resource_ = value, *this; }
  Asked& owner(std::string_view value) { return owner_ = value, *this; }
  Asked& exempt(Exemptions value) { return exemptions_ = value, *this; }
  Asked& fact(std::string_view key, std::string_view value) {
    return context_.set(key, value), *this;
  }

  Decision decided() const { return decide(compile(documents_), request()); }
  Outcome outcome() const { return decided().outcome(); }
  bool allowed() const { return outcome() == Outcome::Allowed; }
  Gate gate() const {
    const Decision decision = decided();
    EXPECT_EQ(decision.outcome(), Outcome::ImplicitlyDenied);
    return decision.gate();
  }
  std::string explained() const {
    const CompiledPolicies policies = compile(documents_);
    return explain(policies, decide(policies, request()));
  }
  std::vector<StatementExplanation> statements() const {
    return explain_statements(compile(documents_), request());
  }

 private:
  Request request() const {
    return {.principal = principal_,
            .action = action_,
            .resource = resource_,
            .context = context_,
            .now = kNow,
            .resource_account = owner_,
            .exemptions = exemptions_};
  }
  Principal principal_;
  std::vector<Document> documents_;
  std::string action_ = "s3:GetObject", resource_ = "arn:aws:s3:::b/k", owner_ = kAccount;
  Exemptions exemptions_;
  Context context_;
};

using enum DocumentKind;

// --- within one account

TEST(SameAccount, IdentityAllowsAlone) {
  EXPECT_TRUE(Asked(kUser).with(Identity, kAllow).allowed());
  EXPECT_EQ(Asked(kUser).with(Identity, kNothing).gate(), Gate::Identity);
  EXPECT_EQ(Asked(kUser).gate(), Gate::Identity);
}
TEST(SameAccount, DirectResourceAllowNeedsNothingElse) {
  for (const std::string& principal : {aws({kUser}), std::string("\"*\""), aws({"*"})}) {
    Asked asked(kUser);
    asked.with(Resource, to(principal)).with(Boundary, kNothing).with(Session, kNothing);
    EXPECT_TRUE(asked.with(Identity, kNothing).allowed()) << principal;
  }
  EXPECT_TRUE(Asked(kSession)
                  .with(Resource, to(aws({kSession})))
                  .with(Boundary, kNothing)
                  .with(Session, kNothing)
                  .allowed());
}
TEST(SameAccount, AllowByRoleIsLimitedByBoundaryAndSession) {
  Asked asked(kSession);
  asked.with(Resource, to(aws({kRole})));
  EXPECT_TRUE(asked.allowed());
  EXPECT_EQ(Asked(asked).with(Boundary, kNothing).gate(), Gate::Boundary);
  EXPECT_EQ(Asked(asked).with(Boundary, kAllow).with(Session, kNothing).gate(), Gate::Session);
  EXPECT_TRUE(Asked(asked).with(Boundary, kAllow).with(Session, kAllow).allowed());
}
TEST(SameAccount, AllowByUserReachesItsFederatedSessionsWithinTheSessionPolicy) {
  Asked asked(kFederated);
  asked.with(Resource, to(aws({kUser})));
  EXPECT_EQ(asked.gate(), Gate::Session);  // a federated user without a session policy
  EXPECT_TRUE(Asked(asked).with(Session, kAllow).allowed());
  EXPECT_EQ(Asked(asked).with(Session, kNothing).gate(), Gate::Session);
}
TEST(SameAccount, FederatedUserWithoutSessionPolicyIsDeniedUnlessNamedItself) {
  EXPECT_EQ(Asked(kFederated).with(Identity, kAllow).gate(), Gate::Session);
  EXPECT_TRUE(Asked(kFederated).with(Resource, to(aws({kFederated}))).allowed());
  EXPECT_TRUE(Asked(kSession).with(Identity, kAllow).allowed());
}
TEST(SameAccount, AccountLevelAllowDelegatesOnly) {
  for (const char* account : {kAccount, kRoot}) {
    Asked asked(kUser);
    asked.with(Resource, to(aws({account})));
    EXPECT_EQ(asked.outcome(), Outcome::ImplicitlyDenied);
    EXPECT_TRUE(asked.with(Identity, kAllow).allowed());
  }
}
TEST(SameAccount, BoundaryAndSessionLimitAndNeverGrant) {
  EXPECT_EQ(Asked(kUser).with(Boundary, kAllow).gate(), Gate::Identity);
  EXPECT_EQ(Asked(kSession).with(Session, kAllow).gate(), Gate::Identity);
  EXPECT_EQ(Asked(kUser).with(Identity, kAllow).with(Boundary, kNothing).gate(), Gate::Boundary);
  EXPECT_EQ(Asked(kSession).with(Identity, kAllow).with(Session, kNothing).gate(), Gate::Session);
}
TEST(SameAccount, SeveralDocumentsOfOneKindAllowTogether) {
  EXPECT_TRUE(Asked(kUser).with(Identity, kNothing).with(Identity, kAllow).allowed());
}

// --- trust policies and KMS keys

TEST(KeyPolicy, IdentityPoliciesAreInertWithoutTheAccountStatement) {
  const std::string key = "arn:aws:kms:eu-west-1:111111111111:key/k";
  auto asked = [&](const char* who) {
    Asked out(who);
    out.action("kms:Decrypt").resource(key);
    return out;
  };
  EXPECT_EQ(asked(kUser).with(Identity, kAllow).with(Kms, to(aws({kRole}))).gate(), Gate::Resource);
  EXPECT_TRUE(asked(kUser).with(Identity, kAllow).with(Kms, to(aws({kRoot}))).allowed());
  EXPECT_EQ(asked(kUser).with(Kms, to(aws({kRoot}))).gate(), Gate::Identity);
  EXPECT_TRUE(asked(kUser).with(Kms, to(aws({kUser}))).allowed());
  // A statement for the role itself needs no identity policy, and is limited as in any policy.
  EXPECT_TRUE(asked(kSession).with(Kms, to(aws({kRole}))).allowed());
  EXPECT_EQ(asked(kSession).with(Kms, to(aws({kRole}))).with(Boundary, kNothing).gate(),
            Gate::Boundary);
  EXPECT_EQ(asked(kUser)
                .with(Identity, kAllow)
                .with(Kms, to(aws({kRoot})))
                .with(Boundary, kNothing)
                .gate(),
            Gate::Boundary);
}
TEST(TrustPolicy, NamesWhoMayAssumeTheRole) {
  auto trust = [](const std::string& principal) {
    return R"({"Effect":"Allow","Principal":)" + principal + R"(,"Action":"sts:AssumeRole"})";
  };
  auto asked = [](const char* who) {
    Asked out(who);
    out.action("sts:AssumeRole").resource("arn:aws:iam::111111111111:role/target");
    return out;
  };
  EXPECT_TRUE(asked(kUser).with(Trust, trust(aws({kUser}))).allowed());
  EXPECT_EQ(asked(kUser).with(Trust, trust(aws({kRoot}))).gate(), Gate::Identity);
  EXPECT_TRUE(asked(kUser).with(Trust, trust(aws({kRoot}))).with(Identity, kAllow).allowed());
  EXPECT_EQ(asked(kUser).with(Trust, trust(aws({kRole}))).with(Identity, kAllow).gate(),
            Gate::Resource);
  // From another account both sides must say so.
  const char* stranger = "arn:aws:iam::222222222222:user/x";
  EXPECT_EQ(asked(stranger).owner("").with(Trust, trust(aws({stranger}))).gate(), Gate::Identity);
  EXPECT_TRUE(asked(stranger)
                  .owner("")
                  .with(Trust, trust(aws({stranger})))
                  .with(Identity, kAllow)
                  .allowed());
  Asked web("Federated", "accounts.google.com");
  web.action("sts:AssumeRoleWithWebIdentity").resource("arn:aws:iam::111111111111:role/target");
  EXPECT_TRUE(
      Asked(web)
          .with(
              Trust,
              R"({"Effect":"Allow","Principal":{"Federated":"accounts.google.com"},"Action":"sts:AssumeRoleWithWebIdentity"})")
          .allowed());
  EXPECT_FALSE(Asked(web).with(Trust, trust(aws({kRoot}))).with(Identity, kAllow).allowed());
}
TEST(TrustPolicy, ADeletedRolesIdMatchesNobody) {
  const std::string s =
      R"({"Effect":"Allow","Principal":{"AWS":"AROADBQP57FF2AEXAMPLE"},"Action":"sts:AssumeRole"})";
  Asked asked(kSession);
  asked.action("sts:AssumeRole").resource("arn:aws:iam::111111111111:role/target");
  EXPECT_FALSE(asked.with(Trust, s).allowed());
}

// --- across accounts

TEST(CrossAccount, ResourceAndIdentityMustBothAllow) {
  for (const char* named : {kUser, kRoot, kAccount, "*"}) {
    Asked asked(kUser);
    asked.owner(kOther).with(Resource, to(aws({named})));
    EXPECT_EQ(asked.gate(), Gate::Identity) << named;
    EXPECT_TRUE(Asked(asked).with(Identity, kAllow).allowed()) << named;
    EXPECT_EQ(Asked(asked).with(Identity, kAllow).with(Boundary, kNothing).gate(), Gate::Boundary);
    EXPECT_EQ(Asked(asked).with(Identity, kAllow).with(Session, kNothing).gate(), Gate::Session);
  }
  EXPECT_EQ(Asked(kUser).owner(kOther).with(Identity, kAllow).gate(), Gate::Resource);
}
TEST(CrossAccount, TheOwnerIsTheArnsAccountUnlessGiven) {
  const char* queue = "arn:aws:sqs:eu-west-1:222222222222:q";
  EXPECT_EQ(Asked(kUser).owner("").resource(queue).with(Identity, kAllow).gate(), Gate::Resource);
  EXPECT_TRUE(Asked(kUser).owner(kAccount).resource(queue).with(Identity, kAllow).allowed());
}
TEST(CrossAccount, AnOwnerNobodyNamedIsTakenForTheSameAccountAndSaidSo) {
  const Decision assumed = Asked(kUser).owner("").with(Identity, kAllow).decided();
  EXPECT_TRUE(assumed.allowed());
  EXPECT_TRUE(assumed.account_assumed());
  EXPECT_FALSE(Asked(kUser).with(Identity, kAllow).decided().account_assumed());
}
TEST(CrossAccount, ManagedPoliciesOfAwsBelongToEverybody) {
  EXPECT_TRUE(Asked(kUser)
                  .owner("")
                  .action("iam:GetPolicy")
                  .resource("arn:aws:iam::aws:policy/ReadOnlyAccess")
                  .with(Identity, kAllow)
                  .allowed());
}

// --- callers without an account

TEST(Anonymous, NeedsAResourceAllowToEveryone) {
  EXPECT_TRUE(Asked("*").with(Resource, to("\"*\"")).allowed());
  EXPECT_EQ(Asked("*").with(Resource, to(aws({kRoot}))).gate(), Gate::Resource);
  EXPECT_EQ(Asked("*").with(Identity, kAllow).gate(), Gate::Resource);
  EXPECT_EQ(
      Asked("anonymous").with(Resource, to("\"*\"")).with(VpcEndpoint, to(aws({kRoot}))).gate(),
      Gate::VpcEndpoint);
}
TEST(ServiceCaller, NeedsADirectResourceAllow) {
  Asked asked("Service", "s3.amazonaws.com");
  EXPECT_TRUE(Asked(asked).with(Resource, to(R"({"Service":"s3.amazonaws.com"})")).allowed());
  EXPECT_TRUE(Asked(asked).with(Resource, to("\"*\"")).allowed());
  EXPECT_FALSE(Asked(asked).with(Resource, to(R"({"Service":"sns.amazonaws.com"})")).allowed());
  EXPECT_FALSE(Asked(asked).with(Identity, kAllow).allowed());
  // No SCP binds it.
  EXPECT_TRUE(Asked(asked).with(Resource, to("\"*\"")).with(Scp, kDeny).allowed());
}
TEST(CanonicalUserPrincipal, IsMatchedByItsIdAlone) {
  Principal owner = parse_principal(kUser).value();
  owner.canonical_user = "79a59df900b949e5";
  const std::string s = to(R"({"CanonicalUser":"79a59df900b949e5"})");
  EXPECT_TRUE(Asked(owner).with(Resource, s).allowed());
  EXPECT_FALSE(Asked(kUser).with(Resource, s).allowed());
  Asked unknown("CanonicalUser", "79a59df900b949e5");
  EXPECT_TRUE(unknown.with(Resource, s).allowed());
  EXPECT_TRUE(Asked("CanonicalUser", "x").with(Identity, kAllow).decided().account_assumed());
}
TEST(SamlPrincipal, IsMatchedByItsProvider) {
  const char* provider = "arn:aws:iam::111111111111:saml-provider/p";
  const std::string s = R"({"Effect":"Allow","Principal":{"Federated":")" + std::string(provider) +
                        R"("},"Action":"sts:AssumeRoleWithSAML"})";
  EXPECT_EQ(parse_principal("Federated", provider)->kind, PrincipalKind::Saml);
  EXPECT_TRUE(Asked("Federated", provider)
                  .action("sts:AssumeRoleWithSAML")
                  .resource("arn:aws:iam::111111111111:role/r")
                  .with(Trust, s)
                  .allowed());
}

// --- the root user

TEST(RootUser, IsNotSubjectToIdentityPoliciesButToScpsAndResourcePolicies) {
  EXPECT_TRUE(Asked(kRoot).allowed());
  EXPECT_TRUE(Asked(kRoot).with(Identity, kDeny).with(Boundary, kNothing).allowed());
  EXPECT_EQ(Asked(kRoot).with(Scp, kDeny).outcome(), Outcome::ExplicitlyDenied);
  EXPECT_EQ(Asked(kRoot).with(Scp, kNothing).gate(), Gate::Scp);
  EXPECT_EQ(Asked(kRoot).with(Resource, to(aws({kRoot}), "Deny")).outcome(),
            Outcome::ExplicitlyDenied);
  EXPECT_EQ(Asked(kRoot).owner(kOther).gate(), Gate::Resource);
  EXPECT_EQ(Asked(kRoot).with(Kms, to(aws({kRole}))).gate(), Gate::Resource);
  EXPECT_EQ(Asked(kRoot).explained(), "allowed: the account's root user needs no statement");
}

// --- organizations

TEST(ServiceControlPolicies, MustAllowAtEveryLevel) {
  Asked asked(kUser);
  asked.with(Identity, kAllow).with(Scp, kAllow, 0).with(Scp, kAllow, 1).with(Scp, kAllow, 2);
  EXPECT_TRUE(asked.allowed());
  for (std::uint32_t level : {0U, 1U, 2U}) {
    Asked one(kUser);
    one.with(Identity, kAllow);
    for (std::uint32_t i = 0; i < 3; ++i) one.with(Scp, i == level ? kNothing : kAllow, i);
    const Decision decision = one.decided();
    EXPECT_EQ(decision.gate(), Gate::Scp);
    EXPECT_EQ(decision.gate_level(), level);
    // Another document of the same level mends it, one of another level does not.
    EXPECT_TRUE(Asked(one).with(Scp, kAllow, level).allowed());
    EXPECT_FALSE(Asked(one).with(Scp, kAllow, level + 1).allowed());
  }
}
TEST(ServiceControlPolicies, LimitDirectResourceAllowsToo) {
  EXPECT_EQ(Asked(kUser).with(Resource, to("\"*\"")).with(Scp, kNothing).gate(), Gate::Scp);
}
TEST(ServiceControlPolicies, DoNotBindManagementAccountAndServiceLinkedRoles) {
  Asked asked(kUser);
  asked.with(Identity, kAllow).with(Scp, kDeny);
  EXPECT_EQ(asked.outcome(), Outcome::ExplicitlyDenied);
  EXPECT_TRUE(asked.exempt({.principal_in_management_account = true}).allowed());
  EXPECT_TRUE(
      Asked("arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX")
          .with(Identity, kAllow)
          .with(Scp, kDeny)
          .with(Rcp, to("\"*\"", "Deny"))
          .allowed());
}
TEST(ResourceControlPolicies, DenyAndNeedNoAllowOfTheirOwn) {
  Asked asked(kUser);
  asked.with(Identity, kAllow);
  const std::string other = R"({"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*"})";
  EXPECT_TRUE(Asked(asked).with(Rcp, other, 0).with(Rcp, other, 1).allowed());
  EXPECT_TRUE(Asked(asked).with(Rcp, to("\"*\"")).allowed());  // RCPFullAWSAccess
  EXPECT_EQ(Asked(asked).with(Rcp, to("\"*\"", "Deny"), 1).outcome(), Outcome::ExplicitlyDenied);
  EXPECT_EQ(Asked("*").with(Resource, to("\"*\"")).with(Rcp, to("\"*\"", "Deny")).outcome(),
            Outcome::ExplicitlyDenied);
  EXPECT_EQ(Asked(kUser).with(Rcp, to("\"*\"")).gate(), Gate::Identity);  // it grants nothing
}
TEST(ResourceControlPolicies, ExemptionsAreTheManagementAccountAwsKeysAndRetireGrant) {
  Asked asked(kUser);
  asked.with(Identity, kAllow).with(Rcp, to("\"*\"", "Deny"));
  EXPECT_TRUE(Asked(asked).exempt({.resource_in_management_account = true}).allowed());
  EXPECT_TRUE(Asked(asked).exempt({.aws_managed_key = true}).allowed());
  EXPECT_TRUE(Asked(asked).exempt({.service_without_rcps = true}).allowed());
  EXPECT_TRUE(Asked(asked).action("kms:RetireGrant").allowed());
  EXPECT_FALSE(Asked(asked).action("kms:CreateGrant").allowed());
  EXPECT_FALSE(Asked(asked).exempt({.principal_in_management_account = true}).allowed());
}

// --- VPC endpoints

TEST(VpcEndpointPolicy, MustAllowWhateverElseDoes) {
  EXPECT_EQ(Asked(kUser).with(Resource, to("\"*\"")).with(VpcEndpoint, to(aws({kRole}))).gate(),
            Gate::VpcEndpoint);
  EXPECT_TRUE(
      Asked(kUser).with(Resource, to("\"*\"")).with(VpcEndpoint, to(aws({kAccount}))).allowed());
  EXPECT_EQ(Asked(kUser).with(VpcEndpoint, to("\"*\"")).gate(), Gate::Identity);
}

// --- explicit denies

TEST(ExplicitDeny, WinsInEveryDocumentThatApplies) {
  for (const DocumentKind kind : {Identity, Boundary, Session, Scp}) {
    Asked asked(kUser);
    asked.with(Resource, to("\"*\"")).with(Identity, kAllow);
    EXPECT_EQ(asked.with(kind, std::string(kAllow) + "," + kDeny).outcome(),
              Outcome::ExplicitlyDenied)
        << to_string(kind);
  }
  for (const DocumentKind kind : {Resource, Kms, Rcp, VpcEndpoint}) {
    Asked asked(kUser);
    asked.with(Identity, kAllow);
    EXPECT_EQ(asked.with(kind, to("\"*\"", "Deny")).outcome(), Outcome::ExplicitlyDenied)
        << to_string(kind);
  }
}
TEST(ExplicitDeny, OfAnAccountDeniesAllItsPrincipals) {
  for (const char* who : {kUser, kRole, kSession, kFederated, kRoot})
    EXPECT_EQ(
        Asked(who).with(Identity, kAllow).with(Resource, to(aws({kAccount}), "Deny")).outcome(),
        Outcome::ExplicitlyDenied)
        << who;
  EXPECT_TRUE(
      Asked(kUser).with(Identity, kAllow).with(Resource, to(aws({kOther}), "Deny")).allowed());
}
TEST(ExplicitDeny, OfARoleDeniesItsSessionsAndOfAUserItsFederatedSessions) {
  EXPECT_EQ(
      Asked(kSession).with(Identity, kAllow).with(Resource, to(aws({kRole}), "Deny")).outcome(),
      Outcome::ExplicitlyDenied);
  EXPECT_EQ(
      Asked(kFederated).with(Session, kAllow).with(Resource, to(aws({kUser}), "Deny")).outcome(),
      Outcome::ExplicitlyDenied);
}

// --- NotPrincipal

TEST(NotPrincipal, DenySparesWhoIsNamedCompletely) {
  auto spares = [](const char* who, std::initializer_list<const char*> named) {
    return Asked(who)
        .with(Identity, kAllow)
        .with(Session, kAllow)
        .with(Resource, to(aws(named), "Deny", "NotPrincipal"))
        .outcome();
  };
  EXPECT_EQ(spares(kUser, {kUser, kRoot}), Outcome::Allowed);
  EXPECT_EQ(spares(kUser, {kRole}), Outcome::ExplicitlyDenied);
  EXPECT_EQ(spares(kSession, {kSession, kRole, kAccount}), Outcome::Allowed);
  EXPECT_EQ(spares(kRole, {kRole, kAccount}), Outcome::Allowed);
  EXPECT_EQ(spares(kFederated, {kFederated, kUser, kAccount}), Outcome::Allowed);
  EXPECT_EQ(spares(kRoot, {kAccount}), Outcome::Allowed);
}
TEST(NotPrincipal, DenyThatNamesAPartOfWhoAsksIsNotEvaluable) {
  auto partly = [](const char* who, std::initializer_list<const char*> named) {
    return Asked(who)
        .with(Identity, kAllow)
        .with(Resource, to(aws(named), "Deny", "NotPrincipal"))
        .decided();
  };
  EXPECT_EQ(partly(kUser, {kUser}).outcome(), Outcome::NotEvaluable);
  EXPECT_EQ(partly(kUser, {kRoot}).outcome(), Outcome::NotEvaluable);
  EXPECT_EQ(partly(kSession, {kSession, kRole}).outcome(), Outcome::NotEvaluable);
  EXPECT_EQ(partly(kSession, {kRole, kRoot}).outcome(), Outcome::NotEvaluable);
  EXPECT_EQ(partly(kUser, {kUser}).obstacle(), Obstacle::PartialNotPrincipal);
}
TEST(NotPrincipal, AllowReachesEveryoneElseAnonymousIncluded) {
  const std::string s = to(aws({kUser}), "Allow", "NotPrincipal");
  EXPECT_TRUE(Asked("*").with(Resource, s).allowed());
  EXPECT_TRUE(Asked(kSession).with(Resource, s).allowed());
  EXPECT_FALSE(Asked(kUser).with(Resource, s).allowed());
  EXPECT_FALSE(Asked(kUser).with(Resource, to(aws({kAccount}), "Allow", "NotPrincipal")).allowed());
}

// --- principals

TEST(PrincipalMatch, IsExactAndCaseMatters) {
  EXPECT_FALSE(
      Asked(kUser).with(Resource, to(aws({"arn:aws:iam::111111111111:user/U"}))).allowed());
  EXPECT_FALSE(
      Asked(kUser).with(Resource, to(aws({"arn:aws-cn:iam::111111111111:user/u"}))).allowed());
  EXPECT_FALSE(Asked(kUser)
                   .with(Identity, kNothing)
                   .with(Resource, to(aws({"arn:aws-cn:iam::111111111111:root"}), "Deny"))
                   .decided()
                   .decided_by()
                   .has_value());
  EXPECT_FALSE(Asked(kSession)
                   .with(Resource, to(aws({"arn:aws:sts::111111111111:assumed-role/r/other"})))
                   .allowed());
}
TEST(PrincipalMatch, PrincipalArnOfASessionIsItsRoles) {
  const std::string s =
      R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/r"}}})";
  EXPECT_TRUE(Asked(kSession).with(Identity, s).allowed());
  EXPECT_TRUE(Asked(kRole).with(Identity, s).allowed());
  EXPECT_FALSE(Asked(kUser).with(Identity, s).allowed());
}
TEST(PrincipalMatch, PrincipalArnOfAnAnonymousCallerIsMissing) {
  const std::string s =
      R"({"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Null":{"aws:PrincipalArn":"true"}}})";
  EXPECT_TRUE(Asked("*").with(Resource, s).allowed());
  EXPECT_FALSE(Asked(kUser).with(Resource, s).allowed());
}
TEST(ParsePrincipal, ReadsThePublicForms) {
  EXPECT_EQ(parse_principal("*")->kind, PrincipalKind::Anonymous);
  EXPECT_EQ(parse_principal(kAccount)->arn, kRoot);
  EXPECT_EQ(parse_principal(kRoot)->kind, PrincipalKind::Root);
  EXPECT_EQ(parse_principal(kUser)->account, kAccount);
  EXPECT_EQ(parse_principal(kSession)->role_arn, kRole);
  EXPECT_EQ(parse_principal(kFederated)->user_arn, kUser);
  EXPECT_EQ(parse_principal("AWS", kUser)->kind, PrincipalKind::User);
  EXPECT_EQ(parse_principal("Federated", "accounts.google.com")->kind, PrincipalKind::WebIdentity);
  for (const char* text :
       {"", "x", "arn:aws:iam::111111111111:group/g", "arn:aws:s3:::b", "arn:aws:iam::x:user/u",
        "arn:aws:sts::111111111111:assumed-role/r", "arn:aws:iam::111111111111:user/",
        "arn:aws:iam::111111111111:role/*", "11111111111"})
    EXPECT_FALSE(parse_principal(text)) << text;
  EXPECT_FALSE(parse_principal("Service", "*"));
  EXPECT_FALSE(parse_principal("Group", "g"));
}

// --- IoT policies of identities

TEST(CognitoIdentity, NeedsRoleAndIotPolicyForTheActionsOfDevices) {
  Asked asked(kSession);
  asked.action("iot:Publish").resource("arn:aws:iot:r:111111111111:topic/t");
  asked.with(Identity, kAllow);
  EXPECT_EQ(Asked(asked).with(IotDevice, kNothing).gate(), Gate::Device);
  EXPECT_TRUE(Asked(asked).with(IotDevice, kAllow).allowed());
  EXPECT_EQ(Asked(kSession)
                .action("iot:Publish")
                .resource("arn:aws:iot:r:111111111111:topic/t")
                .with(IotDevice, kAllow)
                .gate(),
            Gate::Identity);
  // For others the role decides alone.
  EXPECT_TRUE(Asked(asked).action("iot:ListThings").with(IotDevice, kNothing).allowed());
}
TEST(Device, IsDecidedByItsIotPolicies) {
  Asked asked(Principal::device());
  EXPECT_TRUE(Asked(asked).with(IotDevice, kAllow).allowed());
  EXPECT_EQ(Asked(asked).with(IotDevice, kNothing).gate(), Gate::Identity);
}

// --- what cannot be told

TEST(Unknown, GateThatCannotBeToldDeniesUnlessAnotherIsShut) {
  Asked asked(kUser);
  asked.fact("a:k", "?").with(Identity, kAllow);
  EXPECT_EQ(Asked(asked).with(Scp, kStuck).outcome(), Outcome::NotEvaluable);
  EXPECT_EQ(Asked(asked).with(Boundary, kStuck).outcome(), Outcome::NotEvaluable);
  EXPECT_EQ(Asked(asked).with(Scp, kStuck).with(Boundary, kNothing).outcome(),
            Outcome::ImplicitlyDenied);
  EXPECT_EQ(Asked(asked).with(Boundary, kStuck).with(VpcEndpoint, to(aws({kRole}))).outcome(),
            Outcome::ImplicitlyDenied);
}
TEST(Unknown, OneWayThatIsOpenSuffices) {
  const std::string stuck_direct =
      R"({"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"a:k":"true"}}})";
  Asked asked(kUser);
  asked.fact("a:k", "?").with(Resource, stuck_direct);
  EXPECT_EQ(asked.outcome(), Outcome::NotEvaluable);
  EXPECT_TRUE(Asked(asked).with(Identity, kAllow).allowed());
  EXPECT_EQ(Asked(asked).with(Identity, kAllow).with(Boundary, kNothing).outcome(),
            Outcome::NotEvaluable);
  EXPECT_EQ(Asked(asked).owner(kOther).outcome(), Outcome::ImplicitlyDenied);
}

// --- explanations

TEST(Explain, NamesTheGate) {
  EXPECT_EQ(
      Asked(kUser).with(Identity, kAllow).with(Scp, kAllow, 0).with(Scp, kNothing, 3).explained(),
      "no service control policy at level 3 allows it");
  EXPECT_EQ(Asked(kFederated).with(Identity, kAllow).explained(),
            "a federated user has nothing without a session policy");
  EXPECT_EQ(Asked(kUser).with(Identity, kAllow).with(Boundary, kNothing).explained(),
            "no statement of the permissions boundary allows it");
  EXPECT_EQ(Asked(kUser).with(Identity, kNothing).explained(), "no statement allows it");
}
TEST(ExplainStatements, SaysOfEachWhichElementFailedFirst) {
  Asked asked(kUser);
  asked.fact("aws:SourceIp", "192.0.2.7").fact("a:k", "?");
  asked.with(Resource, to(aws({kRole})))
      .with(Identity,
            R"({"Sid":"a","Effect":"Allow","Action":"s3:PutObject","Resource":"*"},
               {"Sid":"b","Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::c/*"},
               {"Sid":"c","Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}},
               {"Sid":"d","Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"AWS:SourceIP":"192.0.2.0/24"}}},
               {"Sid":"e","Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a:k":"true"}}},
               {"Sid":"f","Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a:k":"true"},"Null":{"aws:SourceIp":"true"}}},
               {"Sid":"g","Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}/*"},
               {"Sid":"h","Effect":"Allow","Action":"s3:Get*","Resource":"*"})")
      .with(Scp, kAllow)
      .exempt({.principal_in_management_account = true});
  const auto all = asked.statements();
  ASSERT_EQ(all.size(), 10u);
  EXPECT_EQ(all[0].why, "Principal does not name `arn:aws:iam::111111111111:user/u`");
  EXPECT_EQ(all[1].why, "Action does not take in `s3:GetObject`");
  EXPECT_EQ(all[2].why, "Resource does not take in `arn:aws:s3:::b/k`");
  EXPECT_EQ(all[3].why, "Condition Bool aws:SecureTransport: the request has no such key");
  EXPECT_EQ(all[4].why,
            "Condition NotIpAddress AWS:SourceIP: the request's `192.0.2.7` is among the values");
  EXPECT_EQ(all[5].why, "Condition Bool a:k: a value of the request is not of the operator's type");
  EXPECT_EQ(all[5].matched, Match::Unknown);
  // Whatever the value were, another condition is false.
  EXPECT_EQ(all[6].why, "Condition Null aws:SourceIp: the request has the key");
  EXPECT_EQ(all[6].matched, Match::No);
  EXPECT_EQ(all[7].why, "Resource: the request has no single value for `${aws:username}`");
  EXPECT_EQ(all[8].why, "every element matches");
  EXPECT_EQ(all[8].matched, Match::Yes);
  EXPECT_EQ(all[8].sid, "h");
  EXPECT_EQ(all[9].why, "the organization's policies do not bind the management account");
  EXPECT_EQ(all[9].matched, Match::No);
}
TEST(ExplainStatements, AMalformedRequestIsUnknownToEveryStatement) {
  const auto all = Asked(kUser).resource("b/k").with(Identity, kAllow).statements();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].matched, Match::Unknown);
  EXPECT_EQ(all[0].why, "the request's action or resource is malformed");
}
TEST(ExplainStatements, LongValuesAreCutAndControlCharactersReplaced) {
  const auto all =
      Asked(kUser)
          .fact("a:k", std::string(100, 'x') + "\n")
          .with(
              Identity,
              R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:k":"y"}}})")
          .statements();
  EXPECT_EQ(all[0].why, "Condition StringEquals a:k: the request's `" + std::string(80, 'x') +
                            "...` does not match");
}

}  // namespace
}  // namespace sealane::policy
