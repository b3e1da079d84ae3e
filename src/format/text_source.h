// The text of a file in UTF-8, whatever it is written in.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "format/byte_source.h"
#include "format/csv_dialect.h"

namespace sluice::format {

// kConfig unless it is "auto" or the name of an encoding that iconv turns into UTF-8. Only that.
Status CheckEncodingName(const std::string& encoding);

// The bytes of the file at `path`, decompressed (OpenByteSource) and decoded as the dialect says. Bytes that
// mean nothing in the encoding come out as ones that are no UTF-8, so that the record is found to be
// broken and not what it was not. Places in the file are places in this text.
Result<std::unique_ptr<ByteSource>> OpenCsvText(const std::string& path, const CsvDialect& dialect);

// The same for bytes from anywhere.
Result<std::unique_ptr<ByteSource>> DecodeText(std::unique_ptr<ByteSource> bytes,
                                               const std::string& encoding);

// What the file's text is written in: "UTF-8", or what would be declared (utf-16le). By the byte order mark where
// nothing is.
Result<std::string> EncodingOf(const std::string& path, const CsvDialect& dialect);

// Whether the file is UTF-8 as it lies there: compressed, perhaps, but not to be decoded.
Result<bool> IsUtf8(const std::string& path, const CsvDialect& dialect);

}  // namespace sluice::format
