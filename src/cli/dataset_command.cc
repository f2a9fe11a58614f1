// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "base/json.h"
#include "base/log.h"
#include "cli/dataset_reader.h"
#include "cli/endpoint_option.h"
#include "cli/pipeline_option.h"
#include "cli/reader_setup.h"

namespace sealane::cli {
namespace {

struct ReadArguments {
  PipelineOptions pipeline;
  std::string consumer;
  std::string peer;
  std::string expect_head;
  std::string out;
};

std::string to_line(const DatasetRecord& record) {
  json::Writer w;
  w.begin_object()
      .field("sequence", record.sequence)
      .field("thing", record.thing)
      .field("topic", record.topic);
  w.field("received", record.received).field("payload_base64", to_base64(record.payload));
  return w.end_object().str() + "\n";
}

// Where the lake is when the caller says it.
Result<std::optional<tls::Endpoint>> lake_of(const LoadedPipeline& loaded,
                                             const std::string& peer) {
  if (peer.empty()) return std::optional<tls::Endpoint>();
  SEALANE_ASSIGN(auto named, parse_peer(peer));
  const pipeline::Node* node = loaded.pipeline.find_node(named.first);
  if (node == nullptr || node->kind != pipeline::NodeKind::Store)
    return fail(ErrorKind::NotFound, "the pipeline has no store `" + named.first + "`", "");
  return std::optional(std::move(named.second));
}

// Collects lines and writes the file whole at the end, so that a failed read leaves nothing.
Result<int> run_read(Env& env, const LoadedPipeline& loaded, const ReadArguments& arguments) {
  const SystemClock clock;
  SEALANE_ASSIGN(auto lake, lake_of(loaded, arguments.peer));
  SEALANE_ASSIGN(ReaderSetup reader, set_up_reader(env, loaded, {arguments.consumer, lake}, clock));
  SEALANE_ASSIGN(std::optional<keys::ManifestHead> head, load_head(env, reader.head_file));
  if (!arguments.expect_head.empty()) {
    SEALANE_ASSIGN(head, keys::parse_manifest_head(arguments.expect_head));
  }
  const DatasetSource source{*reader.client, loaded.pipeline.name, reader.dataset,
                             reader.manifest_key_pem, head};
  Bytes lines;
  SEALANE_ASSIGN(const DatasetRead read,
                 read_dataset(source, reader.opener, [&](const DatasetRecord& record) {
                   append(lines, to_line(record));
                   return Status();
                 }));
  if (!arguments.out.empty())
    SEALANE_TRY(write_file_atomic(env, arguments.out, lines, IfExists::Replace));
  const keys::ManifestSummary& summary = read.manifest.summary;
  if (summary.head) SEALANE_TRY(save_head(env, reader.head_file, *summary.head));
  const std::string head_text = summary.head ? keys::to_text(*summary.head) : "";
  if (arguments.pipeline.format == OutputFormat::Json) {
    json::Writer w(2);
    w.begin_object()
        .field("dataset", reader.dataset)
        .field("bundles", summary.entries)
        .field("records", read.records);
    w.field("head", head_text)
        .field("freshness", keys::to_string(summary.freshness))
        .field("out", arguments.out);
    w.key("unlisted").begin_array();
    for (const std::string& name : read.unlisted) w.value(name);
    w.end_array();
    print(w.end_object().str() + "\n");
  } else {
    if (arguments.out.empty()) print(as_text(lines));
    std::fputs((std::to_string(read.records) + " records in " + std::to_string(summary.entries) +
                " bundles, head " + head_text + ", freshness " +
                std::string(keys::to_string(summary.freshness)) + "\n")
                   .c_str(),
               stderr);
    for (const std::string& name : read.unlisted)
      std::fputs(("note: `" + name +
                  "` is in no entry of the manifest: foreign, or its entry is still to come; not "
                  "read\n")
                     .c_str(),
                 stderr);
  }
  return static_cast<int>(kOk);
}

}  // namespace

void add_dataset_command(CLI::App& app, Chosen& chosen) {
  CLI::App* dataset = add_command(app, "dataset", "Data sets in the lake: read and verify",
                                  "  sealane dataset read --as trainer");
  dataset->require_subcommand(1);
  auto a = std::make_shared<ReadArguments>();
  CLI::App* command =
      add_command(*dataset, "read",
                  "Verify a data set's manifest, open its bundles, write its records as JSON lines",
                  "  sealane dataset read --as trainer --out records.ndjson\n"
                  "  sealane dataset read --expect-head 12:9f86d0…");
  add_pipeline_options(command, a->pipeline);
  command->add_option("--as", a->consumer, "the consumer to read as (default: the only one)");
  command->add_option("--peer", a->peer, "where the lake is, in place of what the file says")
      ->type_name("NODE=HOST:PORT");
  command
      ->add_option("--expect-head", a->expect_head,
                   "newest manifest entry known; an older lake is refused")
      ->type_name("INDEX:SHA256");
  command->add_option("--out", a->out, "file for the records (default: standard output)")
      ->type_name("FILE");
  on_run(command, chosen, [a] {
    log::configure({.least = log::Level::Warning, .format = log::Format::Text});
    return with_pipeline(a->pipeline, [&](Env& env, const LoadedPipeline& loaded) {
      return run_read(env, loaded, *a);
    });
  });
}

}  // namespace sealane::cli
