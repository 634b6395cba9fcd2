-- Goes on counting leases after the last number that was drawn.
UPDATE lease_generation SET last = $1
