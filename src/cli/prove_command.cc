// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "base/bytes.h"
#include "cli/command.h"
#include "cli/prove_output.h"
#include "crypto/hash.h"
#include "policy/lint.h"
#include "prove/confined.h"

namespace sealane::cli {
namespace {

// Policies that decide together with the one that is asked about, by kind.
struct BesideOption {
  const char* name;
  policy::DocumentKind kind;
  const char* help;
};
constexpr std::array kBesideOptions = {
    BesideOption{"--identity", policy::DocumentKind::Identity, "policies of whoever asks"},
    BesideOption{"--resource-policy", policy::DocumentKind::Resource, "the resource's policy"},
    BesideOption{"--key-policy", policy::DocumentKind::Kms, "the KMS key's policy"},
    BesideOption{"--boundary", policy::DocumentKind::Boundary, "the permissions boundary"},
    BesideOption{"--session", policy::DocumentKind::Session, "session policies"},
    BesideOption{"--scp", policy::DocumentKind::Scp, "service control policies, the root's first"},
    BesideOption{"--rcp", policy::DocumentKind::Rcp, "resource control policies, the root's first"},
    BesideOption{"--vpc-endpoint", policy::DocumentKind::VpcEndpoint, "the VPC endpoint's policy"},
};

struct ProveArguments {
  std::vector<std::string> inputs;
  std::string type;
  std::vector<std::string> resources;
  std::string claim;
  std::vector<std::string> own;
  std::string profile = "aws-iot-core";
  std::string min_tls = "1.2";
  unsigned timeout_s = 20;
  bool strict = false;
  std::vector<std::string> without;
  std::string format = "text";
  std::vector<std::string> outputs;  // FORMAT=FILE
  bool fix = false;
  bool verbose = false;
  std::string cvc5 = "/usr/bin/cvc5";
  std::string z3 = "/usr/bin/z3";
  std::string scripts = ".";
  std::array<std::vector<std::string>, kBesideOptions.size()> beside;
  std::string account;
};

constexpr const char* kOfDevices = "iot";

std::vector<std::string> type_names() {
  std::vector<std::string> out;
  for (const prove::ResourceType type : prove::resource_types()) out.emplace_back(to_string(type));
  out.emplace_back(kOfDevices);
  return out;
}
// `no-wider-than=REF.json`: the claim, and the file that it compares with.
struct ClaimWord {
  std::string name;
  std::string file;
};
ClaimWord claim_word(const std::string& word) {
  const std::size_t equals = word.find('=');
  return {word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1)};
}

std::string check_claim(const std::string& word) {
  const ClaimWord said = claim_word(word);
  const auto claim = prove::parse_claim(said.name);
  if (!claim) {
    std::string known;
    for (const prove::Claim one : prove::claims())
      known += (known.empty() ? "" : ", ") + std::string(to_string(one));
    return "`" + said.name + "` is no claim: there are " + known;
  }
  if (prove::compares(*claim) == said.file.empty())
    return prove::compares(*claim) ? "say what to compare with, as " + said.name + "=REF.json"
                                   : said.name + " compares with nothing";
  return "";
}

Result<prove::AxiomSet> axioms_without(const std::vector<std::string>& names) {
  prove::AxiomSet out = prove::all_axioms();
  for (const std::string& name : names) {
    const auto axiom = prove::parse_axiom(name);
    std::string known;
    for (const prove::AxiomFacts& facts : prove::axioms())
      if (facts.can_be_off) known += (known.empty() ? "" : ", ") + std::string(facts.name);
    if (!axiom || !facts_of(*axiom).can_be_off)
      return fail(ErrorKind::Invalid, "`" + name + "` is no assumption that can be left out",
                  "there are " + known);
    out.erase(*axiom);
  }
  return out;
}

Result<ProveSettings> settings_of(const ProveArguments& arguments) {
  ProveSettings out;
  out.claim_was_said = !arguments.claim.empty();
  out.of_devices = arguments.type == kOfDevices;
  const auto claim = out.claim_was_said ? prove::parse_claim(claim_word(arguments.claim).name)
                                        : prove::Claim::Enforce;
  if (!claim) return fail(ErrorKind::Invalid, "`" + arguments.claim + "` is no claim");
  out.type = prove::parse_resource_type(arguments.type);
  if (out.type && *claim == prove::Claim::Confined)
    return fail(ErrorKind::Invalid, "the claim confined is about device policies of AWS IoT Core",
                "leave --resource-type out, or say iot");
  for (const std::string& own : arguments.own) SEALANE_TRY(prove::check_own(own));
  out.own = arguments.own;
  out.mqtt_profile = arguments.profile == "mqtt-standard" ? mqtt::Profile::MqttStandard
                                                          : mqtt::Profile::AwsIotCore;
  out.options.claim = *claim;
  out.options.min_tls = arguments.min_tls;
  out.options.strict = arguments.strict;
  SEALANE_ASSIGN(out.options.axioms, axioms_without(arguments.without));
  for (const std::string& resource : arguments.resources)
    if (std::ranges::find(out.resources, resource) == out.resources.end())
      out.resources.push_back(resource);
  if (arguments.fix && out.resources.size() > 1)
    return fail(ErrorKind::Invalid, "a repair is of one resource's policy",
                "say --fix with one --resource at a time");
  out.account = arguments.account;
  out.question_max = std::chrono::seconds(arguments.timeout_s);
  out.cvc5 = arguments.cvc5;
  out.z3 = arguments.z3;
  return out;
}

// Documents that are read before any is decided, each of the same kind; SCPs and RCPs by level.
Status read_documents(Env& env, const std::vector<std::string>& words, policy::DocumentKind kind,
                      std::vector<policy::Document>& out) {
  for (std::size_t level = 0; level < words.size(); ++level) {
    SEALANE_ASSIGN(const auto inputs, read_policy_inputs(env, {words[level]}));
    for (const PolicyInput& input : inputs) {
      auto parsed = parse_policy(input, kind);
      if (!parsed.value)
        return fail(ErrorKind::Invalid, parsed.diagnostics.empty()
                                            ? "`" + input.name + "` cannot be read"
                                            : to_text(parsed.diagnostics.front()));
      parsed.value->level = static_cast<std::uint32_t>(level);
      out.push_back(std::move(*parsed.value));
    }
  }
  return {};
}

// The policies of one claim about all of them: the resource's first, the others beside it.
Status put_together(std::vector<PolicyInput>& inputs, ProveSettings& settings) {
  const auto kind_of = [](const PolicyInput& input) {
    return policy::recognise_kind(input.policy());
  };
  const auto main = std::ranges::find_if(inputs, [&](const PolicyInput& input) {
    return kind_of(input) == policy::DocumentKind::Resource ||
           kind_of(input) == policy::DocumentKind::Kms;
  });
  if (main != inputs.end() && !settings.type) std::rotate(inputs.begin(), main, main + 1);
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    auto parsed = parse_policy(inputs[i], kind_of(inputs[i]));
    if (!parsed.value)
      return fail(ErrorKind::Invalid, parsed.diagnostics.empty()
                                          ? "`" + inputs[i].name + "` cannot be read"
                                          : to_text(parsed.diagnostics.front()));
    settings.beside.push_back(std::move(*parsed.value));
    inputs.front().name += ", " + inputs[i].name;
  }
  inputs.resize(1);
  return {};
}

Status read_others(Env& env, const ProveArguments& arguments, std::vector<PolicyInput>& inputs,
                   ProveSettings& settings) {
  for (std::size_t i = 0; i < kBesideOptions.size(); ++i)
    SEALANE_TRY(read_documents(env, arguments.beside[i], kBesideOptions[i].kind, settings.beside));
  if (settings.options.claim == prove::Claim::GrantClosed)
    SEALANE_TRY(put_together(inputs, settings));
  const std::string reference = claim_word(arguments.claim).file;
  if (reference.empty()) return {};
  policy::DocumentKind kind = policy::recognise_kind(inputs.front().policy());
  if (settings.type) kind = prove::document_kind_of(*settings.type);
  SEALANE_TRY(read_documents(env, {reference}, kind, settings.reference));
  // What decides together with the policy does so with what it is compared with.
  settings.reference.insert(settings.reference.end(), settings.beside.begin(),
                            settings.beside.end());
  return {};
}

Result<std::string> rendered(const std::string& format, std::span<const ProvedPolicy> policies,
                             const ProveSettings& settings, bool verbose) {
  if (format == "text") return prove_text(policies, settings, verbose);
  if (format == "json") return prove_json(policies, settings);
  if (format == "sarif") return prove_sarif(policies, settings);
  return fail(ErrorKind::Invalid, "there is no format `" + format + "`",
              "say text, json or sarif, as --output sarif=result.sarif");
}

Status write_outputs(Env& env, const ProveArguments& arguments,
                     std::span<const ProvedPolicy> policies, const ProveSettings& settings) {
  for (const std::string& word : arguments.outputs) {
    const std::size_t equals = word.find('=');
    SEALANE_ASSIGN(const std::string text,
                   rendered(word.substr(0, equals), policies, settings, arguments.verbose));
    SEALANE_TRY(write_file_atomic(env, word.substr(equals + 1), as_bytes(text), IfExists::Replace));
  }
  return {};
}

// What each solver was asked, with its answer, for whoever looks for the defect.
Status save_scripts(Env& env, const std::string& folder, const ProvedPolicy& policy) {
  const prove::Proof& proof = *policy.proof;
  SEALANE_TRY(env.make_folder(folder));
  const auto digest = crypto::sha256(as_bytes(proof.script));
  const std::string name = to_hex(ByteSpan(digest).first(8));
  std::string written;
  for (const prove::SolverSaid& said : proof.solvers) {
    std::string path = folder;
    path += "/disagreement-" + name + "-" + said.name + ".smt2";
    const std::string text = "; " + one_line(policy.input.name) + ", claim " +
                             std::string(to_string(proof.claim)) + ": " + said.name + " answered " +
                             std::string(to_string(said.answer)) + "\n" + proof.script;
    SEALANE_TRY(write_file_atomic(env, path, as_bytes(text), IfExists::Replace));
    written += (written.empty() ? "" : ", ") + path;
  }
  // What they really read: whether the classes are to blame is told by the difference.
  const std::string as_asked = folder + "/disagreement-" + name + "-as-asked.smt2";
  SEALANE_TRY(
      write_file_atomic(env, as_asked, as_bytes(proof.script_in_classes), IfExists::Replace));
  written += ", " + as_asked;
  std::cerr << "error: " << policy.input.name << ": internal disagreement: " << proof.detail
            << "\nhint: this is a defect of sealane; report it with " << written << "\n";
  return {};
}

// From the last policy of a file to the first, so that places stay right.
Status write_repairs(Env& env, std::span<const ProvedPolicy> policies) {
  for (std::size_t i = policies.size(); i > 0;) {
    const std::string& file = policies[i - 1].input.file;
    std::string text = *policies[i - 1].input.text;
    bool changed = false;
    for (; i > 0 && policies[i - 1].input.file == file; --i) {
      const ProvedPolicy& one = policies[i - 1];
      if (!one.repair) continue;
      text.replace(one.input.begin, one.input.end - one.input.begin, one.repair->text);
      changed = true;
    }
    if (!changed) continue;
    std::error_code code;
    const std::string real = std::filesystem::canonical(file, code).string();
    const auto mode = std::filesystem::status(file, code).permissions();
    if (code) return fail_errno(code.value(), "cannot write `" + file + "`");
    SEALANE_TRY(write_file_atomic(env, real, as_bytes(text), IfExists::Replace));
    std::filesystem::permissions(real, mode, code);
  }
  return {};
}

// True when a solver could not be started: the answers are poorer than they need be.
bool lacks_solver(std::span<const ProvedPolicy> policies, std::string& which) {
  for (const ProvedPolicy& policy : policies)
    if (policy.proof)
      for (const prove::SolverSaid& said : policy.proof->solvers)
        if (said.reason == solver::UnknownReason::Missing) {
          which = said.name;
          return true;
        }
  return false;
}

int exit_code_of(std::span<const ProvedPolicy> policies) {
  const auto any = [&](auto&& is) { return std::ranges::any_of(policies, is); };
  if (any([](const ProvedPolicy& p) {
        return p.proof && p.proof->doubt == prove::Doubt::Disagreement;
      }))
    return kInternal;
  if (any([](const ProvedPolicy& p) { return p.is_bad(); })) return kUsage;
  if (any([](const ProvedPolicy& p) { return p.outcome() == prove::Outcome::Fails; })) return kOpen;
  if (any([](const ProvedPolicy& p) { return !p.not_here.empty(); })) return kUnsupported;
  if (any([](const ProvedPolicy& p) { return p.outcome() == prove::Outcome::Unknown; }))
    return kUnknown;
  return kOk;
}

Result<int> run_prove(const ProveArguments& arguments) {
  PosixEnv env;
  SEALANE_ASSIGN(ProveSettings settings, settings_of(arguments));
  // Before the work, for it may take long.
  for (const std::string& word : arguments.outputs)
    if (word.find('=') == std::string::npos ||
        !rendered(word.substr(0, word.find('=')), {}, settings, false).ok())
      return fail(ErrorKind::Invalid, "`" + word + "` is no output",
                  "say FORMAT=FILE, as --output sarif=result.sarif");
  SEALANE_ASSIGN(std::vector<PolicyInput> inputs, read_policy_inputs(env, arguments.inputs));
  SEALANE_TRY(read_others(env, arguments, inputs, settings));
  settings.options.reference = settings.reference;
  const bool is_terminal = isatty(STDERR_FILENO) == 1;
  const policy::Catalogue catalogue = policy::Catalogue::shipped();
  const std::vector<ProvedPolicy> policies = prove_policies(
      catalogue, std::move(inputs), settings, [&](std::size_t done, std::size_t all) {
        if (is_terminal && all > 1)
          std::cerr << "\r" << done << " of " << all << " policies" << (done == all ? "\n" : "")
                    << std::flush;
      });
  if (arguments.fix) SEALANE_TRY(write_repairs(env, policies));
  SEALANE_TRY(write_outputs(env, arguments, policies, settings));
  SEALANE_ASSIGN(const std::string text,
                 rendered(arguments.format, policies, settings, arguments.verbose));
  print(text);
  if (arguments.format == "text")
    for (const ProvedPolicy& policy : policies)
      for (const Diagnostic& d : policy.diagnostics) std::cerr << to_text(d) << "\n";
  for (const ProvedPolicy& policy : policies)
    if (policy.proof && policy.proof->doubt == prove::Doubt::Disagreement)
      SEALANE_TRY(save_scripts(env, arguments.scripts, policy));
  if (std::string name; lacks_solver(policies, name))
    std::cerr << "hint: " << name << " cannot be started: install cvc5 and z3, or name them with "
              << "--cvc5 and --z3\n";
  return exit_code_of(policies);
}

void add_options(CLI::App* command, ProveArguments& a) {
  command
      ->add_option("POLICY", a.inputs,
                   "policies: files, folders, patterns, files with an array of them")
      ->required()
      ->type_name("POLICY");
  command
      ->add_option("--resource-type", a.type,
                   "what the policy is attached to (default: by the ARNs that it names)")
      ->check(CLI::IsMember(type_names()))
      ->type_name("TYPE");
  command
      ->add_option(
          "--resource", a.resources,
          "the resource; everything beneath it is meant as well; of several each POLICY is "
          "asked about each (default: the one that the policy names)")
      ->allow_extra_args(false)
      ->type_name("ARN");
  command
      ->add_option("--claim", a.claim,
                   "what to prove: enforce, grant, grant-closed, floor, confined, "
                   "no-wider-than=FILE or equivalent=FILE")
      ->check(CLI::Validator(check_claim, "", "claim"))
      ->type_name("CLAIM")
      ->default_str("enforce; of device policies confined");
  command
      ->add_option("--own", a.own,
                   "a thing's own topics, for confined, as devices/${thing}/# (default: those that "
                   "the policy names)")
      ->type_name("FILTER");
  command->add_option("--profile", a.profile, "the MQTT profile, for confined")
      ->check(CLI::IsMember({"aws-iot-core", "mqtt-standard"}))
      ->type_name("aws-iot-core|mqtt-standard")
      ->capture_default_str();
  for (std::size_t i = 0; i < kBesideOptions.size(); ++i)
    command
        ->add_option(kBesideOptions[i].name, a.beside[i],
                     std::string(kBesideOptions[i].help) + ", to decide together with each POLICY")
        ->type_name("FILE");
  command
      ->add_option("--resource-account", a.account,
                   "who owns the resource, where its ARN does not say (default: any account)")
      ->type_name("ACCOUNT");
  command->add_option("--min-tls", a.min_tls, "the floor")
      ->check(CLI::IsMember({"1.2", "1.3"}))
      ->type_name("1.2|1.3")
      ->capture_default_str();
  command->add_option("--timeout", a.timeout_s, "seconds for each question to the solvers")
      ->check(CLI::Range(1U, 3600U))
      ->type_name("SECONDS")
      ->capture_default_str();
  command->add_flag("--strict", a.strict, "one solver's word is not enough");
  command->add_option("--without", a.without, "leave out an assumption")->type_name("A1");
  command->add_flag("--fix", a.fix,
                    "write the repairs that are shown; the exit code is of the policies as they "
                    "were");
  command->add_flag("-v,--verbose", a.verbose, "assumptions in words, and each solver's answer");
  command->add_option("--format", a.format, "output for people, for programs, or SARIF 2.1.0")
      ->check(CLI::IsMember({"text", "json", "sarif"}))
      ->type_name("text|json|sarif")
      ->capture_default_str();
  command->add_option("--output", a.outputs, "write a format to a file as well")
      ->type_name("FORMAT=FILE");
  command->add_option("--cvc5", a.cvc5, "the program")->type_name("FILE")->capture_default_str();
  command->add_option("--z3", a.z3, "the program")->type_name("FILE")->capture_default_str();
  command
      ->add_option("--scripts", a.scripts,
                   "where scripts are kept when solvers contradict each "
                   "other or the evaluator")
      ->type_name("FOLDER")
      ->capture_default_str();
}

}  // namespace

void add_prove_command(CLI::App& app, Chosen& chosen) {
  auto a = std::make_shared<ProveArguments>();
  CLI::App* command = add_command(
      app, "prove", "Prove that policies deny plaintext, or show a request that passes",
      "  sealane prove bucket.json\n"
      "  sealane prove bucket.json --fix\n"
      "  sealane prove policies/ --claim floor --min-tls 1.3 --format sarif > policies.sarif\n"
      "  sealane prove key.json --resource-type kms-key --resource "
      "arn:aws:kms:eu-central-1:111122223333:key/1234\n"
      "  sealane prove guard.json --resource-type scp\n"
      "  sealane prove bucket.json --claim grant-closed --identity role.json --scp root.json\n"
      "  sealane prove new.json --claim no-wider-than=old.json\n"
      "  sealane prove device.json --claim confined --own 'stations/${thing}/#'\n"
      "Claims: enforce, every request over plaintext is denied explicitly, whatever else allows "
      "it;\n"
      "  grant, the policy grants none; grant-closed, all POLICY together allow none; floor, "
      "every\n"
      "  request over TLS below --min-tls is denied; no-wider-than, equivalent: against FILE;\n"
      "  confined, a thing reaches its own topics alone.\n"
      "docs/prove.md says what a proof rests on. Exit codes: 0 holds, 1 fails, 2 a policy that\n"
      "cannot be read, 3 unknown, 4 solvers or evaluator contradict each other, 5 a kind of policy "
      "or\n"
      "a claim that is not in this version.");
  add_options(command, *a);
  on_run(command, chosen, [a] {
    auto done = run_prove(*a);
    if (done.ok()) return *done;
    return report_error(done.error(),
                        a->format == "text" ? OutputFormat::Text : OutputFormat::Json);
  });
}

}  // namespace sealane::cli
