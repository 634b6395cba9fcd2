-- What is to be remembered of the label sets of all rules?
SELECT rule, labels, alert, state FROM alert_machines ORDER BY rule, labels
