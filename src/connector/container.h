// An optional ability of a destination: rows go into a thing of its own there (a list, a catalog), which
// is looked up before anything else and made where it is missing. A Destination that is one derives from
// both; Prepare works before it is found, for plans; Send comes after.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"
#include "connector/destination.h"
#include "env/clock.h"

namespace sluice::connector {

class Container {
 public:
  virtual ~Container() = default;
  // "the list \"VIP guests\"": for people.
  virtual std::string Name() const = 0;
  // Looks it up; changes nothing. Whether it is there. kConfig when it cannot be told which one is meant,
  // or when it is not there and cannot be made.
  virtual Result<bool> Find(const env::Cancel* cancel) = 0;
  // What tells it from another one that gets its name later ("list 17"); "" until it was found or made.
  virtual std::string Id() const = 0;
  // Makes it, after Find saw none. After an error that is not kConfig or kAuth it may be there all the
  // same, or come to be: Find tells.
  virtual Status Make(const env::Cancel* cancel) = 0;
  // Gives fields that it does not know yet their types, where they have to be given. Before rows go.
  virtual Status Define(std::span<const FieldToSend> fields, const env::Cancel* cancel) {
    (void)fields;
    (void)cancel;
    return Status::Ok();
  }
  // How many it holds; only after it was found or made. For people: it may be counted late.
  virtual Result<uint64_t> Size(const env::Cancel* cancel) = 0;
};

// Null without it. Belongs to the destination.
inline Container* ContainerOf(Destination& destination) {
  return dynamic_cast<Container*>(&destination);
}

}  // namespace sluice::connector
