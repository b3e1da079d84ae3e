// A store that can be read and never changed, whatever the one behind it can do.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connector/store.h"

namespace sluice::connector {

class ReadOnlyStore : public Store {
 public:
  explicit ReadOnlyStore(std::unique_ptr<Store> inner) : inner_(std::move(inner)) {}
  std::string Describe() const override { return inner_->Describe(); }
  Result<Listing> List(std::string_view prefix, const env::Cancel* cancel) override {
    return inner_->List(prefix, cancel);
  }
  Result<FetchedFile> Fetch(const StoredFile& file, const std::string& spool_path,
                            const std::function<void(uint64_t)>& progress,
                            const env::Cancel* cancel) override {
    return inner_->Fetch(file, spool_path, progress, cancel);
  }
  Result<std::string> ReadSmall(const StoredFile& file, uint64_t limit,
                                const env::Cancel* cancel) override {
    return inner_->ReadSmall(file, limit, cancel);
  }
  Status Probe(const env::Cancel* cancel) override { return inner_->Probe(cancel); }
  std::vector<std::string> TakeNotes() override { return inner_->TakeNotes(); }

 private:
  std::unique_ptr<Store> inner_;
};

}  // namespace sluice::connector
