-- Lets new experiments be numbered on from the greatest one.
SELECT setval(pg_get_serial_sequence('experiments', 'experiment_id'),
              (SELECT GREATEST(MAX(experiment_id), 1) FROM experiments))
