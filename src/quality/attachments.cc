#include "quality/attachments.h"

#include "base/error.h"
#include "quality/expectation_type.h"
#include "quality/sql.h"
#include "quality/suite.h"

namespace millwright::quality {

using storage::Connection;
using storage::Row;

namespace {

struct ActionRow {
  OnFailure action;
  std::string_view name;
};
constexpr ActionRow kActions[] = {{OnFailure::kQuarantine, "quarantine"},
                                  {OnFailure::kSetAside, "set-aside"},
                                  {OnFailure::kWarn, "warn"}};

Json EventOf(const Attachment& attachment) {
  return Json::Of({{"suite", attachment.suite},
                   {std::string(TargetKindName(attachment.kind)), attachment.target},
                   {"on_failure", OnFailureName(attachment.on_failure)}});
}

// A gate that cannot judge would hold every version.
void RequireJudgeable(const Suite& suite) {
  for (const Expectation& expectation : suite.expectations) {
    try {
      RequireKnown(expectation);
    } catch (const Error& error) {
      throw FailedPrecondition("The suite {} cannot judge: {}", suite.name, error.message());
    }
  }
}

}  // namespace

std::string_view OnFailureName(OnFailure action) {
  for (const auto& row : kActions)
    if (row.action == action) return row.name;
  return "";
}

OnFailure ParseOnFailure(std::string_view name) {
  for (const auto& row : kActions)
    if (row.name == name) return row.action;
  throw InvalidArgument("on_failure is quarantine, set-aside or warn, not {}", name)
      .WithField("on_failure");
}

std::string_view TargetKindName(TargetKind kind) {
  return kind == TargetKind::kDataset ? "dataset" : "source";
}

Attachment ReadAttachment(const Row& row) {
  return {.suite = row.Text(2),
          .kind = row.Text(0) == "dataset" ? TargetKind::kDataset : TargetKind::kSource,
          .target = row.Text(1),
          .on_failure = ParseOnFailure(row.Text(3))};
}

Attachment Attachments::Attach(const Attachment& attachment) {
  if (attachment.target.empty())
    throw InvalidArgument("Say which dataset or which source").WithField("dataset");
  Attachment kept = attachment;
  kept.created_ms = clock_.NowMs();
  database_.Write([&](Connection& connection) {
    const auto suite = connection.SelectOne(sql::kGetSuite, {kept.suite});
    if (!suite) throw NotFound("Suite", kept.suite);
    RequireJudgeable(ParseSuite(ParseJson(suite->Text(0))));
    connection.Execute(sql::kPutAttachment,
                       {std::string(TargetKindName(kept.kind)), kept.target, kept.suite,
                        std::string(OnFailureName(kept.on_failure)), kept.created_ms, kept.who});
    events_.Append(connection, "suite.attached", "suite:" + kept.suite, kept.who, EventOf(kept));
  });
  return kept;
}

void Attachments::Detach(const std::string& suite, TargetKind kind, const std::string& target,
                         const std::string& who) {
  const std::string kind_name(TargetKindName(kind));
  database_.Write([&](Connection& connection) {
    if (connection.Execute(sql::kDeleteAttachment, {kind_name, target, suite}) == 0)
      throw NotFound("Attachment", fmt::format("{} to the {} {}", suite, kind_name, target));
    events_.Append(connection, "suite.detached", "suite:" + suite, who,
                   Json::Of({{"suite", suite}, {kind_name, target}}));
  });
}

std::vector<Attachment> Attachments::List(const std::string& suite) const {
  std::vector<Attachment> attachments;
  database_.Read([&](Connection& connection) {
    for (const Row& row : connection.Select(sql::kListAttachments, {suite})) {
      attachments.push_back(ReadAttachment(row));
      attachments.back().created_ms = row.Int(4);
      attachments.back().who = row.Text(5);
    }
  });
  return attachments;
}

}  // namespace millwright::quality
