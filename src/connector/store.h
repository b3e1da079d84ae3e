// The contract of a store: something that holds files (a folder, a bucket). Whatever a layout needs
// to know about files it learns here; formats and layouts never see which store it is.
//
// Conformance: every implementation and every fake passes connector/store_conformance.h.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::connector {

struct StoredFile {
  // Relative to the store's root, '/' between parts, no leading '/': "POD1/7/bi_dimuser/12/part.csv".
  std::string path;
  uint64_t size = 0;         // bytes
  env::Micros modified = 0;  // as the store tells; arbitrary when the files were copied by a tool
  // Changes whenever the content changes (S3: ETag without quotes; files: made from size, mtime and
  // inode). Opaque. Never empty.
  std::string tag;
};

struct Listing {
  std::vector<StoredFile> files;  // sorted by path, bytewise
};

// What `Fetch` found while it copied a file.
struct FetchedFile {
  std::string local_path;  // the copy, or the file itself where the store is a local folder
  uint64_t size = 0;
  std::string content_hash;  // XXH3-128 of the bytes, 32 hex digits
};

// Changing what a store holds: an ability that not every store has (Store::editor). Thread-safe.
class StoreEditor {
 public:
  virtual ~StoreEditor() = default;

  // The bytes of `file` are afterwards at `to` (a path of the store, folders are made) and no more
  // where they were. Nothing is ever overwritten: when `to` is there with the same content, as a move
  // that was broken off leaves it, only the old name goes; with another one it is kRejected and nothing
  // happens. kRetry "changed" when the file is not as it was listed, kNotFound when it is gone. Broken
  // off anywhere, the file is at one of the two places, or at both.
  virtual Status Move(const StoredFile& file, const std::string& to, const env::Cancel* cancel) = 0;

  // As it was listed, or not at all. kNotFound when it is gone.
  virtual Status Remove(const StoredFile& file, const env::Cancel* cancel) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // For messages: "s3://bucket/prefix" or the folder's path. Holds no credentials.
  virtual std::string Describe() const = 0;

  // All files whose path begins with `prefix`, complete or an error: never a part of a listing.
  // Memory grows with the number of files (about 300 bytes each). Thread-safe.
  virtual Result<Listing> List(std::string_view prefix, const env::Cancel* cancel) = 0;

  // Makes the bytes of `file` readable at a local path and verifies them: size and tag as listed
  // (kRetry "changed while it was read" when the store's object is another by now), and the store's
  // own checksum where it has one. A store that is not local copies into `spool_path` (complete or
  // not there: written to a neighbour and renamed). `progress` (may be empty) is told the bytes of
  // this file so far; they fall back when a transfer begins anew. kNotFound when it is gone.
  // Thread-safe.
  virtual Result<FetchedFile> Fetch(const StoredFile& file, const std::string& spool_path,
                                    const std::function<void(uint64_t)>& progress,
                                    const env::Cancel* cancel) = 0;

  // The whole content of a small file (schema files), verified as `Fetch` does; larger than `limit`
  // bytes is an error. Thread-safe.
  virtual Result<std::string> ReadSmall(const StoredFile& file, uint64_t limit,
                                        const env::Cancel* cancel) = 0;

  // For `validate --connect`: one cheap request that shows whether address and credentials are right.
  virtual Status Probe(const env::Cancel* cancel) = 0;

  // Null: what it holds cannot be changed. Lives as long as the store.
  virtual StoreEditor* editor() { return nullptr; }

  // What the user should know of how the store was reached, each once: "the bucket lies in region …".
  virtual std::vector<std::string> TakeNotes() { return {}; }
};

}  // namespace sluice::connector
