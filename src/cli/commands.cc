#include "cli/commands.h"

#include "cli/backup.h"
#include "cli/move.h"

namespace millwright::cli {

Commands AllCommands() {
  Commands commands;
  AddServerCommands(commands);
  AddServeCommands(commands);
  AddScoreCommands(commands);
  AddEvaluateCommands(commands);
  AddStreamCommands(commands);
  AddOutcomeStreamCommands(commands);
  AddDataCommands(commands);
  AddQualityCommands(commands);
  AddSuiteCommands(commands);
  AddSuiteReviewCommands(commands);
  AddSuiteGateCommands(commands);
  AddCheckpointCommands(commands);
  AddQualityProfileCommands(commands);
  AddDriftCommands(commands);
  AddExperimentCommands(commands);
  AddExperimentViewCommands(commands);
  AddRunCommands(commands);
  AddTensorboardCommands(commands);
  AddTrainCommands(commands);
  AddModelCommands(commands);
  AddModelHistoryCommands(commands);
  AddModelGateCommands(commands);
  AddScanCommands(commands);
  AddEndpointCommands(commands);
  AddPredictCommands(commands);
  AddPredictionCommands(commands);
  AddLogPerformanceCommands(commands);
  AddMonitorCommands(commands);
  AddModelHealthCommands(commands);
  AddPipelineCommands(commands);
  AddLoopCommands(commands);
  AddSecurityCommands(commands);
  AddMoveCommands(commands);
  AddBackupCommands(commands);
  AddAlertCommands(commands);
  AddAlertRuleCommands(commands);
  AddWebhookCommands(commands);
  AddArtifactCommands(commands);
  AddCollectingCommands(commands);
  AddDemoCommands(commands);
  AddReferenceCommands(commands);
  return commands;
}

}  // namespace millwright::cli
