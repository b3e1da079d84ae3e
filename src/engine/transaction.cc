#include "base/check.h"
#include "engine/statement.h"

namespace sluice::engine {

struct Transaction::Impl {
  Connection::Impl* connection = nullptr;
  bool open = false;
};

Transaction::Transaction() : impl_(std::make_unique<Impl>()) {}

Result<std::unique_ptr<Transaction>> Transaction::Begin(Connection& connection) {
  Connection::Impl& impl = *connection.impl_;
  SLUICE_CHECK(!impl.in_transaction, "a transaction inside a transaction");
  impl.database->writer.Take();
  std::unique_ptr<Transaction> transaction(new Transaction());
  transaction->impl_->connection = &impl;
  Status begun = impl.database->Usable();
  if (begun.ok()) begun = RunOwn(impl.connection, "BEGIN TRANSACTION");
  if (!begun.ok()) {
    impl.database->writer.Release();
    return begun;
  }
  impl.in_transaction = true;
  impl.failed = false;
  transaction->impl_->open = true;
  return transaction;
}

Transaction::~Transaction() {
  if (impl_->open) (void)Rollback();
}

Status Transaction::Commit() {
  SLUICE_CHECK(impl_->open, "commit of a transaction that has ended");
  Connection::Impl& connection = *impl_->connection;
  if (connection.failed) {
    SLUICE_TRY(Rollback());
    return FailedError("the transaction was rolled back because a statement in it failed");
  }
  const Status committed = RunOwn(connection.connection, "COMMIT");
  if (!committed.ok()) {
    (void)Rollback();
    return committed.WithContext("commit");
  }
  const Status named = connection.database->MakeLogNameDurable();
  impl_->open = false;
  connection.in_transaction = false;
  connection.database->writer.Release();
  return named;
}

Status Transaction::Rollback() {
  SLUICE_CHECK(impl_->open, "rollback of a transaction that has ended");
  Connection::Impl& connection = *impl_->connection;
  const Status rolled_back = RunOwn(connection.connection, "ROLLBACK");
  impl_->open = false;
  connection.in_transaction = false;
  connection.failed = false;
  RestoreOrder(connection);
  connection.database->writer.Release();
  // The engine has nothing to roll back where a failed COMMIT has done it already.
  const bool nothing = rolled_back.message().find("no transaction is active") != std::string::npos;
  return nothing ? Status::Ok() : rolled_back;
}

}  // namespace sluice::engine
