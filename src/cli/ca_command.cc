// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "base/json.h"
#include "cli/pipeline_option.h"
#include "cli/trust.h"

namespace sealane::cli {
namespace {

Result<int> run_init(Env& env, const LoadedPipeline& loaded, OutputFormat format) {
  const SystemClock clock;
  SEALANE_ASSIGN(const std::vector<std::string> made, provision(env, loaded, clock));
  json::Writer w(2);
  w.begin_object().field("state", loaded.state).key("made").begin_array();
  std::string text;
  for (const std::string& line : made) {
    w.value(line);
    text += "made " + line + "\n";
  }
  w.end_array().end_object();
  print(format == OutputFormat::Json ? w.str() + "\n"
        : made.empty()               ? "everything was there\n"
                                     : text);
  return static_cast<int>(kOk);
}

struct IssueArguments {
  PipelineOptions pipeline;
  std::string node;
  std::vector<std::string> dns;
  std::vector<std::string> ip;
  std::string csr_file;
};

Result<const pipeline::Node*> find_issued_node(const LoadedPipeline& loaded,
                                               const std::string& name) {
  const pipeline::Node* node = loaded.pipeline.find_node(name);
  if (node == nullptr)
    return fail(ErrorKind::NotFound, "`" + loaded.file + "` has no node `" + name + "`");
  if (node->kind == pipeline::NodeKind::Device)
    return fail(ErrorKind::Invalid, "`" + name + "` stands for devices",
                "use `sealane device add`");
  return node;
}

Result<crypto::Certificate> present_certificate(Env& env, const LoadedPipeline& loaded,
                                                const std::string& node) {
  constexpr std::uint64_t kPemBytesMax = 64u << 10;
  const std::string file = loaded.node_folder(node) + "/cert.pem";
  SEALANE_ASSIGN(const Bytes pem, read_file(env, file, kPemBytesMax));
  auto certificate = crypto::Certificate::from_pem(pem);
  if (!certificate.ok()) return std::move(certificate).error().within("`" + file + "`");
  return certificate;
}

void print_issued(const LoadedPipeline& loaded, const IssueArguments& arguments) {
  const std::string folder = loaded.node_folder(arguments.node);
  if (arguments.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object().field("node", arguments.node).field("certificate", folder + "/cert.pem");
    w.key("key");
    arguments.csr_file.empty() ? w.value(folder + "/key.pem") : w.null();
    print(w.end_object().str() + "\n");
  } else {
    print("identity of `" + arguments.node + "`: " + folder + "/cert.pem" +
          (arguments.csr_file.empty() ? " and key.pem\n" : "\n"));
  }
}

Result<int> run_issue(Env& env, const LoadedPipeline& loaded, const IssueArguments& arguments) {
  SEALANE_ASSIGN(const pipeline::Node* node, find_issued_node(loaded, arguments.node));
  NodeNames names = default_names(*node);
  names.dns_names.insert(names.dns_names.end(), arguments.dns.begin(), arguments.dns.end());
  names.ip_addresses.insert(names.ip_addresses.end(), arguments.ip.begin(), arguments.ip.end());
  SEALANE_TRY(issue_node(env, loaded, names, arguments.csr_file, SystemClock().now()));
  print_issued(loaded, arguments);
  return static_cast<int>(kOk);
}

// The same names again: those that the present certificate has.
Result<int> run_renew(Env& env, const LoadedPipeline& loaded, const IssueArguments& arguments) {
  SEALANE_ASSIGN([[maybe_unused]] const pipeline::Node* node,
                 find_issued_node(loaded, arguments.node));
  SEALANE_ASSIGN(const crypto::Certificate present,
                 present_certificate(env, loaded, arguments.node));
  const NodeNames names{arguments.node, present.facts().dns_names, present.facts().ip_addresses};
  SEALANE_TRY(issue_node(env, loaded, names, arguments.csr_file, SystemClock().now()));
  print_issued(loaded, arguments);
  return static_cast<int>(kOk);
}

struct CrlArguments {
  PipelineOptions pipeline;
  std::string lifetime = "7d";
};

// `90d`, `12h`, `30m`; a list holds for a year at most.
Result<Duration> parse_lifetime(const std::string& text) {
  constexpr std::int64_t kMinutesMax = 366 * 24 * 60;
  std::int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, count);
  if (failure == std::errc() && at + 1 == end && count > 0 && count <= kMinutesMax) {
    const std::int64_t minutes = *at == 'm'   ? count
                                 : *at == 'h' ? count * 60
                                 : *at == 'd' ? count * 24 * 60
                                              : 0;
    if (minutes > 0 && minutes <= kMinutesMax) return Duration(std::chrono::minutes(minutes));
  }
  return fail(ErrorKind::Invalid, "`" + text + "` is not how long a list may hold",
              "from 1m to 366d, as in `7d` or `12h`");
}

Result<int> run_crl(Env& env, const LoadedPipeline& loaded, const CrlArguments& arguments) {
  SEALANE_ASSIGN(const Duration lifetime, parse_lifetime(arguments.lifetime));
  SEALANE_ASSIGN(const identity::CertificateAuthority ca, open_ca(env, loaded));
  SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(loaded.registry()));
  SEALANE_ASSIGN(const IssuedCrl crl,
                 issue_crl(env, loaded, ca, registry, lifetime, SystemClock().now()));
  if (arguments.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object();
    write_issued(w, crl);
    print(w.end_object().str() + "\n");
  } else {
    print("revocation list " + std::to_string(crl.number) + " with " + std::to_string(crl.entries) +
          " entries: " + crl.file + "\nnote: it holds until " + to_rfc3339(crl.next_update) +
          "; issue the next one before, or new connections are refused then\n");
  }
  return static_cast<int>(kOk);
}

struct RevokeArguments {
  PipelineOptions pipeline;
  std::string node;
  crypto::RevocationReason reason = crypto::RevocationReason::Unspecified;
};

Result<int> run_revoke(Env& env, const LoadedPipeline& loaded, const RevokeArguments& arguments) {
  SEALANE_ASSIGN([[maybe_unused]] const pipeline::Node* node,
                 find_issued_node(loaded, arguments.node));
  SEALANE_ASSIGN(const crypto::Certificate certificate,
                 present_certificate(env, loaded, arguments.node));
  const Time now = SystemClock().now();
  SEALANE_ASSIGN(identity::Registry registry, identity::Registry::open(loaded.registry()));
  SEALANE_TRY(
      registry.revoke_node_certificate({.serial = certificate.facts().serial,
                                        .not_after = certificate.facts().not_after,
                                        .revocation = {.at = now, .reason = arguments.reason}}));
  const RefreshedCrl crl = refresh_crl(env, loaded, registry, IfNoCrl::Issue, now);
  if (arguments.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object()
        .field("node", arguments.node)
        .field("serial", certificate.facts().serial)
        .field("state", "revoked");
    write_refreshed(w, crl);
    print(w.end_object().str() + "\n");
  } else {
    print("the certificate of `" + arguments.node + "` with serial " + certificate.facts().serial +
          " is revoked; `sealane ca renew` makes another\n" + to_text(crl));
  }
  return static_cast<int>(kOk);
}

void add_renew(CLI::App& ca, Chosen& chosen) {
  auto a = std::make_shared<IssueArguments>();
  CLI::App* command =
      add_command(ca, "renew", "Issue a node's certificate again, with the same names, for 90 days",
                  "  sealane ca renew --node edge\n"
                  "  sealane ca renew --node lake --csr lake.csr");
  add_pipeline_options(command, a->pipeline);
  command->add_option("--node", a->node, "a node that is not of kind device")->required();
  command->add_option("--csr", a->csr_file, "signing request for a key that the node has")
      ->type_name("FILE");
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_renew(env, loaded, *a);
    });
  });
}

void add_crl(CLI::App& ca, Chosen& chosen) {
  auto a = std::make_shared<CrlArguments>();
  CLI::App* command =
      add_command(ca, "crl", "Issue the revocation list of everything revoked that has not expired",
                  "  sealane ca crl\n"
                  "  sealane ca crl --lifetime 24h");
  add_pipeline_options(command, a->pipeline);
  command->add_option("--lifetime", a->lifetime, "how long it holds: m, h or d")
      ->capture_default_str();
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_crl(env, loaded, *a);
    });
  });
}

void add_revoke(CLI::App& ca, Chosen& chosen) {
  auto a = std::make_shared<RevokeArguments>();
  CLI::App* command =
      add_command(ca, "revoke", "Revoke a node's present certificate, and issue the list",
                  "  sealane ca revoke --node lake --reason key-compromise");
  add_pipeline_options(command, a->pipeline);
  command->add_option("--node", a->node, "a node that is not of kind device")->required();
  add_reason_option(command, a->reason);
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_revoke(env, loaded, *a);
    });
  });
}

}  // namespace

void add_ca_command(CLI::App& app, Chosen& chosen) {
  CLI::App* ca = add_command(app, "ca", "The pipeline's own certificate authority",
                             "  sealane ca init\n"
                             "  sealane ca issue --node edge --dns edge.example.org");
  ca->require_subcommand(1);
  {
    auto options = std::make_shared<PipelineOptions>();
    CLI::App* command = add_command(
        *ca, "init",
        "Make the CA, the nodes' identities, keyrings and the registry; keep what is there",
        "  sealane ca init");
    add_pipeline_options(command, *options);
    on_run(command, chosen, [options] {
      return with_pipeline(*options, [&](Env& env, const LoadedPipeline& loaded) {
        return run_init(env, loaded, options->format);
      });
    });
  }
  add_renew(*ca, chosen);
  add_crl(*ca, chosen);
  add_revoke(*ca, chosen);
  auto a = std::make_shared<IssueArguments>();
  CLI::App* command =
      add_command(*ca, "issue", "Issue a node's certificate, for 90 days",
                  "  sealane ca issue --node edge --dns edge.example --ip 10.0.0.5");
  add_pipeline_options(command, a->pipeline);
  command->add_option("--node", a->node, "a node that is not of kind device")->required();
  command->add_option("--dns", a->dns, "further DNS names");
  command->add_option("--ip", a->ip, "further IP addresses");
  command->add_option("--csr", a->csr_file, "signing request for a key that the node has")
      ->type_name("FILE");
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_issue(env, loaded, *a);
    });
  });
}

}  // namespace sealane::cli
