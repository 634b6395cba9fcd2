-- How many experiments and runs are there that are not deleted?
SELECT (SELECT count(*) FROM experiments WHERE lifecycle = 'active'),
       (SELECT count(*) FROM runs WHERE lifecycle = 'active')
