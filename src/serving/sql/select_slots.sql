-- Which slots of the traffic are stored for an endpoint's revisions?
SELECT id, slots FROM revisions WHERE endpoint = $1 AND (role <> 'retired' OR slots <> '')
