-- How many deliveries of a webhook wait, counted no further than $2?
SELECT COUNT(*) FROM (SELECT 1 FROM webhook_deliveries
  WHERE webhook_seq = $1 AND state = 'pending' LIMIT $2) AS waiting
