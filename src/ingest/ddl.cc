#include "ingest/ddl.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::ingest {
namespace {

struct Token {
  enum class Kind { kWord, kQuoted, kNumber, kText, kSign, kEnd } kind = Kind::kEnd;
  std::string text;  // words as written
  int line = 1;
  bool Is(std::string_view word) const {
    return (kind == Kind::kWord || kind == Kind::kSign) && EqualsIgnoreCase(text, word);
  }
};

bool IsWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {
    if (StartsWith(text_, "\xEF\xBB\xBF")) at_ = 3;
  }

  Result<std::vector<Token>> All() {
    std::vector<Token> tokens;
    while (true) {
      SLUICE_ASSIGN(Token token, Next());
      const bool end = token.kind == Token::Kind::kEnd;
      tokens.push_back(std::move(token));
      if (end) return tokens;
    }
  }

 private:
  void SkipBlanksAndComments() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++at_;
      } else if (text_.substr(at_, 2) == "--") {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_, 2) == "/*") {
        const size_t end = std::min(text_.find("*/", at_ + 2), text_.size());
        line_ += static_cast<int>(std::count(text_.begin() + static_cast<ptrdiff_t>(at_),
                                             text_.begin() + static_cast<ptrdiff_t>(end), '\n'));
        at_ = std::min(end + 2, text_.size());
      } else {
        return;
      }
    }
  }

  Result<Token> Next() {
    SkipBlanksAndComments();
    Token token;
    token.line = line_;
    if (at_ >= text_.size()) return token;
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
      const size_t end = text_.find(c, at_ + 1);
      if (end == std::string_view::npos) {
        return RejectedError(fmt::format("line {}: a quote is not closed", line_));
      }
      token.kind = c == '"' ? Token::Kind::kQuoted : Token::Kind::kText;
      token.text = std::string(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
      return token;
    }
    const size_t from = at_;
    if (IsWordStart(c)) {
      while (at_ < text_.size() && (IsWordStart(text_[at_]) || IsDigit(text_[at_]) ||
                                    text_[at_] == '$' || text_[at_] == '#')) {
        ++at_;
      }
      token.kind = Token::Kind::kWord;
    } else if (IsDigit(c)) {
      while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
      token.kind = Token::Kind::kNumber;
    } else {
      ++at_;
      token.kind = Token::Kind::kSign;
    }
    token.text = std::string(text_.substr(from, at_ - from));
    return token;
  }

  std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
};

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<std::vector<DdlStatement>> Statements() {
    std::vector<DdlStatement> statements;
    while (true) {
      while (Accept(";")) {
      }
      if (Peek().kind == Token::Kind::kEnd) break;
      SLUICE_ASSIGN(DdlStatement statement, Statement());
      statements.push_back(std::move(statement));
    }
    if (statements.empty()) {
      return RejectedError("line 1: no CREATE TABLE or ALTER TABLE in this file");
    }
    return statements;
  }

 private:
  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& Take() {
    const Token& token = Peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool Accept(std::string_view word) {
    if (!Peek().Is(word)) return false;
    Take();
    return true;
  }
  Status Expected(std::string_view what) const {
    const Token& found = Peek();
    return RejectedError(fmt::format(
        "line {}: expected {}, found {}", found.line, what,
        found.kind == Token::Kind::kEnd ? "the end of the file" : "\"" + found.text + "\""));
  }
  Status Require(std::string_view word) {
    if (Accept(word)) return Status::Ok();
    return Expected(fmt::format("\"{}\"", word));
  }

  Result<std::string> Name(std::string_view what) {
    const Token& token = Peek();
    if (token.kind != Token::Kind::kWord && token.kind != Token::Kind::kQuoted) {
      return Expected(what);
    }
    return Lower(Take().text);
  }

  // schema.table, database.schema.table: the last part counts.
  Result<std::string> TableName() {
    SLUICE_ASSIGN(std::string name, Name("the name of a table"));
    while (Accept(".")) {
      SLUICE_ASSIGN(name, Name("the name of a table"));
    }
    return name;
  }

  Result<DdlStatement> Statement() {
    if (Accept("create")) return CreateTable();
    if (Accept("alter")) return AlterTable();
    return Expected("CREATE TABLE or ALTER TABLE");
  }

  Result<DdlStatement> CreateTable() {
    DdlStatement statement;
    if (Accept("temporary") || Accept("temp") || Accept("local")) Accept("temp");
    SLUICE_TRY(Require("table"));
    if (Accept("if")) {
      SLUICE_TRY(Require("not"));
      SLUICE_TRY(Require("exists"));
    }
    SLUICE_ASSIGN(statement.table, TableName());
    SLUICE_TRY(Require("("));
    std::set<std::string> seen;
    do {
      if (IsConstraint(Peek())) {
        SkipToComma();
        continue;
      }
      const int line = Peek().line;
      SLUICE_ASSIGN(DdlColumn column, Column(statement));
      if (!seen.insert(column.name).second) {
        return RejectedError(fmt::format("line {}: column {} stands twice", line, column.name));
      }
      statement.columns.push_back(std::move(column));
    } while (Accept(","));
    SLUICE_TRY(Require(")"));
    SLUICE_TRY(TableAttributes(statement));
    if (statement.columns.empty()) return Expected("at least one column");
    return statement;
  }

  static bool IsConstraint(const Token& token) {
    return token.Is("primary") || token.Is("unique") || token.Is("foreign") ||
           token.Is("constraint") || token.Is("like");
  }

  // Up to the comma or the closing bracket of this level.
  void SkipToComma() {
    int depth = 0;
    while (Peek().kind != Token::Kind::kEnd) {
      if (depth == 0 && (Peek().Is(",") || Peek().Is(")") || Peek().Is(";"))) return;
      if (Peek().Is("(")) ++depth;
      if (Peek().Is(")")) --depth;
      Take();
    }
  }

  Result<DdlColumn> Column(DdlStatement& statement) {
    DdlColumn column;
    SLUICE_ASSIGN(column.name, Name("the name of a column"));
    SLUICE_ASSIGN(column.type, ColumnType());
    while (Peek().kind != Token::Kind::kEnd && !Peek().Is(",") && !Peek().Is(")") &&
           !Peek().Is(";")) {
      // Attributes: not null, default …, encode …, distkey, sortkey, identity(…), primary key.
      if (Peek().Is("distkey")) statement.dist_key.push_back(column.name);
      if (Peek().Is("sortkey")) statement.sort_key.push_back(column.name);
      if (Accept("(")) {
        SkipBracket();
      } else {
        Take();
      }
    }
    return column;
  }

  void SkipBracket() {
    int depth = 1;
    while (depth > 0 && Peek().kind != Token::Kind::kEnd) {
      if (Peek().Is("(")) ++depth;
      if (Peek().Is(")")) --depth;
      Take();
    }
  }

  Result<format::SqlType> ColumnType() {
    const int line = Peek().line;
    if (Peek().kind != Token::Kind::kWord) return Expected("the type of a column");
    std::string text = Take().text;
    // Types of several words: double precision, character varying, timestamp with(out) time zone.
    const std::string first = Lower(text);
    if (first == "double" && Peek().Is("precision")) text += " " + Take().text;
    if ((first == "character" || first == "national") && Peek().Is("varying")) {
      text = "varchar";
      Take();
    }
    if (Accept("(")) {
      text += "(";
      while (!Peek().Is(")") && Peek().kind != Token::Kind::kEnd) text += Take().text;
      SLUICE_TRY(Require(")"));
      text += ")";
    }
    if ((first == "timestamp" || first == "time") && (Peek().Is("with") || Peek().Is("without"))) {
      for (int i = 0; i < 3; ++i) text += " " + Take().text;
    }
    auto type = format::ParseSqlType(text);
    if (!type.ok()) {
      return RejectedError(fmt::format("line {}: {}", line, type.status().message()));
    }
    return type;
  }

  Status TableAttributes(DdlStatement& statement) {
    while (Peek().kind != Token::Kind::kEnd && !Peek().Is(";")) {
      std::vector<std::string>* keys = nullptr;
      if (Peek().Is("distkey")) keys = &statement.dist_key;
      if (Peek().Is("sortkey")) keys = &statement.sort_key;
      if (!Peek().Is("distkey") && !Peek().Is("sortkey") && !IsStorageWord(Peek())) {
        return Expected("distkey, sortkey, diststyle or the end of the statement");
      }
      Take();
      if (!Accept("(")) continue;
      while (!Peek().Is(")") && Peek().kind != Token::Kind::kEnd) {
        const Token& token = Take();
        if (keys != nullptr && token.kind != Token::Kind::kSign) keys->push_back(Lower(token.text));
      }
      SLUICE_TRY(Require(")"));
    }
    return Status::Ok();
  }

  static bool IsStorageWord(const Token& token) {
    constexpr std::string_view kWords[] = {"diststyle", "even",        "all",    "auto",
                                           "key",       "compound",    "backup", "yes",
                                           "no",        "interleaved", "encode"};
    return std::any_of(std::begin(kWords), std::end(kWords),
                       [&](std::string_view word) { return token.Is(word); });
  }

  Result<DdlStatement> AlterTable() {
    DdlStatement statement;
    statement.kind = DdlStatement::Kind::kAddColumns;
    SLUICE_TRY(Require("table"));
    SLUICE_ASSIGN(statement.table, TableName());
    do {
      if (!Accept("add")) return Expected("ADD COLUMN: nothing else of ALTER TABLE is followed");
      Accept("column");
      if (Accept("if")) {
        SLUICE_TRY(Require("not"));
        SLUICE_TRY(Require("exists"));
      }
      SLUICE_ASSIGN(DdlColumn column, Column(statement));
      statement.columns.push_back(std::move(column));
    } while (Accept(","));
    if (Peek().kind != Token::Kind::kEnd && !Peek().Is(";")) return Expected("\";\"");
    return statement;
  }

  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace

Result<std::vector<DdlStatement>> ParseDdl(std::string_view text) {
  SLUICE_ASSIGN(std::vector<Token> tokens, Lexer(text).All());
  return Parser(std::move(tokens)).Statements();
}

std::string CanonicalTableName(std::string_view name) {
  std::string canonical = Lower(name);
  if (EndsWith(canonical, "_s3")) canonical.resize(canonical.size() - 3);
  return canonical;
}

}  // namespace sluice::ingest
