// What a sync would do to the fields of its destination, told before anything is sent.
#pragma once

#include <string>
#include <vector>

#include "connector/destination.h"

namespace sluice::pipeline {

struct FieldNotes {
  connector::FieldsReport report;
  std::string problem;  // why the destination could not be asked; "" when it was, or cannot be
  // One line for each kind, of people's words: "crm gets 2 new fields: city (string), spent (double)".
  std::vector<std::string> lines;
};

// Asks the destination, where it can be asked.
FieldNotes LookAtFields(const std::string& connection, connector::Destination& destination,
                        const std::vector<connector::FieldToSend>& fields,
                        const env::Cancel* cancel);

}  // namespace sluice::pipeline
