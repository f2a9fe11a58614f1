// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"
#include "sinks/sink.h"
#include "store/object_store.h"

namespace sealane::sinks {

// A sink without a wire: the lake's own object store.  `store` may be exchanged (the lake started
// anew) or be nullptr (the lake is down).
class StoreSink final : public Sink {
 public:
  explicit StoreSink(const Clock& clock) : clock_(clock) {}
  void set_store(store::ObjectStore* store) { store_ = store; }

  Result<PutOutcome> put_new(const std::string& key, ByteSpan data,
                             const crypto::Sha256& sha256) override {
    if (store_ == nullptr) return fail(ErrorKind::Unavailable, "the lake is down");
    auto put = store_->put(key, data, clock_.now());
    if (put.ok()) return PutOutcome::Created;
    if (put.error().kind != ErrorKind::Conflict) return std::move(put).error();
    SEALANE_ASSIGN(const store::ObjectInfo there, store_->head(key));
    if (there.sha256 != sha256) return std::move(put).error();
    return PutOutcome::AlreadySame;
  }

 private:
  const Clock& clock_;
  store::ObjectStore* store_ = nullptr;
};

}  // namespace sealane::sinks
