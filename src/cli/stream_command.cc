// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "cli/keyring_option.h"
#include "gateway/delivery.h"
#include "keys/keyring.h"
#include "keys/opener.h"
#include "store/reader.h"
#include "store/recovery.h"

namespace sealane::cli {
namespace {

struct StreamArguments {
  PipelineOptions pipeline;
  std::string node;
  std::string out;
};

struct OpenStream {
  std::unique_ptr<keys::Keyring> keyring;
  store::JournalName name;
};

Result<OpenStream> open_stream(Env& env, const LoadedPipeline& loaded, const std::string& wanted,
                               const Clock& clock) {
  SEALANE_ASSIGN(const pipeline::Node* gateway, choose_gateway(loaded, wanted));
  const std::string folder = loaded.node_folder(gateway->name);
  SEALANE_ASSIGN(auto keyring,
                 open_keyring(env, folder, loaded.passphrase_file, clock, {}, false, &loaded));
  return OpenStream{std::move(keyring),
                    {folder + "/journal", loaded.pipeline.name, gateway->journal_key}};
}

Result<int> run_export(Env& env, const LoadedPipeline& loaded, const StreamArguments& arguments) {
  const SystemClock clock;
  SEALANE_ASSIGN(const OpenStream stream, open_stream(env, loaded, arguments.node, clock));
  keys::Opener opener = keys::Opener::with_key(*stream.keyring, stream.name.journal);
  store::RecoveryOptions look;
  look.cut_torn_tail = false;
  SEALANE_ASSIGN(const store::Recovered found,
                 store::recover_journal(env, opener, stream.name, look));
  SEALANE_TRY(make_folders(env, arguments.out));
  const std::uint64_t from =
      found.view.segments.empty() ? 1 : found.view.segments.front().header.first;
  store::JournalReader reader(env, opener, stream.name, from);
  std::uint64_t entries = 0;
  std::uint64_t records = 0;
  for (;;) {
    SEALANE_ASSIGN(const auto block, reader.next(found.view));
    if (!block) break;
    SEALANE_TRY(write_file_atomic(env, arguments.out + "/" + twenty_digits(block->first) + ".esdk",
                                  block->message, IfExists::Refuse));
    ++entries;
    records += block->count;
  }
  if (arguments.pipeline.format == OutputFormat::Json) {
    print(json::Writer(2)
              .begin_object()
              .field("entries", entries)
              .field("records", records)
              .field("folder", arguments.out)
              .end_object()
              .str() +
          "\n");
  } else {
    print(std::to_string(entries) + " sealed entries with " + std::to_string(records) +
          " records: " + arguments.out + "\n");
  }
  return static_cast<int>(kOk);
}

Result<int> run_repair(Env& env, const LoadedPipeline& loaded, const StreamArguments& arguments) {
  const SystemClock clock;
  SEALANE_ASSIGN(const OpenStream stream, open_stream(env, loaded, arguments.node, clock));
  keys::Opener opener = keys::Opener::with_key(*stream.keyring, stream.name.journal);
  store::RecoveryOptions options;
  SEALANE_ASSIGN(const gateway::DeliveryState delivered,
                 gateway::load_delivery_state(env, folder_of(stream.name.folder) + "/delivery"));
  options.durable_at_least = delivered.next_sequence - 1;
  SEALANE_ASSIGN(const store::RepairReport report,
                 store::repair_journal(env, opener, stream.name, options));
  json::Writer w(2);
  w.begin_object().key("steps").begin_array();
  std::string text;
  for (const store::RepairStep& step : report.steps) {
    w.begin_object()
        .field("segment", step.segment)
        .field("offset", step.offset)
        .field("quarantined", step.quarantined);
    w.field("lost_first", step.lost_first)
        .field("lost_last", step.lost_last)
        .field("kept_records", step.kept_records);
    w.end_object();
    text += step.segment + " at byte " + std::to_string(step.offset) + ": records " +
            std::to_string(step.lost_first) + " to " + std::to_string(step.lost_last) +
            " are lost, " + std::to_string(step.kept_records) +
            " after them are kept; the damaged bytes are in " + step.quarantined + "\n";
  }
  w.end_array().end_object();
  print(arguments.pipeline.format == OutputFormat::Json ? w.str() + "\n"
        : text.empty()                                  ? "nothing was wrong\n"
                                                        : text);
  return static_cast<int>(kOk);
}

}  // namespace

void add_stream_command(CLI::App& app, Chosen& chosen) {
  CLI::App* stream = add_command(app, "stream", "The journal of a gateway: export, repair",
                                 "  sealane stream export --out entries\n"
                                 "  sealane stream repair");
  stream->require_subcommand(1);
  {
    auto a = std::make_shared<StreamArguments>();
    CLI::App* command = add_command(
        *stream, "export", "Write each journal entry as a file that any AWS Encryption SDK opens",
        "  sealane stream export --out entries\n"
        "  sealane key export journal --out journal.key");
    add_pipeline_options(command, a->pipeline);
    command->add_option("--node", a->node, "the gateway (default: the only one)");
    command->add_option("--out", a->out, "folder for the files")->required()->type_name("DIR");
    on_run(command, chosen, [a] {
      return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
        return run_export(env, loaded, *a);
      });
    });
  }
  auto a = std::make_shared<StreamArguments>();
  CLI::App* command =
      add_command(*stream, "repair", "Make a damaged journal start again, and say what is lost",
                  "  sealane stream repair");
  add_pipeline_options(command, a->pipeline);
  command->add_option("--node", a->node, "the gateway (default: the only one)");
  on_run(command, chosen, [a] {
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_repair(env, loaded, *a);
    });
  });
}

}  // namespace sealane::cli
