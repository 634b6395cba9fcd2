-- Draws a fencing token that was never drawn before.
UPDATE lease_generation SET last = last + 1 RETURNING last
