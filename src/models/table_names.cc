#include "models/table_names.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <set>

#include "base/text.h"
#include "warehouse/dialect.h"

namespace sluice::models {
namespace {

struct Token {
  enum class Kind { kWord, kQuotedName, kSign, kOther, kEnd } kind = Kind::kEnd;
  std::string text;  // of a word or name, lower-cased; of a sign, itself
  size_t at = 0;

  bool IsName() const { return kind == Kind::kWord || kind == Kind::kQuotedName; }
  bool IsWord(std::string_view word) const { return kind == Kind::kWord && text == word; }
  bool IsSign(char sign) const { return kind == Kind::kSign && text[0] == sign; }
};

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

class Tokens {
 public:
  explicit Tokens(std::string_view sql) : sql_(sql) {}

  Token Next() {
    SkipBlanks();
    Token token;
    token.at = at_;
    if (at_ >= sql_.size()) return token;
    const char c = sql_[at_];
    if (c == '"') {
      token.kind = Token::Kind::kQuotedName;
      token.text = Lower(ReplaceAll(Quoted('"', false), "\"\"", "\""));
    } else if (c == '\'') {
      token.kind = Token::Kind::kOther;
      Quoted('\'', false);
    } else if (c == '$' || sql_.substr(at_, 2) == "{{") {
      token.kind = Token::Kind::kOther;
      if (c == '$') {
        SkipDollars();
      } else {
        SkipPast("}}");
      }
    } else if (IsWordByte(c)) {
      while (at_ < sql_.size() && IsWordByte(sql_[at_])) ++at_;
      token.kind = Token::Kind::kWord;
      token.text = Lower(sql_.substr(token.at, at_ - token.at));
      if (token.text == "e" && at_ < sql_.size() && sql_[at_] == '\'') {
        token.kind = Token::Kind::kOther;
        Quoted('\'', true);
      }
    } else {
      token.kind = Token::Kind::kSign;
      token.text = c;
      ++at_;
    }
    return token;
  }

 private:
  void SkipBlanks() {
    while (at_ < sql_.size()) {
      if (std::isspace(static_cast<unsigned char>(sql_[at_])) != 0) {
        ++at_;
      } else if (sql_.substr(at_, 2) == "--") {
        SkipPast("\n");
      } else if (sql_.substr(at_, 2) == "/*") {
        SkipPast("*/");
      } else {
        return;
      }
    }
  }

  void SkipPast(std::string_view end) {
    const size_t found = sql_.find(end, at_);
    at_ = found == std::string_view::npos ? sql_.size() : found + end.size();
  }

  // `$$text$$`, `$tag$text$tag$`; a parameter (`$1`) is passed over.
  void SkipDollars() {
    size_t end = at_ + 1;
    while (end < sql_.size() && IsWordByte(sql_[end])) ++end;
    const bool opens = end < sql_.size() && sql_[end] == '$';
    const std::string_view tag = sql_.substr(at_, end + 1 - at_);
    at_ = opens ? end + 1 : end;
    if (opens) SkipPast(tag);
  }

  // What stands between the quotes, of which two in a row are one of the text.
  std::string_view Quoted(char quote, bool escapes) {
    const size_t begin = ++at_;
    while (at_ < sql_.size()) {
      if (escapes && sql_[at_] == '\\') {
        ++at_;
      } else if (sql_[at_] == quote) {
        if (at_ + 1 >= sql_.size() || sql_[at_ + 1] != quote) break;
        ++at_;
      }
      ++at_;
    }
    const size_t end = std::min(at_, sql_.size());
    at_ = std::min(end + 1, sql_.size());
    return sql_.substr(begin, end - begin);
  }

  std::string_view sql_;
  size_t at_ = 0;
};

bool IsOneOf(const Token& token, std::initializer_list<std::string_view> words) {
  return token.kind == Token::Kind::kWord &&
         std::find(words.begin(), words.end(), token.text) != words.end();
}

// What is known of the brackets that are open.
struct Frame {
  enum class With { kNo, kName, kBody } with = With::kNo;
  bool at_start = true;      // of a statement
  bool wants_table = false;  // behind FROM, JOIN, and commas of a FROM
  bool in_from = false;
  bool ignores_from = false;  // extract(day FROM x)
  bool recursive = false;
  bool is_body = false;  // of a common table expression of the frame around it
  std::string pending;   // whose body is awaited
  std::set<std::string> expressions;
};

class Scan {
 public:
  explicit Scan(std::string_view sql) : sql_(sql), frames_(1) {
    Tokens tokens(sql);
    do tokens_.push_back(tokens.Next());
    while (tokens_.back().kind != Token::Kind::kEnd);
  }

  std::vector<NamedTable> Run() {
    for (at_ = 0; Now().kind != Token::Kind::kEnd; ++at_) Look();
    return std::move(found_);
  }

 private:
  Frame& frame() { return frames_.back(); }

  const Token& Now() const { return tokens_[at_]; }
  const Token& Ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& Before(size_t n = 1) const {
    static const Token kNothing;
    return at_ >= n ? tokens_[at_ - n] : kNothing;
  }

  void Look() {
    if (Now().IsSign('(')) return Open();
    if (Now().IsSign(')')) return Close();
    if (Now().IsSign(';')) return frames_.assign(1, Frame());
    if (frame().with != Frame::With::kNo && InWith()) return;
    if (Now().IsSign(',')) {
      frame().wants_table = frame().in_from;
      return;
    }
    const bool wants_table = frame().wants_table;
    const bool at_start = frame().at_start;
    frame().at_start = false;
    if (wants_table && Now().IsWord("lateral")) return;
    frame().wants_table = false;
    if (wants_table && Now().IsName() && !IsOneOf(Now(), {"select", "with", "values", "from"})) {
      return Chain();
    }
    Keyword(at_start);
  }

  void Keyword(bool at_start) {
    if (IsOneOf(Now(), {"from", "join"})) {
      const bool compares = Before().IsWord("distinct") && IsOneOf(Before(2), {"is", "not"});
      if (!compares && !frame().ignores_from) frame().wants_table = frame().in_from = true;
    } else if (at_start && Now().IsWord("with")) {
      frame().with = Frame::With::kName;
      frame().in_from = false;
    } else if (at_start && IsOneOf(Now(), {"table", "pivot", "unpivot", "summarize"})) {
      frame().wants_table = true;
    } else if (IsOneOf(Now(), {"select", "values", "where", "group", "having", "order", "limit",
                               "window", "qualify", "union", "intersect", "except"})) {
      frame().in_from = false;
      if (Now().IsWord("select")) frame().ignores_from = false;
    }
  }

  // Of the list behind WITH; false where it has ended.
  bool InWith() {
    Frame& list = frame();
    if (list.with == Frame::With::kName) {
      if (Now().IsWord("recursive")) {
        list.recursive = true;
      } else if (Now().IsName()) {
        list.pending = Now().text;
        if (list.recursive) list.expressions.insert(list.pending);
        list.with = Frame::With::kBody;
      }
      return true;
    }
    // Columns, AS, MATERIALIZED, USING KEY: until the body was read, which empties `pending`.
    if (!list.pending.empty()) return true;
    if (Now().IsSign(',')) {
      list.with = Frame::With::kName;
      return true;
    }
    list.with = Frame::With::kNo;
    list.at_start = true;
    return false;
  }

  void Open() {
    Frame inner;
    Frame& outer = frame();
    inner.is_body = outer.with == Frame::With::kBody && IsOneOf(Before(), {"as", "materialized"});
    // FROM (a JOIN b ON …)
    inner.wants_table = inner.in_from = outer.wants_table;
    inner.ignores_from = IsOneOf(Before(), {"extract", "substring", "trim", "overlay", "position"});
    outer.wants_table = false;
    outer.at_start = false;
    frames_.push_back(std::move(inner));
  }

  void Close() {
    if (frames_.size() == 1) return;
    const bool was_body = frame().is_body;
    frames_.pop_back();
    if (!was_body) return;
    // Its own body does not see it: there the name is that of a table.
    frame().expressions.insert(frame().pending);
    frame().pending.clear();
  }

  // `a`, `main.a`, `warehouse.main.a`
  void Chain() {
    const size_t first = at_;
    while (Ahead().IsSign('.') && at_ + 2 < tokens_.size() && tokens_[at_ + 2].IsName()) at_ += 2;
    if (Ahead().IsSign('(')) return;  // a function
    if (Ahead().IsSign(':')) {        // an alias before its table
      ++at_;
      frame().wants_table = true;
      return;
    }
    const bool qualified = at_ > first;
    if (qualified && Before(2).text != warehouse::kMainSchema) return;
    if (qualified || !IsExpression(Now().text)) Take(Now());
  }

  bool IsExpression(const std::string& name) const {
    return std::any_of(frames_.begin(), frames_.end(),
                       [&](const Frame& frame) { return frame.expressions.count(name) > 0; });
  }

  void Take(const Token& name) {
    if (!names_.insert(name.text).second) return;
    const std::string_view before = sql_.substr(0, name.at);
    const size_t line = before.rfind('\n') + 1;  // 0 where there is none
    found_.push_back({name.text,
                      static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                      static_cast<int>(name.at - line) + 1});
  }

  std::string_view sql_;
  std::vector<Token> tokens_;  // the last one is kEnd
  size_t at_ = 0;
  std::vector<Frame> frames_;  // the innermost last
  std::set<std::string> names_;
  std::vector<NamedTable> found_;
};

}  // namespace

std::vector<NamedTable> FindTableNames(std::string_view sql) {
  return Scan(sql).Run();
}

}  // namespace sluice::models
