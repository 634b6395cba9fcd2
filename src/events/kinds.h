#pragma once

#include <span>
#include <string_view>

namespace millwright::events {

// What can happen: the names that webhooks, triggers and the UI subscribe to. One table for all
// rooms; EventLog::Append refuses a kind that is not in it. `noun.past_participle`.
struct EventKind {
  std::string_view kind;
  std::string_view help;
};

inline constexpr EventKind kEventKinds[] = {
    {"experiment.created", "An experiment was created"},
    {"experiment.updated", "An experiment was renamed or tagged"},
    {"experiment.deleted", "An experiment was marked deleted"},
    {"experiment.restored", "A deleted experiment was restored"},
    {"experiment.removed", "A deleted experiment was removed for good"},
    {"experiment.imported", "An experiment was taken over from another store"},
    {"experiment.mounted", "An experiment of a mounted folder is shown"},
    {"experiment.unmounted", "An experiment of a folder is no longer shown"},
    {"run.created", "A run began"},
    {"run.updated", "A run was renamed or tagged"},
    {"run.finished",
     "A run ended; the payload has its status, and the reason if it was marked dead"},
    {"run.revived", "A run that was marked dead was heard of again and runs on"},
    {"run.deleted", "A run was marked deleted"},
    {"run.restored", "A deleted run was restored"},
    {"run.removed", "A deleted run was removed for good, with its files"},
    {"run.imported", "A run was taken over from another store"},
    {"run.mounted", "A run of a mounted folder is shown"},
    {"logged_model.created", "A run logged a model"},
    {"logged_model.finished", "A logged model is ready or has failed"},
    {"logged_model.removed", "A deleted logged model was removed for good, with its files"},
    {"logged_model.imported", "A logged model was taken over from another store"},
    {"logged_model.mounted", "A logged model of a mounted folder is shown"},
    {"artifact.uploaded", "A file was stored as an artifact"},
    {"artifact.damaged", "A file was found to hold other bytes than were stored"},
    {"artifact.deleted", "An artifact was marked deleted"},
    {"artifact.restored", "A deleted artifact was brought back"},
    {"artifact.removed", "A deleted artifact was removed for good"},

    {"model.created", "A registered model was created"},
    {"model.updated", "A registered model was described or tagged"},
    {"model.renamed", "A registered model has another name"},
    {"model.deleted", "A registered model was deleted"},
    {"model.imported", "A registered model was taken over from another store"},
    {"model.mounted", "A registered model of a mounted folder is shown"},
    {"model.unmounted", "A registered model of a folder is no longer shown"},
    {"model_version.created", "A model version was registered"},
    {"model_version.updated", "A model version was described, tagged or checked"},
    {"model_version.deleted", "A model version was deleted"},
    {"model_version.checked", "A check of a model version has a result"},
    {"stage.moved", "A model version changed its stage"},
    {"alias.moved", "An alias points to another version; the payload has both"},
    {"alias.deleted", "An alias was removed"},
    {"model_version.approved", "Somebody approved a model version for a gate"},
    {"model_version.approval_withdrawn", "Somebody took an approval back"},
    {"gate.changed", "A model has other gates; the payload has them"},
    {"gate.refused", "A gate refused to move an alias or a stage; the payload says why"},
    {"gate.overridden",
     "An alias or a stage was moved although a gate refused; the payload has both reasons"},

    {"source.created", "A data source was declared"},
    {"source.updated", "A data source was changed"},
    {"source.failed", "A source could not be collected"},
    {"snapshot.created", "A source's raw bytes were archived"},
    {"dataset.created", "A dataset was declared"},
    {"dataset.updated", "A dataset was described or tagged"},
    {"dataset.version_created", "A dataset has a new version that can be taken"},
    {"dataset.version_quarantined",
     "A new version failed an attached suite and is held; the payload says why"},
    {"dataset.version_warned",
     "A new version failed a suite that only warns; the payload says on what"},
    {"dataset.rows_set_aside",
     "Rows of a new version that failed a suite were set aside; the payload says where"},
    {"dataset.version_released",
     "A quarantined version may be taken; the payload has both reasons"},
    {"split.created", "A dataset version was split"},
    {"suite.created", "A suite of expectations was stored"},
    {"suite.updated", "A suite of expectations has another version; the payload says why"},
    {"suite.deleted", "A suite of expectations was removed; its versions stay"},
    {"suite.attached", "A suite judges every new version of a dataset or of a source"},
    {"suite.detached", "A suite judges the versions of a dataset or a source no longer"},
    {"suite.commented", "Somebody said something of an expectation"},
    {"suite.change_proposed", "Somebody holds an expectation to be wrong and proposes a change"},
    {"suite.change_accepted", "A proposed change became a version of its suite"},
    {"suite.change_rejected", "A proposed change was turned down; the payload says why"},
    {"validation.finished", "A suite was run; the payload has the outcome"},
    {"profile.created", "A dataset version was profiled"},

    {"endpoint.created", "An endpoint was created"},
    {"endpoint.updated", "An endpoint was changed"},
    {"endpoint.scaled", "The number of a revision's replicas followed the requests"},
    {"endpoint.deleted", "An endpoint was deleted"},
    {"revision.created", "An endpoint has a new revision"},
    {"rollout.started", "A rollout to another revision began"},
    {"rollout.stepped", "A rollout moved to its next share of traffic"},
    {"rollout.finished", "A rollout ended with the new revision serving"},
    {"rollout.held", "A rollout was held by a gate"},
    {"rollout.rolled_back", "A rollout was undone; the old revision serves"},
    {"replica.started", "A replica is ready"},
    {"replica.died", "A replica ended without being asked to"},
    {"replica.ejected", "A replica gets no requests for a while: it fails or is slow"},
    {"replica.stopped", "A replica was stopped on purpose"},

    {"monitor.created", "A monitor was created"},
    {"monitor.updated", "A monitor was changed"},
    {"monitor.deleted", "A monitor was deleted"},
    {"report.created", "A monitor computed a report"},
    {"alert.opened", "A monitored value crossed its threshold"},
    {"alert.closed", "A monitored value is back within its threshold"},
    {"alert.pending", "A rule holds; it becomes an alert if it goes on to"},
    {"alert.flapping", "An alert opens and closes again and again; it stays open until it is calm"},
    {"alert.acknowledged", "Somebody takes care of an alert"},
    {"alert.notified", "Messages about alerts were queued; the payload says for whom"},
    {"alert_rule.updated", "A rule of alerts was made or changed"},
    {"alert_rule.deleted", "A rule of alerts was deleted"},
    {"alert_routes.updated", "It was changed who is told of which alerts"},
    {"alert_receiver.updated", "A receiver of alerts was made or changed"},
    {"alert_receiver.deleted", "A receiver of alerts was deleted"},
    {"silence.created", "Alerts are silenced for a while"},
    {"silence.expired", "Somebody ended a silence"},

    {"pipeline.registered", "A pipeline has a new version"},
    {"pipeline_run.created", "A pipeline run was queued"},
    {"pipeline_run.started", "A pipeline run left the queue"},
    {"pipeline_run.finished", "A pipeline run ended; the payload has its state"},
    {"pipeline_run.cancel_requested", "Somebody asked a running pipeline run to stop"},
    {"pipeline_run.skipped", "A trigger was not followed; the payload says why"},
    {"task.started", "An attempt of a task began"},
    {"task.retried", "An attempt of a task failed or was lost and another follows"},
    {"task.finished", "A task ended; the payload has its state"},

    {"loop.created", "A model has a policy for its loop"},
    {"loop.updated", "A loop's policy was changed"},
    {"loop.deleted", "A loop was deleted; its decisions stay"},
    {"loop.decided",
     "A loop or a person decided something; the payload has the rule and what was done"},

    {"webhook.created", "A webhook was created"},
    {"webhook.updated", "A webhook was changed"},
    {"webhook.deleted", "A webhook was deleted"},
    {"webhook.replayed", "Deliveries of a webhook were queued again; the payload says how many"},
    {"webhook.delivery_died",
     "A webhook could not be told of an event; no webhook is told of this"},

    {"user.created", "A user was created"},
    {"user.updated", "A user's name, password or roles changed"},
    {"user.deleted", "A user was deleted"},
    {"token.created", "A token was issued"},
    {"token.revoked", "A token was revoked"},
    {"role.granted", "A principal was given a role"},
    {"role.revoked", "A principal lost a role"},
    {"login.failed", "A principal could not be authenticated"},
};

// Returns the row of a kind, or nullptr.
constexpr const EventKind* FindKind(std::string_view kind) {
  for (const EventKind& row : kEventKinds) {
    if (row.kind == kind) return &row;
  }
  return nullptr;
}

static_assert(
    [] {
      for (const EventKind& row : kEventKinds) {
        if (FindKind(row.kind) != &row) return false;
      }
      return true;
    }(),
    "each kind is listed once");

}  // namespace millwright::events
