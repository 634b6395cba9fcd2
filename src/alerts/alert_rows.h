#pragma once

#include "alerts/alert.h"
#include "storage/database.h"

namespace millwright::alerts {

// A row of rule_alerts, in the order of the columns that all its queries select.
Alert ReadAlert(const storage::Row& row);
Silence ReadSilence(const storage::Row& row);

// Write an alert as it is, and what happened to it.
void InsertAlert(storage::Connection& connection, const Alert& alert);
void ChangeAlert(storage::Connection& connection, const Alert& alert);
void AppendTimeline(storage::Connection& connection, const AlertId& alert,
                    const TimelineEntry& entry);

}  // namespace millwright::alerts
