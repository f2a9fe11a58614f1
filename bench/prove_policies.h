// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sealane::bench {

// A policy as people write them, and the question that is asked of it.
struct GeneratedPolicy {
  std::string text;
  std::string type;      // `s3-bucket`
  std::string resource;  // ARN
  std::string claim;     // `enforce`, `grant`, `floor`
  std::string min_tls;
  std::string shape;  // of its part about transport: `canonical`, `carve-out`, …
};

// Policies of resources of five services with the sizes of 1,641 policies that AWS publishes
// (median 723 bytes, p99 25 KB, logarithmically normal), their operators in the proportions counted
// there, 14 % with variables, 22 % with set operators, 1 % with NotAction or NotResource.  In front
// stands a part about transport: two in five as the samples of AWS have it, the others split over
// statements, with carve-outs, with a floor, or with one of the mistakes that are known.
//
// Result: the same for the same seed and count.
std::vector<GeneratedPolicy> generate_policies(unsigned seed, std::size_t count);

}  // namespace sealane::bench
