#include "api/native/suite_review.h"

#include "api/native/request_reader.h"
#include "base/error.h"
#include "quality/attachments.h"
#include "quality/report_words.h"
#include "quality/suite_review.h"

namespace millwright::api::native {
namespace {

using quality::Attachment;
using quality::SuiteComment;
using quality::SuiteProposal;
using quality::TargetKind;

constexpr size_t kNameBytesMax = 100;

// Who speaks: the principal. Where the server asks nobody who they are, people may say their name.
std::string SpeakerOf(const http::Request& request, const Json& body) {
  const std::string name = body.GetString("name");
  if (request.principal_verified || name.empty()) return request.principal;
  if (name.size() > kNameBytesMax)
    throw InvalidArgument("A name has at most {} bytes", kNameBytesMax).WithField("name");
  return name;
}

Json CommentJson(const SuiteComment& comment) {
  return Json::Of({{"id", comment.id},
                   {"suite", comment.suite},
                   {"expectation", comment.expectation},
                   {"validation_id", comment.validation_id},
                   {"text", comment.text},
                   {"created_ms", comment.created_ms},
                   {"who", comment.who}});
}

Json ProposalJson(const SuiteProposal& proposal) {
  Json json = Json::Of({{"id", proposal.id},
                        {"suite", proposal.suite},
                        {"expectation", proposal.expectation},
                        {"base_version", proposal.base_version},
                        {"base", proposal.base.ToJson()},
                        {"says", quality::DescribeExpectation(proposal.base, {}).Text()},
                        {"change", proposal.change.ToJson()},
                        {"words", proposal.change.Words(proposal.base)},
                        {"reason", proposal.reason},
                        {"validation_id", proposal.validation_id},
                        {"state", quality::ProposalStateName(proposal.state)},
                        {"created_ms", proposal.created_ms},
                        {"who", proposal.who}});
  if (proposal.state == SuiteProposal::State::kOpen) return json;
  json.Set("decided_ms", proposal.decided_ms);
  json.Set("decided_by", proposal.decided_by);
  json.Set("decision", proposal.decision);
  if (proposal.result_version > 0) json.Set("result_version", proposal.result_version);
  return json;
}

Json AttachmentJson(const Attachment& attachment) {
  return Json::Of({{"suite", attachment.suite},
                   {std::string(quality::TargetKindName(attachment.kind)), attachment.target},
                   {"on_failure", quality::OnFailureName(attachment.on_failure)},
                   {"created_ms", attachment.created_ms},
                   {"who", attachment.who}});
}

std::pair<TargetKind, std::string> TargetOf(const std::string& dataset, const std::string& source) {
  if (dataset.empty() == source.empty())
    throw InvalidArgument("Say either dataset or source").WithField("dataset");
  return dataset.empty() ? std::pair(TargetKind::kSource, source)
                         : std::pair(TargetKind::kDataset, dataset);
}

int ReviewLimit(const http::Request& request) {
  return static_cast<int>(QueryInt(request, "limit", 100, 1, quality::kReviewPageMax));
}

}  // namespace

http::Response ListSuiteComments(Context& context, const http::Request& request) {
  Json comments = Json::MakeArray();
  for (const auto& comment : context.review.Comments(
           request.PathValue("name"), QueryText(request, "expectation"), ReviewLimit(request)))
    comments.Append(CommentJson(comment));
  return Answer(Json::Of({{"comments", comments}}));
}

http::Response CommentOnSuite(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  SuiteComment comment;
  comment.suite = request.PathValue("name");
  comment.expectation = body.At("expectation").AsString("expectation");
  comment.validation_id = body.GetString("validation_id");
  comment.text = body.At("text").AsString("text");
  comment.who = SpeakerOf(request, body);
  return Answer(CommentJson(context.review.Comment(comment)));
}

http::Response ProposeSuiteChange(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  SuiteProposal proposal;
  proposal.suite = request.PathValue("name");
  proposal.expectation = body.At("expectation").AsString("expectation");
  proposal.change = quality::ExpectationChange::FromJson(body.At("change"));
  proposal.reason = body.GetString("reason");
  proposal.validation_id = body.GetString("validation_id");
  proposal.who = SpeakerOf(request, body);
  return Answer(ProposalJson(context.review.Propose(std::move(proposal))));
}

http::Response ListSuiteProposals(Context& context, const http::Request& request) {
  Json proposals = Json::MakeArray();
  for (const auto& proposal : context.review.Proposals(
           QueryText(request, "suite"), QueryText(request, "state"), ReviewLimit(request)))
    proposals.Append(ProposalJson(proposal));
  return Answer(Json::Of({{"proposals", proposals}}));
}

http::Response GetSuiteProposal(Context& context, const http::Request& request) {
  return Answer(ProposalJson(context.review.GetProposal(request.PathValue("id"))));
}

http::Response AcceptSuiteProposal(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  return Answer(ProposalJson(context.review.Accept(
      request.PathValue("id"), body.GetString("reason"), SpeakerOf(request, body))));
}

http::Response RejectSuiteProposal(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  return Answer(ProposalJson(context.review.Reject(
      request.PathValue("id"), body.GetString("reason"), SpeakerOf(request, body))));
}

http::Response ListSuiteAttachments(Context& context, const http::Request& request) {
  const std::string dataset = QueryText(request, "dataset"), source = QueryText(request, "source");
  Json attachments = Json::MakeArray();
  for (const auto& attachment : context.attachments.List(QueryText(request, "suite"))) {
    const bool is_dataset = attachment.kind == TargetKind::kDataset;
    if (!dataset.empty() && (!is_dataset || attachment.target != dataset)) continue;
    if (!source.empty() && (is_dataset || attachment.target != source)) continue;
    attachments.Append(AttachmentJson(attachment));
  }
  return Answer(Json::Of({{"attachments", attachments}}));
}

http::Response AttachSuite(Context& context, const http::Request& request) {
  const Json body = BodyObject(request);
  const auto [kind, target] = TargetOf(body.GetString("dataset"), body.GetString("source"));
  return Answer(AttachmentJson(context.attachments.Attach(
      {.suite = request.PathValue("name"),
       .kind = kind,
       .target = target,
       .on_failure = quality::ParseOnFailure(body.GetString("on_failure", "quarantine")),
       .who = request.principal})));
}

http::Response DetachSuite(Context& context, const http::Request& request) {
  const auto [kind, target] = TargetOf(QueryText(request, "dataset"), QueryText(request, "source"));
  context.attachments.Detach(request.PathValue("name"), kind, target, request.principal);
  return Answer(Json::MakeObject());
}

}  // namespace millwright::api::native
