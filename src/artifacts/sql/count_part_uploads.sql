-- How many uploads in parts are under way.
SELECT count(*) FROM part_uploads
