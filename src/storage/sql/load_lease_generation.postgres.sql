-- Goes on counting leases after the last number that was drawn.
SELECT setval('lease_generation', greatest($1, 1), $1 > 0)
