#include "config/reference.h"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "config/project_spec.h"

namespace sluice::config {
namespace {

std::string Cell(const std::string& text) {
  return ReplaceAll(ReplaceAll(text, "|", "\\|"), "\n", " ");
}

std::string Link(const std::string& section) {
  return fmt::format("[{}](#{})", section, ReplaceAll(Lower(section), " ", "-"));
}

std::string SectionOf(const std::string& definition) {
  if (definition == "ingest_check") return "check";
  return definition;
}

class PageWriter {
 public:
  void Section(const std::string& title, const std::string& text) {
    page_ += fmt::format("\n## {}\n\n{}\n", title, text);
  }

  void Subsection(const std::string& title, const std::string& text) {
    page_ += fmt::format("\n### {}\n\n{}\n", title, text);
  }

  void Table(const std::vector<OptionSpec>& options) {
    if (options.empty()) return;
    page_ += "\n| option | value | default | meaning |\n|---|---|---|---|\n";
    for (const OptionSpec& option : options) Row(option, "");
  }

  // What a reader of the table has to know on top of it.
  void Rules(const std::vector<Rule>& rules) {
    for (const Rule& rule : rules) {
      std::vector<std::string> names;
      for (const std::string& name : rule.names) names.push_back("`" + name + "`");
      const std::string list = Join(names, ", ");
      switch (rule.kind) {
        case Rule::Kind::kExactlyOne:
          page_ += fmt::format("\nExactly one of {}.\n", list);
          break;
        case Rule::Kind::kAtLeastOne:
          page_ += fmt::format("\nAt least one of {}.\n", list);
          break;
        case Rule::Kind::kAtMostOne:
          page_ += fmt::format("\nNot together: {}.\n", list);
          break;
        case Rule::Kind::kAllOrNone:
          page_ += fmt::format("\nOnly together: {}.\n", list);
          break;
      }
    }
  }

  void Text(const std::string& text) { page_ += text; }
  const std::string& page() const { return page_; }

 private:
  void Row(const OptionSpec& option, const std::string& prefix) {
    const std::string name = prefix + option.name;
    page_ += fmt::format("| `{}` | {} | {} | {} |\n", name, Cell(ValueOf(option)),
                         Cell(DefaultOf(option)), Cell(MeaningOf(option)));
    if (!option.definition.empty()) return;
    if (option.kind == OptionKind::kObject) {
      for (const OptionSpec& field : option.fields) Row(field, name + ".");
    }
    if (option.kind == OptionKind::kMap && option.item[0].kind == OptionKind::kObject &&
        option.item[0].definition.empty()) {
      for (const OptionSpec& field : option.item[0].fields) Row(field, name + ".NAME.");
    }
  }

  static std::string ValueOf(const OptionSpec& option) {
    if (!option.definition.empty()) return Link(SectionOf(option.definition));
    switch (option.kind) {
      case OptionKind::kList:
        return "list of " + ValueOf(option.item[0]);
      case OptionKind::kMap:
        return "name → " + ValueOf(option.item[0]);
      case OptionKind::kFieldMap:
        return Link("fields");
      case OptionKind::kEnum: {
        std::vector<std::string> words;
        for (const Choice& choice : option.choices) words.push_back("`" + choice.word + "`");
        return Join(words, ", ");
      }
      case OptionKind::kObject:
        return "options below";
      case OptionKind::kSecret:
        return "secret";
      case OptionKind::kBytes:
        return "size";
      case OptionKind::kDuration:
        return "duration";
      case OptionKind::kPercent:
        return "percentage";
      case OptionKind::kTextList:
        return option.format == TextFormat::kColumn ? "list of columns" : "list of text";
      default:
        break;
    }
    return Short(option);
  }

  static std::string Short(const OptionSpec& option) {
    if (option.kind != OptionKind::kText) return Expectation(option);
    switch (option.format) {
      case TextFormat::kName:
      case TextFormat::kSqlName:
        return "name";
      case TextFormat::kColumn:
        return "column";
      case TextFormat::kSqlType:
        return "column type";
      case TextFormat::kTimezone:
        return "time zone";
      case TextFormat::kSchedule:
        return "schedule";
      default:
        return Expectation(option);
    }
  }

  static std::string DefaultOf(const OptionSpec& option) {
    if (option.required) return "**required**";
    if (!option.default_note.empty()) return option.default_note;
    return option.default_text ? "`" + *option.default_text + "`" : "";
  }

  static std::string MeaningOf(const OptionSpec& option) {
    std::string text = option.description;
    std::vector<std::string> words;
    for (const Choice& choice : option.choices) {
      words.push_back(fmt::format("`{}`: {}", choice.word, choice.meaning));
    }
    if (words.size() > 1) text += " " + Join(words, "; ") + ".";
    if (!option.example.empty()) text += fmt::format(" Example: `{}`.", option.example);
    if (!option.deprecated.empty()) text += " Deprecated: write " + option.deprecated + ".";
    return text;
  }

  std::string page_;
};

void WriteConnections(const std::vector<ConnectionType>& types, PageWriter* page) {
  const OptionSpec spec = ConnectionSpec(types);
  page->Section("connection",
                spec.description + " `type` says which of the options below there are.");
  page->Table(spec.fields);
  for (size_t i = 0; i < types.size(); ++i) {
    const ConnectionType& type = types[i];
    std::vector<std::string> roles;
    if (type.store) roles.push_back("`from` of an ingest");
    if (type.destination) roles.push_back("`to` of a sync");
    std::string text = fmt::format("{}\n\nCan be: {}.", type.description, Join(roles, ", "));
    if (!type.objects.empty()) {
      text += fmt::format(" Objects of a sync: `{}`.", Join(type.objects, "`, `"));
    }
    page->Subsection("type: " + type.type, text);
    page->Table(type.options);
    page->Rules(type.rules);
  }
}

void WriteIngests(PageWriter* page) {
  const OptionSpec spec = IngestSpec();
  page->Section("ingest", spec.description + " `layout` says how files become tables.");
  page->Table(spec.fields);
  for (const OptionSpec& layout : spec.variants) {
    page->Subsection("layout: " + layout.name, layout.description);
    page->Table(layout.fields);
    page->Rules(layout.rules);
  }
  const OptionSpec& column =
      spec.variants.back().Field("tables")->item[0].Field("columns")->item[0];
  page->Section(column.definition, column.description);
  page->Table(column.variants[1].fields);
  for (const OptionSpec& option : spec.fields) {
    if (option.definition.empty()) continue;
    page->Section(option.definition, option.description);
    page->Table(option.fields);
  }
  const OptionSpec check = CheckSpec(true);
  page->Section("check", check.description +
                             " In an ingest it concerns all its tables, in a table or a "
                             "model that one; `tables` is known in ingests only.");
  page->Table(check.fields);
  page->Rules(check.rules);
  for (const OptionSpec& kind : check.fields) {
    if (kind.name == "volume") page->Text("\nIn `volume`:\n");
    if (kind.name == "volume") page->Rules(kind.rules);
  }
}

void WriteModels(PageWriter* page) {
  const OptionSpec spec = ModelSpec();
  page->Section("model",
                spec.description +
                    " A text that ends in `.sql` is a file; any other text without a blank is a "
                    "table or view. `{{ ref('name') }}` in the SQL names another model or a loaded "
                    "table and gives the order; so does its plain name behind FROM or JOIN. `${…}` "
                    "in SQL stays as it is. With options:");
  page->Table(spec.variants[1].fields);
  page->Rules(spec.variants[1].rules);
}

void WriteSyncs(PageWriter* page) {
  const OptionSpec spec = SyncSpec();
  page->Section("sync", spec.description);
  page->Table(spec.fields);
  const OptionSpec& field = spec.Field("fields")->item[0];
  page->Section(
      "fields",
      "Destination's field → column of the model, or a map with the options below. A map without "
      "any of these options is an object at the destination: `address: { city: c }` is the same "
      "as `address.city: c`. A nested field that is called like an option is written with a dot: "
      "`price.value: amount`.");
  page->Table(field.variants[1].fields);
  page->Rules(field.variants[1].rules);
  page->Text(
      "\nA constant without quotes is a number or a boolean where it looks like one; in quotes it "
      "is "
      "text.\n");
}

void WritePersons(PageWriter* page) {
  const OptionSpec spec = PersonSpec();
  page->Section(spec.definition, spec.description);
  page->Table(spec.fields);
}

}  // namespace

std::string ProjectReference(const std::vector<ConnectionType>& connection_types) {
  const OptionSpec root = ProjectSpec(connection_types);
  PageWriter page;
  page.Text(
      "<!-- Made by sluice-reference from src/config; do not edit. -->\n\n# The project file\n\n");
  page.Text(ReferenceIntroduction());
  page.Section("How values are written", ReferenceNotation());
  page.Section("Sections", "What stands at the top of the file.");
  page.Table(root.fields);
  page.Section("warehouse", WarehouseSpec().description);
  page.Table(WarehouseSpec().fields);
  page.Section("retention", RetentionSpec().description);
  page.Table(RetentionSpec().fields);
  WriteConnections(connection_types, &page);
  page.Section(
      "environment",
      "Sections `warehouse` and `connections` with the options that are different there. An option "
      "replaces the one of the same name; a connection or warehouse of another `type` replaces the "
      "whole; a connection that is new needs all its options.");
  WriteIngests(&page);
  WriteModels(&page);
  WriteSyncs(&page);
  WritePersons(&page);
  return page.page();
}

}  // namespace sluice::config
