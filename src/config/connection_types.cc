#include "config/connection_types.h"

namespace sluice::config {
namespace {

OptionSpec CaFile() {
  return Option(OptionKind::kPath, "ca_file",
                "Certificates (PEM) to trust instead of those of the system.")
      .Example("certs/company.pem");
}

}  // namespace

ConnectionType FileConnection() {
  ConnectionType type;
  type.type = "file";
  type.description =
      "A folder on this machine. As a store it holds files to load; as a destination it takes one "
      "JSON line per operation (kind, key, payload).";
  type.store = true;
  type.destination = true;
  type.mirrors = true;
  type.options = {
      Option(OptionKind::kPath, "path", "The folder, relative to the project's.")
          .Required()
          .Identity()
          .Example("./drop"),
      EnumOption("on_forget",
                 "What `sluice forget` does with what was written here about the person.",
                 {{"leave", "it stays"}, {"delete", "the lines with their keys are taken out"}})
          .Default("leave"),
  };
  return type;
}

ConnectionType S3Connection() {
  ConnectionType type;
  type.type = "s3";
  type.description = "A bucket of Amazon S3 or of anything that speaks its protocol.";
  type.store = true;
  type.options = {
      Option(OptionKind::kText, "bucket", "Name of the bucket.")
          .Required()
          .Identity()
          .Example("customer-folder"),
      Option(OptionKind::kText, "region", "Region that requests are signed for.")
          .Default("us-east-1")
          .Example("eu-central-1"),
      Option(OptionKind::kText, "endpoint",
             "Address of a server other than Amazon's; https:// unless http:// is written.")
          .Identity()
          .Example("https://minio.example.com:9000"),
      Option(OptionKind::kText, "prefix", "Where in the bucket the files begin.")
          .Identity()
          .Example("exports/zenoti/"),
      EnumOption("url_style", "Where the name of the bucket goes in a URL.",
                 {{"auto", "`virtual` at Amazon, `path` at an `endpoint`"},
                  {"path", "https://host/bucket/key"},
                  {"virtual", "https://bucket.host/key"}})
          .Default("auto"),
      Option(
          OptionKind::kText, "access_key_id",
          "Key id. Without it keys come from `profile`, the environment (AWS_ACCESS_KEY_ID …) or "
          "the credentials file.")
          .Credential()
          .Example("${DROP_KEY_ID}"),
      Option(OptionKind::kSecret, "secret_access_key",
             "The secret that belongs to `access_key_id`.")
          .Example("${DROP_SECRET}"),
      Option(OptionKind::kSecret, "session_token", "Token of temporary credentials.")
          .Example("${DROP_SESSION_TOKEN}"),
      Option(OptionKind::kText, "profile", "Section of the shared credentials file.")
          .Example("analytics"),
      Option(OptionKind::kPath, "credentials_file", "The shared credentials file.")
          .DefaultNote("`~/.aws/credentials`"),
      CaFile(),
      Option(OptionKind::kBoolean, "verify_tls",
             "Whether the server's certificate is checked. Turn it off for tests only.")
          .Default("true"),
  };
  type.rules = {
      {Rule::Kind::kAllOrNone, {"access_key_id", "secret_access_key"}},
      {Rule::Kind::kAtMostOne, {"access_key_id", "profile"}},
  };
  return type;
}

ConnectionType IterableConnection() {
  ConnectionType type;
  type.type = "iterable";
  type.description = "A project of Iterable.";
  type.destination = true;
  type.mirrors = true;
  type.objects = {"users",  "list:NAME", "list_id:NUMBER", "catalog:NAME",
                  "events", "purchases", "carts",          "subscriptions",
                  "delete", "forget",    "unforget",       "email_changes"};
  type.options = {
      EnumOption("region", "The data centre that the project lies in.",
                 {{"us", "api.iterable.com"}, {"eu", "api.eu.iterable.com"}})
          .Required()
          .Identity(),
      Option(OptionKind::kText, "endpoint",
             "Address of the API instead of the region's: for a proxy or a test server.")
          .Identity()
          .Example("http://127.0.0.1:8080"),
      EnumOption(
          "project_type", "What identifies a person in the project.",
          {{"email", "the e-mail address"}, {"userid", "the userId"}, {"hybrid", "either of them"}})
          .Required(),
      Option(OptionKind::kSecret, "api_key", "A server-side API key of the project.")
          .Required()
          .Identity()
          .Example("${ITERABLE_API_KEY}"),
      Option(OptionKind::kInteger, "lookups_per_second",
             "How many single people or items may be asked for in a second: modes `update` and "
             "`insert`, and `sluice sync audit`. All users of the project share Iterable's 100.")
          .Default("100")
          .Range(1, 1000),
      Option(
          OptionKind::kBoolean, "create_users",
          "Whether people that the project does not know may be made by putting them on a list. In "
          "an e-mail project Iterable makes them in any case, so that lists need `true` there.")
          .Default("false"),
      Option(OptionKind::kInteger, "requests_per_second",
             "Requests a second for bulk updates. Iterable allows 5 for a project.")
          .Default("5")
          .Range(1, 10'000),
      Option(OptionKind::kInteger, "forgets_per_day",
             "How many people may be forgotten in any 24 hours, and as many unforgotten. Iterable "
             "allows 1000 for a project.")
          .Default("1000")
          .Range(1, 1'000'000),
      Option(OptionKind::kDuration, "settle",
             "How long after a change of an e-mail address nothing else is sent about this person. "
             "Iterable asks for a minute.")
          .Default("60s")
          .Range(0, 3'600'000),
      Option(OptionKind::kInteger, "max_users_per_request", "Users in one request.")
          .Default("1000")
          .Range(1, 10'000),
      Option(OptionKind::kBytes, "max_body_bytes", "Size of one request's body.")
          .Default("4 MB")
          .Range(1'000, 100'000'000),
      Option(OptionKind::kDuration, "timeout", "How long an answer may take.")
          .Default("60s")
          .Range(1'000, 3'600'000),
      EnumOption("on_forget", "What `sluice forget` asks of the project about the person.",
                 {{"leave", "nothing: the person stays there"},
                  {"delete", "to delete them; they are made anew when somebody writes about them"},
                  {"forget", "to delete them, and to take nothing about them any more"}})
          .Default("leave"),
      CaFile(),
  };
  return type;
}

std::vector<ConnectionType> AllConnectionTypes() {
  return {FileConnection(), S3Connection(), IterableConnection()};
}

}  // namespace sluice::config
