// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sealane::mqtt {

// The two dialects of a listener; they contradict each other, so that one listener speaks one.
enum class Profile : std::uint8_t {
  MqttStandard,  // OASIS MQTT 3.1.1
  AwsIotCore,    // the same with the deviations of AWS IoT Core
};

// Every bound of this component.  The defaults are the quotas of AWS IoT Core where it has one,
// except that rates are not limited: the window and the front's back-pressure limit them.
struct Limits {
  std::uint32_t packet_bytes_max = 128 * 1024;  // Remaining Length of one packet
  std::size_t topic_bytes_max = 256;            // of a topic name or filter
  std::size_t topic_levels_max = 8;             // of a topic name or filter; 7 slashes
  std::size_t client_id_bytes_max = 128;
  std::size_t filters_per_packet_max = 8;  // of a SUBSCRIBE or UNSUBSCRIBE
  std::size_t subscriptions_per_session_max = 50;
  std::size_t subscriptions_max = 100'000;  // of a topic tree, all sessions together
  std::size_t inflight_max = 100;           // unacknowledged QoS 1 publishes, each direction
  std::size_t queue_messages_max = 1000;    // deliveries waiting for the window
  std::size_t queue_bytes_max = std::size_t{4} << 20;  // topics and payloads of those
  std::chrono::seconds connect_timeout{10};            // from the open connection to its CONNECT
  // AwsIotCore only: the keep alive is brought into this range, and 0 becomes the maximum.
  std::chrono::seconds keep_alive_min{30};
  std::chrono::seconds keep_alive_max{1200};
};

}  // namespace sealane::mqtt
