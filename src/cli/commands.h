#pragma once

#include "cli/command.h"

namespace millwright::cli {

// Every command of the program. Each file under cli/ adds the commands of one noun.
Commands AllCommands();

void AddServerCommands(Commands& commands);
void AddServeCommands(Commands& commands);
void AddScoreCommands(Commands& commands);
void AddEvaluateCommands(Commands& commands);
void AddStreamCommands(Commands& commands);
void AddOutcomeStreamCommands(Commands& commands);
void AddDataCommands(Commands& commands);
void AddQualityCommands(Commands& commands);
void AddSuiteCommands(Commands& commands);
void AddSuiteReviewCommands(Commands& commands);
void AddSuiteGateCommands(Commands& commands);
void AddCheckpointCommands(Commands& commands);
void AddQualityProfileCommands(Commands& commands);
void AddDriftCommands(Commands& commands);
void AddExperimentCommands(Commands& commands);
void AddExperimentViewCommands(Commands& commands);
void AddRunCommands(Commands& commands);
void AddRunTailCommand(Commands& commands);  // added by AddRunCommands
void AddTensorboardCommands(Commands& commands);
void AddTrainCommands(Commands& commands);
void AddModelCommands(Commands& commands);
void AddModelHistoryCommands(Commands& commands);
void AddModelGateCommands(Commands& commands);
void AddModelFileCommands(Commands& commands);  // added by AddModelCommands
void AddModelScanCommand(Commands& commands);   // added by AddModelCommands
void AddScanCommands(Commands& commands);
void AddEndpointCommands(Commands& commands);
void AddPredictCommands(Commands& commands);
void AddPredictionCommands(Commands& commands);
void AddMonitorCommands(Commands& commands);
void AddModelHealthCommands(Commands& commands);
void AddPipelineCommands(Commands& commands);
void AddLoopCommands(Commands& commands);
void AddLogPerformanceCommands(Commands& commands);
void AddSecurityCommands(Commands& commands);
void AddArtifactCommands(Commands& commands);
void AddCollectingCommands(Commands& commands);
void AddAlertCommands(Commands& commands);
void AddAlertRuleCommands(Commands& commands);
void AddWebhookCommands(Commands& commands);
void AddDemoCommands(Commands& commands);
void AddReferenceCommands(Commands& commands);

}  // namespace millwright::cli
