-- Monitors by name with how many alerts are open, of one endpoint or of all when it is ''.
SELECT m.name, m.endpoint, m.model, m.state, m.created_ms,
  (SELECT count(*) FROM alerts a WHERE a.monitor = m.name AND a.state = 'open')
FROM monitors m WHERE ($1 = '' OR m.endpoint = $1) ORDER BY m.name
