-- How far have the webhooks followed the event log?
SELECT seq FROM webhook_cursor
