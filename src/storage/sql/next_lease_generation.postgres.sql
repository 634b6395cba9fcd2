-- Draws a fencing token that was never drawn before.
SELECT nextval('lease_generation')
