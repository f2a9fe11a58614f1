// SPDX-License-Identifier: Apache-2.0
#include "pipeline/template.h"

#include "pipeline/model.h"

namespace sealane::pipeline {
namespace {

constexpr std::string_view kPipeline =
    R"(# One path: devices -> edge -> lake -> trainer, three hops, each over mutual TLS.
# `sealane check pipeline.yaml` says what each hop is worth.
version: 1
pipeline: @NAME@

transit:                       # the floor for every hop; a hop may only be stricter
  min_tls: "1.3"
  client_identity: required
  post_quantum: prefer         # off | prefer; a build that cannot says so

keys:
  journal:  { provider: local }               # seals what waits at the edge
  training: { provider: local, rotate: 90d }  # seals what lies in the lake

nodes:
  devices: { kind: device, things: devices.csv }
  edge:    { kind: gateway, listen: [ { mqtt: 8883, profile: aws-iot-core } ], journal: { seal: journal } }
  lake:    { kind: store, on: local, listen: [ { https: 9443 } ], bundle: webdataset }
  trainer: { kind: consumer }

hops:
  - { from: devices, to: edge,    over: mqtt, policy: policies/device.json, key: "${thing}", ack: durable }
  - { from: edge,    to: lake,    over: s3,   seal: training }
  - { from: lake,    to: trainer, over: s3 }

accept: []   # { hop: edge->lake, floor: "1.2", because: "...", until: 2027-06-30 }
)";

constexpr std::string_view kPolicy = R"({
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ConnectAsItself",
      "Effect": "Allow",
      "Action": "iot:Connect",
      "Resource": "arn:aws:iot:local:000000000000:client/${iot:Connection.Thing.ThingName}"
    },
    {
      "Sid": "PublishItsOwn",
      "Effect": "Allow",
      "Action": "iot:Publish",
      "Resource": "arn:aws:iot:local:000000000000:topic/devices/${iot:Connection.Thing.ThingName}/data"
    },
    {
      "Sid": "SubscribeToItsOwnCommands",
      "Effect": "Allow",
      "Action": "iot:Subscribe",
      "Resource": "arn:aws:iot:local:000000000000:topicfilter/devices/${iot:Connection.Thing.ThingName}/commands"
    },
    {
      "Sid": "ReceiveItsOwnCommands",
      "Effect": "Allow",
      "Action": "iot:Receive",
      "Resource": "arn:aws:iot:local:000000000000:topic/devices/${iot:Connection.Thing.ThingName}/commands"
    }
  ]
}
)";

constexpr std::string_view kThings = "name,site\ndevice-1,somewhere\n";
constexpr std::string_view kGitignore = "# identities, keys and data of this machine\n.sealane/\n";

}  // namespace

std::vector<TemplateFile> template_files(std::string_view pipeline_name) {
  constexpr std::string_view kMark = "@NAME@";
  std::string pipeline(kPipeline);
  pipeline.replace(pipeline.find(kMark), kMark.size(), pipeline_name);
  return {{"pipeline.yaml", std::move(pipeline)},
          {"policies/device.json", std::string(kPolicy)},
          {"devices.csv", std::string(kThings)},
          {".gitignore", std::string(kGitignore)}};
}

std::string template_name(std::string_view folder_name) {
  constexpr std::size_t kNameMax = 63;
  std::string out;
  for (char c : folder_name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (letter)
      out += c;
    else if (!out.empty() && out.back() != '-')
      out += '-';
    if (out.size() == kNameMax) break;
  }
  while (out.ends_with('-')) out.pop_back();
  if (out.empty()) return "pipeline";
  return is_pipeline_name(out) ? out : "pipeline-" + out;
}

}  // namespace sealane::pipeline
