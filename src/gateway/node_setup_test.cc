// SPDX-License-Identifier: Apache-2.0
#include "gateway/node_setup.h"

#include <gtest/gtest.h>

namespace sealane::gateway {
namespace {

TEST(ConnectionsWithin, LeavesDescriptorsForFilesHoweverManyLoopsThereAre) {
  for (const std::uint64_t descriptors : {256u, 1024u, 20'000u, 1u << 20}) {
    for (const unsigned loops : {0u, 1u, 4u, 64u}) {
      const std::size_t each = connections_within(descriptors, loops);
      EXPECT_GE(each, 1u);
      EXPECT_LE(each, 20'000u);
      EXPECT_LE(each * std::max(1u, loops) + 128, descriptors);
    }
  }
  EXPECT_EQ(connections_within(10, 1), 1u);
}

}  // namespace
}  // namespace sealane::gateway
