-- Records a decision.
INSERT INTO loop_decisions (model, number, time_ms, phase_from, phase_to, action, rule, reason, who,
                            seen, undo)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
