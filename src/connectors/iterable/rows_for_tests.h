// Operations with memory of their own, for the tests of this folder.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "connector/destination.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {

class RowsForTests {
 public:
  explicit RowsForTests(ProjectType project) : project_(project) {}
  RowsForTests(const RowsForTests&) = delete;

  RowsForTests& Add(const std::string& payload) {
    const auto identity = IdentityOfUser(project_, payload);
    connector::Operation operation;
    operation.key = texts_.emplace_back(std::to_string(operations_.size()));
    operation.payload = texts_.emplace_back(payload);
    // One that nothing identifies is only equal to itself.
    operation.identity = texts_.emplace_back(identity.ok() ? identity.value() : "?" + payload);
    operations_.push_back(operation);
    return *this;
  }

  std::span<const connector::Operation> operations() const { return operations_; }
  size_t size() const { return operations_.size(); }
  ProjectType project() const { return project_; }

 private:
  ProjectType project_;
  std::deque<std::string> texts_;
  std::vector<connector::Operation> operations_;
};

// The same with identities that somebody else knows.
class EventRows {
 public:
  void Add(const std::string& key, const std::string& identity, const std::string& payload) {
    connector::Operation operation;
    operation.key = texts_.emplace_back(key);
    operation.identity = texts_.emplace_back(identity);
    operation.payload = texts_.emplace_back(payload);
    operations_.push_back(operation);
  }
  std::span<const connector::Operation> operations() const { return operations_; }
  size_t size() const { return operations_.size(); }

 private:
  std::deque<std::string> texts_;
  std::vector<connector::Operation> operations_;
};

}  // namespace sluice::connectors::iterable
