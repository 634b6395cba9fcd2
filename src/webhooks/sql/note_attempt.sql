-- Notes what an attempt made of a waiting delivery; changes nothing when it is another attempt's turn by now.
UPDATE webhook_deliveries SET state = $3, tries = tries + 1, attempts = attempts + 1, due_ms = $4,
  error = $5, finished_ms = $6
WHERE seq = $1 AND state = 'pending' AND attempts = $2
